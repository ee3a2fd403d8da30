use repass_core::{AuthenticationError, Caller, CallerAuthenticator, Realm};
use repass_spec::{Credential, RequiredCredential};

/// The caller was not authenticated.
#[derive(Debug)]
pub(crate) enum AuthenticateError {
    /// This credential is missing or not valid.
    Rejected(RequiredCredential),
    /// The store or an issuer of tokens failed.
    Failed(AuthenticationError),
}

impl From<AuthenticationError> for AuthenticateError {
    fn from(error: AuthenticationError) -> Self {
        Self::Failed(error)
    }
}

/// Checks the credentials of a request in the given order and returns the first failure.
pub(crate) async fn authenticate(
    authenticator: &dyn CallerAuthenticator,
    realm: &Realm,
    credentials: &[Credential],
) -> Result<Caller, AuthenticateError> {
    if let [Credential::Key(kind, Some(key)), Credential::AccessToken(Some(token))] = credentials {
        let (key, token) = authenticator.key_and_access_token(realm, *kind, key, token).await?;
        for (credential, is_valid) in credentials.iter().zip([key.is_some(), token.is_some()]) {
            require(credential, is_valid)?;
        }
        return Ok(Caller { key, token });
    }
    let mut caller = Caller::anonymous();
    for credential in credentials {
        let is_valid = match credential {
            Credential::Key(kind, Some(secret)) => {
                let key = authenticator.key(realm, *kind, secret).await?;
                let is_valid = key.is_some();
                caller.key = key.or(caller.key);
                is_valid
            }
            Credential::AccessToken(Some(secret)) => {
                caller.token = authenticator.access_token(realm, secret).await?;
                caller.token.is_some()
            }
            Credential::Key(_, None) | Credential::AccessToken(None) => false,
        };
        require(credential, is_valid)?;
    }
    Ok(caller)
}

fn require(credential: &Credential, is_valid: bool) -> Result<(), AuthenticateError> {
    if is_valid { Ok(()) } else { Err(AuthenticateError::Rejected(credential.required())) }
}
