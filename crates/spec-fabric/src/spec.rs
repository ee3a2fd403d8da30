use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::{Method, StatusCode};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Realm,
    Sessions, SignedTokenVerifier, Subject, Violation,
};
use repass_spec::{Credential, Head, Refusal, Reply, Route, Spec, header, reply};

use crate::{ChangePassword, FabricError, FabricUser, Moment, SiteContext, SiteContextError};

const NAME: &str = "fabric";
const PATH: &str = "/api-commerceIdentity/auth/change-password";
const METHOD: &str = "PATCH";
const CONTENT_TYPE: &str = "application/json";

/// The longest reset token that anybody can know, in bytes.
const MAX_RESET_TOKEN_BYTES: usize = 4096;

/// fabric's password change as a server speaks it.
///
/// A site account is a realm of its own. Without [accounts](Self::with_accounts) and
/// [default](Self::with_default_realm) there is one realm, that of the mount.
#[derive(Debug, Clone, Default)]
pub struct FabricSpec {
    accounts: BTreeMap<String, Realm>,
    default_realm: Option<Realm>,
    signed_tokens: BTreeMap<Realm, Arc<dyn SignedTokenVerifier>>,
}

impl FabricSpec {
    /// The spec with one realm, that of the mount, and without signed tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps site accounts ([24 letters and digits](crate::is_site_account)) to their realms. Others
    /// are unknown, unless there is a [default](Self::with_default_realm).
    #[must_use]
    pub fn with_accounts(mut self, accounts: BTreeMap<String, Realm>) -> Self {
        self.accounts = accounts;
        self
    }

    /// The realm of all site accounts that are not mapped.
    #[must_use]
    pub fn with_default_realm(mut self, realm: Realm) -> Self {
        self.default_realm = Some(realm);
        self
    }

    /// Accepts signed reset tokens for accounts of `realm`.
    ///
    /// A signed token names a user and no realm. Give each realm a verifier of its own issuer or
    /// audience, unless one and the same user id is one and the same person in all of them.
    #[must_use]
    pub fn with_signed_tokens(
        mut self,
        realm: Realm,
        verifier: Arc<dyn SignedTokenVerifier>,
    ) -> Self {
        self.signed_tokens.insert(realm, verifier);
        self
    }

    /// Every realm that a request to a mount of the realm `mount` can reach.
    pub fn realms(&self, mount: &Realm) -> BTreeSet<Realm> {
        let named: BTreeSet<Realm> =
            self.accounts.values().chain(&self.default_realm).cloned().collect();
        if named.is_empty() { BTreeSet::from([mount.clone()]) } else { named }
    }

    fn realm_of(&self, site_account: &str, mount: &Realm) -> Option<Realm> {
        match self.accounts.get(site_account).or(self.default_realm.as_ref()) {
            Some(realm) => Some(realm.clone()),
            None if self.accounts.is_empty() => Some(mount.clone()),
            None => None,
        }
    }

    fn proof(&self, realm: &Realm, token: Plaintext) -> Proof {
        match self.signed_tokens.get(realm) {
            Some(verifier) if is_compact_jws(token.expose()) => {
                Proof::SignedToken { token, verifier: Arc::clone(verifier) }
            }
            _ => Proof::ResetToken(token),
        }
    }
}

