//! A vendor of our own. Its body is the old password, a line feed, and the new one.

use http::{Method, StatusCode};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Sessions,
    Subject,
};
use repass_spec::{Credential, Demand, Head, Refusal, Reply, Route, Spec, affinity, header, reply};

/// Where a vendor panics, quoting what it has at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Route,
    Credentials,
    Admit,
    Read,
    Write,
    Refuse,
}

#[derive(Debug, Clone)]
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) method: Method,
    pub(crate) panics: Vec<Step>,
    /// What the head must have to be admitted.
    pub(crate) admits: Option<&'static str>,
}

impl Vendor {
    pub(crate) fn new(name: &'static str, path: &'static str) -> Self {
        Self { name, path, method: Method::POST, panics: Vec::new(), admits: None }
    }

    pub(crate) fn panicking(mut self, steps: &[Step]) -> Self {
        self.panics = steps.to_vec();
        self
    }

    fn reach(&self, step: Step, at_hand: &str) {
        assert!(!self.panics.contains(&step), "panicked in {step:?} over {at_hand}");
    }
}

impl Spec for Vendor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn route(&self, path: &str, method: &Method) -> Route {
        self.reach(Step::Route, path);
        if path != self.path {
            Route::Elsewhere { affinity: affinity(path, self.path) }
        } else if *method == self.method {
            Route::Here
        } else if self.method == Method::PUT {
            Route::OtherMethod { allow: "PUT" }
        } else {
            Route::OtherMethod { allow: "POST" }
        }
    }

    fn credentials(&self, head: &Head<'_>) -> Vec<Credential> {
        let key = header::secret(&head.parts.headers, "x-key");
        let at_hand = key.as_ref().map_or("nothing", Plaintext::expose);
        self.reach(Step::Credentials, at_hand);
        let token = header::bearer(&head.parts.headers);
        vec![Credential::Key(KeyKind::Api, key), Credential::AccessToken(token)]
    }

    fn admit(&self, head: &Head<'_>, caller: &Caller) -> Result<(), Reply> {
        self.reach(Step::Admit, &format!("{:?}", head.parts.headers));
        assert!(caller.key.is_some() && caller.token.is_some());
        match self.admits {
            Some(name) if !head.parts.headers.contains_key(name) => {
                Err(reply::new(StatusCode::BAD_REQUEST, "text/plain", "not admitted"))
            }
            _ => Ok(()),
        }
    }

    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply> {
        let text = String::from_utf8_lossy(body);
        self.reach(Step::Read, &text);
        let Some((old, new)) = text.split_once('\n') else {
            return Err(reply::new(StatusCode::BAD_REQUEST, "text/plain", "unreadable"));
        };
        let user_id = caller.token.as_ref().unwrap().user_id.as_str();
        let mut context = Context::new("");
        context.user_agent = Some(new.to_owned());
        Ok(Change {
            subject: Subject::new(head.realm.clone(), user_id),
            caller: caller.clone(),
            authority: Authority::SelfOnly,
            proof: Proof::OldPassword(Plaintext::from(old)),
            otp: None,
            new_password: Plaintext::from(new),
            sessions: Sessions::KeepPresenting,
            context,
        })
    }

    fn write(
        &self,
        _: &Head<'_>,
        context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply {
        self.reach(Step::Write, &format!("{context:?}"));
        let status = match result {
            Ok(_) => StatusCode::OK,
            Err(error) if error.unavailable().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            Err(ChangeError::Store(_) | ChangeError::Hash(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Err(_) => StatusCode::BAD_REQUEST,
        };
        let text = result.err().map_or("changed", ChangeError::code);
        reply::new(status, "text/plain", format!("{} {text}", self.name))
    }

    fn refuse(&self, head: &Head<'_>, refusal: Refusal<'_>) -> Reply {
        self.reach(Step::Refuse, &format!("{:?}", head.parts.headers));
        let (status, text) = match refusal {
            Refusal::NotFound => (StatusCode::NOT_FOUND, format!("not found {}", head.path)),
            Refusal::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "other method".to_owned())
            }
            Refusal::Unauthenticated(Demand::Key(_)) => {
                (StatusCode::FORBIDDEN, "no key".to_owned())
            }
            Refusal::Unauthenticated(Demand::AccessToken) => {
                (StatusCode::UNAUTHORIZED, "no token".to_owned())
            }
            Refusal::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large".to_owned()),
            Refusal::BodyIncomplete => (StatusCode::REQUEST_TIMEOUT, "incomplete".to_owned()),
            Refusal::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable".to_owned())
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "fault".to_owned()),
        };
        let reply = reply::new(status, "text/plain", format!("{} {text}", self.name));
        match refusal {
            Refusal::MethodNotAllowed { allow } => reply::with_allow(reply, allow),
            _ => reply,
        }
    }
}
