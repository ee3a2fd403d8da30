//! The definition of a vendor's password-change API: the traits [`Spec`], [`Call`] and [`Vendor`],
//! and the code that all vendors share to read requests and write answers.
//!
//! A spec is pure: it turns HTTP values into a [`Change`](repass_core::Change) for the engine, and
//! the engine's result into an HTTP answer. It opens no socket, queries no database, authenticates
//! no caller and changes no password. `repass-http` serves any set of specs.
//!
//! A request goes through these steps. Each part of it is parsed once:
//!
//! ```text
//! Spec::begin(head) → RouteMatch::Match(Call)     path, method and headers
//! Call::credentials() → authenticated by the server → Caller
//! Call::authorize(caller)                         from the head alone, before the body is read
//! Call::read(body, caller) → Change → the engine
//! Call::respond(result) → the answer              or Call::reject(rejection)
//! ```
//!
//! # An API of your own
//!
#![cfg_attr(feature = "server", doc = "```")]
#![cfg_attr(not(feature = "server"), doc = "```ignore")]
//! use http::{Request, StatusCode};
//! use repass_core::{
//!     Authority, Caller, Change, ChangeError, Changed, KeyKind, Plaintext, Proof, Realm, Subject,
//! };
//! use repass_spec::{Call, Credential, Head, Rejection, Reply, RouteMatch, Spec, header, reply};
//!
//! /// `POST /password` with a key. The body is three lines: user id, old password, new password.
//! struct Acme;
//!
//! impl Spec for Acme {
//!     fn name(&self) -> &'static str {
//!         "acme"
//!     }
//!
//!     fn begin(&self, head: &Head<'_>) -> RouteMatch {
//!         RouteMatch::at(head, "POST", "/password", || AcmeCall {
//!             realm: head.realm.clone(),
//!             key: header::secret(&head.parts.headers, "x-key"),
//!         })
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
//! let request = Request::post("/password").header("x-key", "k").body(()).unwrap();
//! let (parts, ()) = request.into_parts();
//! let realm = "shop".parse().unwrap();
//! let RouteMatch::Match(mut call) = Acme.begin(&Head::new(&parts, &realm)) else { panic!() };
//! let change = call.read(b"pat\nold\nnew", Caller::anonymous()).unwrap();
//! assert_eq!(change.authorization.subject().user_id, "pat");
//! assert!(call.read(b"pat", Caller::anonymous()).is_err());
//! ```
//!
//! A [`Vendor`] adds options, a policy preset and a demo, so that `repassd` can serve the API.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | none | the code that clients of the vendors share: [`client`], [`form`], [`json`] |
//! | `server` | `Spec`, `Call`, `Vendor`, and the modules `field`, `header`, `reply`, `demo` |
//!
//! `http`, `serde_json` and `repass_core` are re-exported, with `server` also `async_trait` and `bytes`.

#[cfg(feature = "server")]
mod call;
pub mod client;
#[cfg(feature = "server")]
pub mod demo;
#[cfg(feature = "server")]
pub mod field;
pub mod form;
#[cfg(feature = "server")]
mod head;
#[cfg(feature = "server")]
pub mod header;
pub mod json;
#[cfg(feature = "server")]
mod rejection;
#[cfg(feature = "server")]
pub mod reply;
#[cfg(feature = "server")]
mod route_match;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod vendor;

pub use {http, repass_core, serde_json};

#[cfg(feature = "server")]
pub use self::{
    call::{Call, Credential},
    head::Head,
    rejection::{Rejection, RequiredCredential},
    reply::Reply,
    route_match::RouteMatch,
    spec::Spec,
    vendor::{ConfiguredSpec, InvalidOption, MountContext, Vendor},
};
#[cfg(feature = "server")]
pub use {async_trait, bytes};
