//! Who may do what without a signature.

use async_trait::async_trait;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

/// Reading single objects needs no signature where the store is public; everything else does.
pub(super) struct Access {
    pub(super) public: bool,
}

#[async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        match cx.credentials() {
            Some(_) => Ok(()),
            None if self.public && matches!(cx.s3_op().name(), "GetObject" | "HeadObject") => Ok(()),
            None => Err(s3_error!(AccessDenied, "Signature is required")),
        }
    }
}