impl Spec for FabricSpec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn route(&self, path: &str, method: &Method) -> Route {
        let is_own = path.strip_suffix('/').unwrap_or(path) == PATH;
        Route::of_resource(is_own, path, PATH, method, METHOD)
    }

    fn credentials(&self, head: &Head<'_>) -> Vec<Credential> {
        let key = header::secret(&head.parts.headers, "x-api-key");
        vec![Credential::Key(KeyKind::Api, key)]
    }

    fn admit(&self, head: &Head<'_>, _caller: &Caller) -> Result<(), Reply> {
        site_context(head).map(drop)
    }

    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply> {
        let site = site_context(head)?;
        if header::media_type(&head.parts.headers).as_deref() != Some(CONTENT_TYPE) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let message = "Content-Type must be application/json.";
            return Err(failure(status, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        let request =
            ChangePassword::read(body).map_err(|error| bad_request(format!("{error}.")))?;
        let realm = self.realm_of(&site.account, head.realm).ok_or_else(user_not_found)?;
        if request.reset_token.byte_len() > MAX_RESET_TOKEN_BYTES {
            return Err(user_not_found());
        }
        Ok(Change {
            proof: self.proof(&realm, request.reset_token),
            subject: Subject::new(realm, request.user_id),
            caller: caller.clone(),
            authority: Authority::AnyoneWithProof,
            otp: None,
            new_password: request.new_password,
            sessions: Sessions::EndAll,
            context: Context { channel: site.channel, ..Context::new(NAME) },
        })
    }

    fn write(
        &self,
        head: &Head<'_>,
        _context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply {
        let changed = match result {
            Ok(changed) => changed,
            Err(error) => return refused(error),
        };
        // The change is made, so whatever is wrong now must not make the answer a refusal.
        let site = SiteContext::read(&head.parts.headers).ok().map(|site| site.account);
        let user = FabricUser::of(&changed.account, Moment(changed.at), site);
        reply::json(StatusCode::OK, CONTENT_TYPE, &user)
    }

    fn refuse(&self, _head: &Head<'_>, refusal: Refusal<'_>) -> Reply {
        match refusal {
            Refusal::NotFound => failure(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found."),
            Refusal::MethodNotAllowed { allow } => {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                let reply = failure(status, "METHOD_NOT_ALLOWED", "Method not allowed.");
                reply::with_allow(reply, allow)
            }
            Refusal::Unauthenticated(_) => forbidden(),
            Refusal::UnsupportedEncoding => {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                let message = "Content-Encoding is not supported.";
                failure(status, "UNSUPPORTED_MEDIA_TYPE", message)
            }
            Refusal::BodyTooLarge => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                failure(status, "PAYLOAD_TOO_LARGE", "The body is too large.")
            }
            Refusal::BodyIncomplete => {
                let status = StatusCode::REQUEST_TIMEOUT;
                failure(status, "REQUEST_TIMEOUT", "The body did not arrive in time.")
            }
            Refusal::Unavailable { retry_after } => {
                reply::with_retry_after(unavailable(), retry_after)
            }
            _ => fault(),
        }
    }
}

fn site_context(head: &Head<'_>) -> Result<SiteContext, Reply> {
    SiteContext::read(&head.parts.headers)
        .map_err(|error: SiteContextError| bad_request(format!("{error}.")))
}

/// Whether a token looks like a JSON Web Token (RFC 7515, 7.1). None of repass's own has a dot.
fn is_compact_jws(token: &str) -> bool {
    token.split('.').count() == 3
}

fn refused(error: &ChangeError) -> Reply {
    if let Some(retry_after) = error.unavailable() {
        return reply::with_retry_after(unavailable(), retry_after);
    }
    match error {
        ChangeError::UnknownToken | ChangeError::WrongPassword => user_not_found(),
        ChangeError::TokenExpired => {
            failure(StatusCode::UNAUTHORIZED, "VERIFY_TOKEN_FAILED", "Token expired.")
        }
        ChangeError::Inactive => {
            failure(StatusCode::UNAUTHORIZED, "USER_INACTIVE", "User is inactive.")
        }
        ChangeError::Rejected(violations) => {
            failure(StatusCode::BAD_REQUEST, "INVALID_PASSWORD", sentences(violations))
        }
        ChangeError::Forbidden => forbidden(),
        ChangeError::TooManyAttempts { retry_after } => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let message = "Too many failed attempts. Please try again later.";
            reply::with_retry_after(failure(status, "TOO_MANY_REQUESTS", message), *retry_after)
        }
        // What is left are faults of the server, and one-time passwords, which fabric has none of.
        _ => fault(),
    }
}

fn sentences(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Unknown site account, unknown user, unknown token, another user's token: one answer, so that no
/// account can be found out (ASVS 6.3.8).
fn user_not_found() -> Reply {
    failure(StatusCode::NOT_FOUND, "USER_NOT_FOUND", "User not found.")
}

fn bad_request(message: String) -> Reply {
    failure(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

fn forbidden() -> Reply {
    let error = FabricError::of_gateway("Forbidden");
    reply::json(StatusCode::FORBIDDEN, CONTENT_TYPE, &error)
}

fn unavailable() -> Reply {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    failure(status, "SERVICE_UNAVAILABLE", "Service unavailable. Please try again later.")
}

fn fault() -> Reply {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    failure(status, "INTERNAL_SERVER_ERROR", "Internal server error.")
}

fn failure(status: StatusCode, code: &str, message: impl Into<String>) -> Reply {
    let error = status.canonical_reason().unwrap_or_default();
    reply::json(status, CONTENT_TYPE, &FabricError::new(error, code, message))
}

#[cfg(test)]
mod tests;
