//! `Preference-Applied`: which preferences had an effect, in PostgREST's order (POSTGREST.md §8).

use crate::api::plan::DbPlan;
use crate::api::request::preferences::{Count, Handling, Missing, Preferences, Resolution, Return, TxEnd};
use crate::api::request::{Action, ApiRequest};

/// Value of the header, if there is anything to say.
pub(super) fn preference_applied(request: &ApiRequest, plan: &DbPlan) -> Option<String> {
    let Preferences { resolution, representation, count, tx, missing, handling, timezone, max_affected, .. } =
        &request.preferences;
    let action = request.action;
    let is_create = action == Action::Create;
    let is_write = matches!(action, Action::Create | Action::Update | Action::SingleUpsert | Action::Delete);
    let mut tokens: Vec<String> = Vec::new();
    let mut add = |applies: bool, token: Option<&str>| {
        if let Some(token) = token.filter(|_| applies) {
            tokens.push(token.to_owned());
        }
    };
    add(
        is_create && plan.can_resolve,
        resolution.map(|resolution| match resolution {
            Resolution::MergeDuplicates => "resolution=merge-duplicates",
            Resolution::IgnoreDuplicates => "resolution=ignore-duplicates",
        }),
    );
    add(
        matches!(action, Action::Create | Action::Update),
        missing.map(|missing| match missing {
            Missing::Default => "missing=default",
            Missing::Null => "missing=null",
        }),
    );
    add(
        is_write,
        representation.map(|representation| match representation {
            Return::Representation => "return=representation",
            Return::Minimal => "return=minimal",
            Return::HeadersOnly => "return=headers-only",
        }),
    );
    add(
        true,
        count.map(|count| match count {
            Count::Exact => "count=exact",
            Count::Planned => "count=planned",
            Count::Estimated => "count=estimated",
        }),
    );
    add(
        true,
        tx.map(|tx| match tx {
            TxEnd::Commit => "tx=commit",
            TxEnd::Rollback => "tx=rollback",
        }),
    );
    add(
        true,
        handling.map(|handling| match handling {
            Handling::Strict => "handling=strict",
            Handling::Lenient => "handling=lenient",
        }),
    );
    if let Some(timezone) = timezone {
        tokens.push(format!("timezone={timezone}"));
    }
    let limits = matches!(action, Action::Update | Action::Delete | Action::Call(_));
    if let Some(max_affected) = max_affected.filter(|_| limits && request.preferences.is_strict()) {
        tokens.push(format!("max-affected={max_affected}"));
    }
    (!tokens.is_empty()).then(|| tokens.join(", "))
}
