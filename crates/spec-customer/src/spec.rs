use http::StatusCode;
use repass_core::KeyKind;
use repass_spec::{Credential, Head, Reply, RouteMatch, Spec, header, reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::CustomerCall;
use crate::http_error::HttpError;
use crate::media_type::MediaType;
use crate::negotiation::Format;
use crate::request::{API_KEY, UnsupportedMediaType};
use crate::{METHOD, PATH};

/// The credential that a request must present besides the old password. The vendor's page names
/// none, so its clients send none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "kebab-case")]
pub enum Authentication {
    /// Nothing: the old password alone is the proof.
    #[default]
    None,
    /// A key of the mount's realm ([`KeyKind::Api`]) in the header `x-api-key`.
    ApiKey,
    /// An access token in `Authorization: Bearer`. Its holder may change their own password, an
    /// administrator that of others as well.
    Bearer,
}

impl TryFrom<String> for Authentication {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.as_str() {
            "none" => Ok(Self::None),
            "api-key" => Ok(Self::ApiKey),
            "bearer" => Ok(Self::Bearer),
            _ => Err("must be one of none, api-key, bearer"),
        }
    }
}

/// The customer API.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerSpec {
    authentication: Authentication,
}

impl CustomerSpec {
    /// Creates the API with this authentication of callers.
    pub const fn new(authentication: Authentication) -> Self {
        Self { authentication }
    }
}

impl Spec for CustomerSpec {
    fn name(&self) -> &'static str {
        "customer"
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        if !is_route(head.path) {
            return RouteMatch::NoMatch;
        }
        let headers = &head.parts.headers;
        let content_type = MediaType::from_headers(headers);
        RouteMatch::by_method(head, METHOD, || CustomerCall {
            realm: head.realm.clone(),
            authentication: self.authentication,
            credential: match self.authentication {
                Authentication::None => None,
                Authentication::ApiKey => {
                    Some(Credential::Key(KeyKind::Api, header::secret(headers, API_KEY)))
                }
                Authentication::Bearer => Some(Credential::AccessToken(header::bearer(headers))),
            },
            answer: Format::negotiate(headers, content_type.as_ref()),
            content: UnsupportedMediaType::check(content_type),
        })
    }

    fn openapi(&self) -> Option<Value> {
        let mut document: Value = serde_json::from_str(include_str!("../openapi.json")).ok()?;
        document["paths"][PATH]["post"]["security"] = match self.authentication {
            Authentication::None => json!([]),
            Authentication::ApiKey => json!([{ "CustomerApiKey": [] }]),
            Authentication::Bearer => json!([{ "CustomerAccessToken": [] }]),
        };
        Some(document)
    }

    fn takes_access_tokens(&self) -> bool {
        matches!(self.authentication, Authentication::Bearer)
    }

    fn not_found(&self, head: &Head<'_>) -> Reply {
        let uri = header::absolute_uri(head);
        let message = format!("No HTTP resource was found that matches the request URI '{uri}'.");
        answer(head, StatusCode::NOT_FOUND, message)
    }

    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply {
        let method = reply::quoted(head.parts.method.as_str());
        let message = format!("The requested resource does not support http method '{method}'.");
        reply::with_allow(answer(head, StatusCode::METHOD_NOT_ALLOWED, message), allow)
    }
}

/// Whether `path` is the action's, in any case, followed by at most an id and a slash, as in the
/// framework's default route (`api/{controller}/{action}/{id}`).
fn is_route(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_at_checked(PATH.len()) {
        Some((own, rest)) if own.eq_ignore_ascii_case(PATH) => {
            rest.is_empty()
                || rest.strip_prefix('/').is_some_and(|id| !id.is_empty() && !id.contains('/'))
        }
        _ => false,
    }
}

/// Answers a request that is not for this API.
fn answer(head: &Head<'_>, status: StatusCode, message: String) -> Reply {
    let headers = &head.parts.headers;
    let format = Format::negotiate(headers, MediaType::from_headers(headers).as_ref());
    format.reply(status, &HttpError::new(message))
}

#[cfg(test)]
mod tests;
