use repass_core::{Caller, Change, ChangeError, Changed, KeyKind, Plaintext};

use crate::{Rejection, Reply, RequiredCredential};

/// One request of one vendor's API, from its head to its answer. It keeps the values that it
/// parsed.
pub trait Call: Send {
    /// Returns the template of the path below the mount's prefix, such as `/users/{user}/password`,
    /// for the log. It contains nothing of the request. The default is empty.
    fn route(&self) -> &'static str {
        ""
    }

    /// Returns the credentials that the request must present, in the order in which they are
    /// checked, with the values that it presents. Empty if the API has no authentication of its
    /// own. Called once.
    fn credentials(&mut self) -> Vec<Credential>;

    /// Checks the head alone, after the caller is authenticated and before the body is read.
    ///
    /// # Errors
    /// The answer to a request that is refused because of its head.
    fn authorize(&mut self, caller: &Caller) -> Result<(), Reply> {
        let _ = caller;
        Ok(())
    }

    /// Reads the body. Sets those fields of the change's [`Context`](repass_core::Context) that the
    /// request names; the server sets source, request id and peer.
    ///
    /// # Errors
    /// The answer to a request that cannot be read.
    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply>;

    /// Writes the answer to a change that was attempted.
    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply;

    /// Writes the answer to a request that never became a change.
    fn reject(&self, rejection: Rejection) -> Reply;
}

/// A credential that a request must present. `None` if it is missing or malformed.
#[derive(Debug)]
pub enum Credential {
    /// A key of this kind, of the mount's realm.
    Key(KeyKind, Option<Plaintext>),
    /// An access token of an active account of the mount's realm.
    AccessToken(Option<Plaintext>),
}

impl Credential {
    /// Returns the required credential, for [`Rejection::Unauthenticated`].
    pub const fn required(&self) -> RequiredCredential {
        match self {
            Self::Key(kind, _) => RequiredCredential::Key(*kind),
            Self::AccessToken(_) => RequiredCredential::AccessToken,
        }
    }
}
