use http::StatusCode;
use repass_core::Sessions;
use repass_spec::{Head, Reply, RouteMatch, Spec, header, reply};
use serde_json::Value;

use crate::call::EtnaCall;
use crate::media_type::MediaType;
use crate::user_password::APP_KEY;
use crate::{Failure, METHOD, user};

/// The etna API. The user ids of its realm must be 32-bit integers.
#[derive(Debug, Clone, Default)]
pub struct EtnaSpec {
    sessions: Sessions,
}

impl EtnaSpec {
    /// Creates the API with its default options.
    pub const fn new() -> Self {
        Self { sessions: Sessions::KeepPresenting }
    }

    /// Sets whether the presented access token stays valid after a change. All others of the
    /// account end in any case. The default is `true`.
    #[must_use]
    pub const fn with_keep_presenting_token(mut self, keep: bool) -> Self {
        self.sessions = if keep { Sessions::KeepPresenting } else { Sessions::EndAll };
        self
    }
}

impl Spec for EtnaSpec {
    fn name(&self) -> &'static str {
        "etna"
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        let Some(user) = user::from_path(head.path) else { return RouteMatch::NoMatch };
        let headers = &head.parts.headers;
        RouteMatch::by_method(head, METHOD, || EtnaCall {
            realm: head.realm.clone(),
            user,
            app_key: header::secret(headers, APP_KEY),
            access_token: header::bearer(headers),
            media_type: MediaType::from_headers(headers),
            sessions: self.sessions,
            authorization: None,
        })
    }

    fn openapi(&self) -> Option<Value> {
        serde_json::from_str(include_str!("../openapi.json")).ok()
    }

    fn not_found(&self, head: &Head<'_>) -> Reply {
        let uri = header::absolute_uri(head);
        let message = format!("No HTTP resource was found that matches the request URI '{uri}'.");
        Failure::http(message).reply(StatusCode::NOT_FOUND)
    }

    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply {
        let method = reply::quoted(head.parts.method.as_str());
        let message = format!("The requested resource does not support http method '{method}'.");
        reply::with_allow(Failure::http(message).reply(StatusCode::METHOD_NOT_ALLOWED), allow)
    }
}
