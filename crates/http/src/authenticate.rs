use repass_core::{Authenticator, Caller, Realm, StoreError};
use repass_spec::{Credential, Demand};

/// Why nobody knows who the caller is.
#[derive(Debug)]
pub(crate) enum AuthenticateError {
    /// This demand was not met.
    Unmet(Demand),
    /// The store could not tell.
    Store(StoreError),
}

/// Checks what the request presents in the order given; the first failure ends it.
pub(crate) async fn authenticate(
    authenticator: &Authenticator,
    realm: &Realm,
    credentials: &[Credential],
) -> Result<Caller, AuthenticateError> {
    // The usual pair needs the store only once.
    if let [Credential::Key(kind, Some(key)), Credential::AccessToken(Some(token))] = credentials {
        let found = authenticator.key_and_access_token(realm, *kind, key, token).await;
        let (key, token) = found.map_err(AuthenticateError::Store)?;
        for (credential, is_met) in credentials.iter().zip([key.is_some(), token.is_some()]) {
            met(credential, is_met)?;
        }
        return Ok(Caller { key, token });
    }
    let mut caller = Caller::anonymous();
    for credential in credentials {
        let is_met = match credential {
            Credential::Key(kind, Some(secret)) => {
                let key = authenticator.key(realm, *kind, secret).await;
                let key = key.map_err(AuthenticateError::Store)?;
                let is_met = key.is_some();
                caller.key = key.or(caller.key);
                is_met
            }
            Credential::AccessToken(Some(secret)) => {
                let token = authenticator.access_token(realm, secret).await;
                caller.token = token.map_err(AuthenticateError::Store)?;
                caller.token.is_some()
            }
            Credential::Key(_, None) | Credential::AccessToken(None) => false,
        };
        met(credential, is_met)?;
    }
    Ok(caller)
}

fn met(credential: &Credential, is_met: bool) -> Result<(), AuthenticateError> {
    if is_met { Ok(()) } else { Err(AuthenticateError::Unmet(credential.demand())) }
}
