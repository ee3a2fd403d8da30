use repass_core::{Caller, CallerAuthenticator, Realm, StoreError};
use repass_spec::{Credential, RequiredCredential};

/// Why a caller is not known.
#[derive(Debug)]
pub(crate) enum AuthenticateError {
    /// This is missing, or counts for nothing.
    Missing(RequiredCredential),
    /// The store could not tell.
    Store(StoreError),
}

impl From<StoreError> for AuthenticateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks what the request presents in the order given; the first failure ends it.
pub(crate) async fn authenticate(
    authenticator: &dyn CallerAuthenticator,
    realm: &Realm,
    credentials: &[Credential],
) -> Result<Caller, AuthenticateError> {
    if let [Credential::Key(kind, Some(key)), Credential::AccessToken(Some(token))] = credentials {
        let (key, token) = authenticator.key_and_access_token(realm, *kind, key, token).await?;
        for (credential, is_met) in credentials.iter().zip([key.is_some(), token.is_some()]) {
            met(credential, is_met)?;
        }
        return Ok(Caller { key, token });
    }
    let mut caller = Caller::anonymous();
    for credential in credentials {
        let is_met = match credential {
            Credential::Key(kind, Some(secret)) => {
                let key = authenticator.key(realm, *kind, secret).await?;
                let is_met = key.is_some();
                caller.key = key.or(caller.key);
                is_met
            }
            Credential::AccessToken(Some(secret)) => {
                caller.token = authenticator.access_token(realm, secret).await?;
                caller.token.is_some()
            }
            Credential::Key(_, None) | Credential::AccessToken(None) => false,
        };
        met(credential, is_met)?;
    }
    Ok(caller)
}

fn met(credential: &Credential, is_met: bool) -> Result<(), AuthenticateError> {
    if is_met { Ok(()) } else { Err(AuthenticateError::Missing(credential.required())) }
}
