use repass_core::{Caller, Change, ChangeError, Changed, KeyKind, Plaintext};

use crate::{Rejection, Reply, RequiredCredential};

/// One request of one vendor's API, from its head to its answer. It keeps what it parsed.
pub trait Call: Send {
    /// Returns what the request must be authenticated by, in the order in which it is checked, with
    /// what it presents. Empty where the API has no authentication of its own. Asked for once.
    fn credentials(&mut self) -> Vec<Credential>;

    /// Checks what the head alone decides, once the caller is known and before the body is read.
    ///
    /// # Errors
    /// The answer to a request that is refused by its head.
    fn authorize(&mut self, caller: &Caller) -> Result<(), Reply> {
        let _ = caller;
        Ok(())
    }

    /// Reads the body. Fills in of the change's [`Context`](repass_core::Context) what the request says
    /// of itself; source, request id and peer are filled in by the server.
    ///
    /// # Errors
    /// The answer to a request that cannot be read.
    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply>;

    /// Writes the answer to a change that was tried.
    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply;

    /// Writes the answer to a request that never became a change.
    fn reject(&self, rejection: Rejection) -> Reply;
}

/// Something that a request must present. `None` where it presents nothing readable.
#[derive(Debug)]
pub enum Credential {
    /// A key of this kind, of the mount's realm.
    Key(KeyKind, Option<Plaintext>),
    /// An access token of an active account of the mount's realm.
    AccessToken(Option<Plaintext>),
}

impl Credential {
    /// Which one is required, for [`Rejection::Unauthenticated`].
    pub const fn required(&self) -> RequiredCredential {
        match self {
            Self::Key(kind, _) => RequiredCredential::Key(*kind),
            Self::AccessToken(_) => RequiredCredential::AccessToken,
        }
    }
}
