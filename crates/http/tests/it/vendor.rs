//! A fictitious vendor. Its body is the old password, a line feed, and the new one.

use http::{Method, StatusCode};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Realm,
    Subject,
};
use repass_spec::{
    Call, Credential, Head, Rejection, Reply, RequiredCredential, RouteMatch, Spec, header, reply,
};

/// The step in which a vendor panics with a message that quotes its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    NotFound,
    Credentials,
    Authorize,
    Read,
    Respond,
    Reject,
}

#[derive(Debug, Clone)]
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) method: Method,
    pub(crate) panics: Vec<Step>,
    pub(crate) required_header: Option<&'static str>,
}

impl Vendor {
    pub(crate) fn new(name: &'static str, path: &'static str) -> Self {
        Self { name, path, method: Method::POST, panics: Vec::new(), required_header: None }
    }

    pub(crate) fn panicking(mut self, steps: &[Step]) -> Self {
        self.panics = steps.to_vec();
        self
    }

    fn reach(&self, step: Step, data: &str) {
        assert!(!self.panics.contains(&step), "panicked in {step:?} with {data}");
    }

    fn reply(&self, status: StatusCode, text: &str) -> Reply {
        reply::new(status, "text/plain", format!("{} {text}", self.name))
    }
}

impl Spec for Vendor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        self.reach(Step::Begin, head.path);
        if head.path != self.path {
            RouteMatch::NoMatch
        } else if head.parts.method == self.method {
            let headers = &head.parts.headers;
            RouteMatch::Match(Box::new(VendorCall {
                vendor: self.clone(),
                realm: head.realm.clone(),
                key: header::secret(headers, "x-key"),
                token: header::bearer(headers),
                lacks_header: self.required_header.is_some_and(|name| !headers.contains_key(name)),
                headers: format!("{headers:?}"),
            }))
        } else if self.method == Method::PUT {
            RouteMatch::MethodNotAllowed { allow: "PUT" }
        } else {
            RouteMatch::MethodNotAllowed { allow: "POST" }
        }
    }

    fn not_found(&self, head: &Head<'_>) -> Reply {
        self.reach(Step::NotFound, head.path);
        let mut reply = self.reply(StatusCode::NOT_FOUND, &format!("not found {}", head.path));
        let original = head.original_uri.path().parse().unwrap();
        reply.headers_mut().insert("x-original-path", original);
        reply
    }

    fn method_not_allowed(&self, _: &Head<'_>, allow: &str) -> Reply {
        reply::with_allow(self.reply(StatusCode::METHOD_NOT_ALLOWED, "other method"), allow)
    }
}

struct VendorCall {
    vendor: Vendor,
    realm: Realm,
    key: Option<Plaintext>,
    token: Option<Plaintext>,
    lacks_header: bool,
    headers: String,
}

impl Call for VendorCall {
    fn route(&self) -> &'static str {
        self.vendor.path
    }

    fn credentials(&mut self) -> Vec<Credential> {
        let key = self.key.as_ref().map_or("no key", Plaintext::expose);
        self.vendor.reach(Step::Credentials, key);
        vec![
            Credential::Key(KeyKind::Api, self.key.take()),
            Credential::AccessToken(self.token.take()),
        ]
    }

    fn authorize(&mut self, caller: &Caller) -> Result<(), Reply> {
        self.vendor.reach(Step::Authorize, &self.headers);
        assert!(caller.key.is_some() && caller.token.is_some());
        if self.lacks_header {
            return Err(reply::new(StatusCode::BAD_REQUEST, "text/plain", "not authorized"));
        }
        Ok(())
    }

    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
        let text = String::from_utf8_lossy(body);
        self.vendor.reach(Step::Read, &text);
        let Some((old, new)) = text.split_once('\n') else {
            return Err(reply::new(StatusCode::BAD_REQUEST, "text/plain", "unreadable"));
        };
        let user_id = caller.token.as_ref().unwrap().user_id.as_str();
        let subject = Subject::new(self.realm.clone(), user_id);
        let mut context = Context::new("");
        context.user_agent = Some(new.to_owned());
        let authorization = Authority::SelfOnly.decide(caller, subject);
        let proof = Proof::OldPassword(Plaintext::from(old));
        Ok(Change::new(authorization, proof, Plaintext::from(new)).with_context(context))
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        self.vendor.reach(Step::Respond, &self.headers);
        let status = match result {
            Ok(_) => StatusCode::OK,
            Err(error) if error.unavailable().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            Err(ChangeError::Store(_) | ChangeError::Hash(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Err(_) => StatusCode::BAD_REQUEST,
        };
        self.vendor.reply(status, result.err().map_or("changed", ChangeError::code))
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        self.vendor.reach(Step::Reject, &self.headers);
        let (status, text) = match rejection {
            Rejection::Unauthenticated(RequiredCredential::Key(_)) => {
                (StatusCode::FORBIDDEN, "no key")
            }
            Rejection::Unauthenticated(RequiredCredential::AccessToken) => {
                (StatusCode::UNAUTHORIZED, "no token")
            }
            Rejection::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large"),
            Rejection::BodyIncomplete => (StatusCode::REQUEST_TIMEOUT, "incomplete"),
            Rejection::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        };
        self.vendor.reply(status, text)
    }
}
