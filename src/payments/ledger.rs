//! The states of a payment and which may follow which. The database holds the same edges (`payments.may_become`) and refuses
//! the others whoever writes them; the table in `docs/payments.md` is printed from here. Tests compare all three.

use super::provider::IntentStatus;
use std::fmt;

/// State of a payment; the words are those of `payments.transactions.status` (D-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Ordered; the provider knows nothing yet.
    PendingIntent,
    /// The provider waits for the payer, or works on it.
    Pending,
    /// The payer has to confirm with the bank.
    RequiresAction,
    /// The money is reserved and not taken yet.
    Authorized,
    /// The money is taken. Nothing follows; refunds are rows of their own.
    Succeeded,
    /// The last try was declined; the payer may try again with the same intent.
    Failed,
    /// Given up, at the provider too. Nothing follows.
    Canceled,
}

/// Who walks an edge, for the table in the documentation.
const EDGES: [(State, State, &str); 23] = {
    use State::*;
    [
        (PendingIntent, Pending, "the provider made the intent"),
        (PendingIntent, RequiresAction, "an event overtook the job that stores the intent"),
        (PendingIntent, Authorized, "an event overtook the job"),
        (PendingIntent, Succeeded, "an event overtook the job"),
        (PendingIntent, Failed, "the provider refused for good, or an event overtook the job"),
        (PendingIntent, Canceled, "given up before there was an intent"),
        (Pending, RequiresAction, "the bank asks the payer"),
        (Pending, Authorized, "reserved, with deferred capture"),
        (Pending, Succeeded, "paid"),
        (Pending, Failed, "declined"),
        (Pending, Canceled, "given up, or replaced by another attempt"),
        (RequiresAction, Pending, "the payer confirmed, the provider works on it"),
        (RequiresAction, Authorized, "confirmed and reserved"),
        (RequiresAction, Succeeded, "confirmed and paid"),
        (RequiresAction, Failed, "not confirmed"),
        (RequiresAction, Canceled, "given up"),
        (Failed, Pending, "the payer tries again with the same intent"),
        (Failed, RequiresAction, "again, and the bank asks"),
        (Failed, Authorized, "again, reserved"),
        (Failed, Succeeded, "again, paid"),
        (Failed, Canceled, "given up, or replaced by another attempt"),
        (Authorized, Succeeded, "captured"),
        (Authorized, Canceled, "released, or the reservation expired"),
    ]
};

impl State {
    /// All states in the order of a payment's life.
    pub const ALL: [State; 7] = [
        State::PendingIntent,
        State::Pending,
        State::RequiresAction,
        State::Authorized,
        State::Succeeded,
        State::Failed,
        State::Canceled,
    ];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            State::PendingIntent => "pending_intent",
            State::Pending => "pending",
            State::RequiresAction => "requires_action",
            State::Authorized => "authorized",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Canceled => "canceled",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the other state may follow.
    pub fn may_become(self, next: State) -> bool {
        EDGES.iter().any(|(from, to, _)| *from == self && *to == next)
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        !EDGES.iter().any(|(from, ..)| *from == self)
    }

    /// Our word for what the provider says. `declined`: the intent carries the error of its last try.
    pub fn of(status: &IntentStatus, declined: bool) -> Self {
        match status {
            IntentStatus::RequiresPaymentMethod if declined => State::Failed,
            IntentStatus::RequiresAction => State::RequiresAction,
            IntentStatus::RequiresCapture => State::Authorized,
            IntentStatus::Succeeded => State::Succeeded,
            IntentStatus::Canceled => State::Canceled,
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::Processing
            | IntentStatus::Other(_) => State::Pending,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Every edge as words: from, to.
pub fn edges() -> impl Iterator<Item = (&'static str, &'static str)> {
    EDGES.iter().map(|(from, to, _)| (from.word(), to.word()))
}

/// The table of `docs/payments.md`.
pub fn markdown_table() -> String {
    let mut table = String::from("| From | To | When |\n|---|---|---|\n");
    for (from, to, when) in EDGES {
        table.push_str(&format!("| {from} | {to} | {when} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_that_moved_is_never_forgotten() {
        for next in State::ALL {
            assert!(!State::Succeeded.may_become(next), "succeeded → {next}");
            assert!(!State::Canceled.may_become(next), "canceled → {next}");
        }
        assert!(State::Succeeded.is_final() && State::Canceled.is_final() && !State::Failed.is_final());
        assert!(!State::Authorized.may_become(State::Failed), "a late decline does not undo a reservation");
        for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
            assert!(state.may_become(State::Succeeded) && state.may_become(State::Canceled), "{state}");
        }
    }

    #[test]
    fn words_go_both_ways() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(State::from_word("paid"), None);
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../docs/payments.md");
        assert!(page.contains(&markdown_table()), "docs/payments.md has to contain:\n{}", markdown_table());
    }
}
