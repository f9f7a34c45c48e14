//! What can go wrong between the ledger and the provider.

use super::amount::AmountError;
use super::provider::ProviderError;
use crate::db::DbError;

/// A failure of this module.
#[derive(Debug, thiserror::Error)]
pub enum PaymentsError {
    /// The database refused or is away.
    #[error("the statement \"{statement}\" of the ledger failed")]
    Database {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: DbError,
    },
    /// A row that is not as the schema says.
    #[error("the statement \"{statement}\" answered something unexpected")]
    Row {
        /// Name of the `.sql` file.
        statement: &'static str,
    },
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An amount or a currency that cannot be charged.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The row kept changing while the provider was asked.
    #[error("payment {payment} changes faster than the provider can be asked; tried again later")]
    Raced {
        /// Its id.
        payment: String,
    },
    /// The ledger refuses what the provider says.
    #[error("the provider says that payment {payment} is {status}, which cannot follow from its state")]
    Refused {
        /// Its id.
        payment: String,
        /// Our word for what the provider says.
        status: &'static str,
    },
    /// An HTTP client could not be made.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// There is no such thing.
    #[error("no {what} {id}")]
    Missing {
        /// payment, refund, event.
        what: &'static str,
        /// Its id.
        id: String,
    },
}
