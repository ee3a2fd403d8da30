//! What a vendor's password-change API is, seen from the server: the [`Spec`] trait.
//!
//! A spec is pure: HTTP values in, a [`Change`] for the engine out, and an HTTP answer for its result. It
//! opens no socket and asks no database. What vendors share in reading and writing is here as well:
//! [`json`], [`field`], [`header`], [`reply`], and for clients [`client`].
//!
//! A request takes this way, and each part of it is parsed once:
//!
//! ```text
//! Spec::begin(head) → RouteMatch::Match(Call)     path, method and headers
//! Call::credentials() → authenticated by the server → Caller
//! Call::authorize(caller)                         by the head alone, before the body is read
//! Call::read(body, caller) → Change → the engine
//! Call::respond(result) → the answer              or Call::reject(rejection)
//! ```
//!
//! # A vendor of one's own
//!
//! ```
//! use http::{Request, StatusCode};
//! use repass_core::{
//!     Authority, Caller, Change, ChangeError, Changed, KeyKind, Plaintext, Proof, Realm, Subject,
//! };
//! use repass_spec::{Call, Credential, Head, Rejection, Reply, RouteMatch, Spec, header, reply};
//!
//! /// `POST /password` with a key, and user id, old and new password on a line each.
//! struct Acme;
//!
//! impl Spec for Acme {
//!     fn name(&self) -> &'static str {
//!         "acme"
//!     }
//!
//!     fn begin(&self, head: &Head<'_>) -> RouteMatch {
//!         match (head.path, head.parts.method.as_str()) {
//!             ("/password", "POST") => RouteMatch::to(AcmeCall {
//!                 realm: head.realm.clone(),
//!                 key: header::secret(&head.parts.headers, "x-key"),
//!             }),
//!             ("/password", _) => RouteMatch::MethodNotAllowed { allow: "POST" },
//!             _ => RouteMatch::NoMatch,
//!         }
//!     }
//!
//!     fn not_found(&self, _: &Head<'_>) -> Reply {
//!         reply::empty(StatusCode::NOT_FOUND)
//!     }
//!
//!     fn method_not_allowed(&self, _: &Head<'_>, allow: &str) -> Reply {
//!         reply::with_allow(reply::empty(StatusCode::METHOD_NOT_ALLOWED), allow)
//!     }
//! }
//!
//! struct AcmeCall {
//!     realm: Realm,
//!     key: Option<Plaintext>,
//! }
//!
//! impl Call for AcmeCall {
//!     fn credentials(&mut self) -> Vec<Credential> {
//!         vec![Credential::Key(KeyKind::Api, self.key.take())]
//!     }
//!
//!     fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
//!         let lines: Vec<&str> = std::str::from_utf8(body).unwrap_or_default().lines().collect();
//!         let [user_id, old, new] = lines[..] else {
//!             return Err(reply::new(StatusCode::BAD_REQUEST, "text/plain", "three lines"));
//!         };
//!         let subject = Subject::new(self.realm.clone(), user_id);
//!         let authorization = Authority::AnyoneWithProof.decide(caller, subject);
//!         Ok(Change::new(authorization, Proof::OldPassword(old.into()), new.into()))
//!     }
//!
//!     fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
//!         match result {
//!             Ok(_) => reply::new(StatusCode::OK, "text/plain", "changed"),
//!             Err(error) => reply::new(StatusCode::CONFLICT, "text/plain", error.code()),
//!         }
//!     }
//!
//!     fn reject(&self, rejection: Rejection) -> Reply {
//!         reply::new(StatusCode::FORBIDDEN, "text/plain", rejection.code())
//!     }
//! }
//!
//! let (parts, ()) = Request::post("/password").header("x-key", "k").body(()).unwrap().into_parts();
//! let realm = "shop".parse().unwrap();
//! let RouteMatch::Match(mut call) = Acme.begin(&Head::new(&parts, &realm)) else { panic!() };
//! let change = call.read(b"pat\nold\nnew", Caller::anonymous()).unwrap();
//! assert_eq!(change.authorization.subject().user_id, "pat");
//! assert!(call.read(b"pat", Caller::anonymous()).is_err());
//! ```

pub mod client;
pub mod demo;
pub mod field;
pub mod header;
pub mod json;
mod rejection;
pub mod reply;
mod vendor;

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::request::Parts;
use repass_core::{Caller, Change, ChangeError, Changed, KeyKind, Plaintext, Realm};

pub use rejection::{Rejection, RequiredCredential};
pub use reply::Reply;
pub use vendor::{ConfiguredSpec, InvalidOption, MountContext, Vendor};

/// The head of a request, as a spec sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Head<'a> {
    /// Method, URI and headers as received.
    pub parts: &'a Parts,
    /// The path below the mount's prefix, with its leading slash, as received (percent-encoded).
    pub path: &'a str,
    /// The URI as the client sent it, before a router in front took a part of it away.
    pub original_uri: &'a Uri,
    /// The realm that the mount serves.
    pub realm: &'a Realm,
    /// The id that stands in the log and in the answer; empty where none was given.
    pub request_id: &'a str,
    /// Address of the peer of the connection, when known.
    pub peer: Option<IpAddr>,
}

impl<'a> Head<'a> {
    /// The head of a request to an API that is mounted without a prefix.
    pub fn new(parts: &'a Parts, realm: &'a Realm) -> Self {
        Self {
            parts,
            path: parts.uri.path(),
            original_uri: &parts.uri,
            realm,
            request_id: "",
            peer: None,
        }
    }

    /// The same with this path below the mount's prefix.
    #[must_use]
    pub fn with_path(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    /// The same of a mount that serves this realm.
    #[must_use]
    pub fn with_realm(self, realm: &'a Realm) -> Self {
        Self { realm, ..self }
    }

    /// The same with the URI that the client sent.
    #[must_use]
    pub fn with_original_uri(self, original_uri: &'a Uri) -> Self {
        Self { original_uri, ..self }
    }

    /// The same with what the server knows of the request.
    #[must_use]
    pub fn with_origin(self, request_id: &'a str, peer: Option<IpAddr>) -> Self {
        Self { request_id, peer, ..self }
    }
}

/// One vendor's password-change API.
pub trait Spec: Send + Sync + 'static {
    /// The API's name in logs and in the audit trail.
    fn name(&self) -> &'static str;

    /// Begins a request, if it is this API's: reads from its head all that is needed of it later.
    fn begin(&self, head: &Head<'_>) -> RouteMatch;

    /// Answers a request for a path that no API has.
    fn not_found(&self, head: &Head<'_>) -> Reply;

    /// Answers a request for a path of this API by a method that it does not take. `allow` is for the
    /// `Allow` header.
    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply;
}

/// Whether a request is an API's.
pub enum RouteMatch {
    /// Path and method are.
    Match(Box<dyn Call>),
    /// The path is, the method is not.
    MethodNotAllowed {
        /// The methods that the path takes, for the `Allow` header.
        allow: &'static str,
    },
    /// The path is not.
    NoMatch,
}

impl RouteMatch {
    /// The request of `call`.
    pub fn to(call: impl Call + 'static) -> Self {
        Self::Match(Box::new(call))
    }
}

impl fmt::Debug for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match(_) => "Match",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::NoMatch => "NoMatch",
        })
    }
}

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
