//! The caller of a request and the realm that it is for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use repass_core::jiff::Timestamp;
use repass_core::{
    Administration, Context, Engine, InvalidRealm, Key, KeyId, Plaintext, Policy, Realm, Scope,
};
use repass_http::{Peer, RequestId, TraceParent};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::state::State;

/// An authenticated caller with a realm.
pub(crate) struct Access {
    pub(crate) state: State,
    pub(crate) realm: Realm,
    pub(crate) key: Key,
    request_id: String,
    trace_parent: Option<TraceParent>,
    peer: Option<IpAddr>,
}

/// The caller of a request, for the log.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) key: KeyId,
    pub(crate) realm: Realm,
}

/// What the caller says about the end user it acts for, for the audit record.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// The end user's address.
    ip: Option<String>,
    /// The end user's browser or app.
    user_agent: Option<String>,
    /// The person that the caller acts for, such as an employee.
    on_behalf_of: Option<String>,
    /// The end user's language (BCP 47), for mails.
    language: Option<String>,
}

impl Access {
    /// Requires that the key allows `scope`.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::new("scope-missing", format!("the key has no scope {}", scope.as_str())))
    }

    /// Returns the administration of the realm, which names the caller in audit records.
    pub(crate) fn administration(&self, client: Option<Client>) -> Administration {
        let administration = self.state.engine.administration().clone();
        administration
            .acting_for(&self.caller(), self.context(client))
            .with_policy(self.policy().clone())
    }

    /// Returns the caller for audit records: the key's id and name.
    pub(crate) fn caller(&self) -> String {
        format!("key:{}:{}", self.key.id.0, self.key.name)
    }

    pub(crate) fn context(&self, client: Option<Client>) -> Context {
        let Client { ip, user_agent, on_behalf_of, language } = client.unwrap_or_default();
        Context {
            request_id: Some(self.request_id.clone()),
            traceparent: self.trace_parent.as_ref().map(|own| own.as_str().to_owned()),
            peer: self.peer.map(|address| address.to_string()),
            ip_address: ip,
            user_agent,
            display_name: on_behalf_of,
            language,
            ..Context::new("admin-api")
        }
    }

    /// Returns the time of the engine's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.engine.administration().now()
    }

    /// Returns the engine with the policy of the realm.
    pub(crate) fn engine(&self) -> Engine {
        match self.state.options.policies.get(&self.realm) {
            Some(policy) => self.state.engine.with_policy(policy.clone()),
            None => self.state.engine.clone(),
        }
    }

    pub(crate) fn policy(&self) -> &Policy {
        self.state.options.policies.get(&self.realm).unwrap_or(self.state.engine.policy())
    }
}

impl FromRequestParts<State> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let unauthenticated = |detail: &str| Problem::new("unauthenticated", detail);
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let secret = match (values.next().map(|value| value.to_str()), values.next()) {
            (Some(Ok(value)), None) => bearer(value),
            _ => None,
        };
        let secret = secret.ok_or_else(|| {
            unauthenticated("send the header `Authorization: Bearer` with an admin key")
        })?;
        let key = state.engine.admin_key(&secret).await?;
        let key = key.ok_or_else(|| unauthenticated("the key is unknown or revoked"))?;
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let realm = path.ok().and_then(|Path(mut path)| path.remove("realm")).unwrap_or_default();
        let realm: Realm = realm
            .parse()
            .map_err(|error: InvalidRealm| Problem::new("invalid-realm", error.to_string()))?;
        if key.realm != realm && !key.all_realms {
            return Err(Problem::new("realm-not-allowed", "use a key of this realm"));
        }
        if let Some(caller) = parts.extensions.get::<Arc<OnceLock<Caller>>>() {
            let _ = caller.set(Caller { key: key.id, realm: realm.clone() });
        }
        let request_id = parts.extensions.get::<RequestId>();
        Ok(Self {
            state: state.clone(),
            realm,
            key,
            request_id: request_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            trace_parent: TraceParent::from_headers(&parts.headers),
            peer: Peer::address(&parts.extensions),
        })
    }
}

/// Returns the token of a header; the scheme is compared without case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<Plaintext> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Plaintext::from(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_compared_without_case() {
        for header in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert_eq!(bearer(header).unwrap().expose(), "abc", "{header}");
        }
        for header in ["abc", "Basic abc", "Bearer", "Bearer ", "Bearerabc"] {
            assert!(bearer(header).is_none(), "{header}");
        }
    }
}
