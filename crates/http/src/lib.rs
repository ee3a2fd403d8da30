//! A [`tower_service::Service`] that serves any number of mounted password-change APIs.
//!
//! The service routes each request to its API. For all APIs alike, it authenticates the caller
//! before it reads the body, reads the body within limits, completes the change even if the client
//! disconnects, answers panics with an error, adds the common headers, and logs one line per
//! request.
//!
//! The service opens no socket: listening, TLS and connection limits belong to the server. Each
//! vendor API is a [`Spec`](repass_spec::Spec). The service needs a tokio runtime with time
//! enabled.
//!
//! The service works with axum (`Router::fallback_service`, `Router::nest_service`), and with hyper
//! through hyper-util's `TowerToHyperService`. An embedder
//!
//! - adds a [`Peer`] to the extensions of each request; without it, log and audit records have no
//!   peer address. Behind a trusted proxy it is the client's address, with a [`Proxy`] beside it;
//! - enables the feature `axum` if an axum router strips a prefix, so that responses echo the URI
//!   that the client sent;
//! - calls [`chain_redacting_panic_hook`] at start, because Rust's default panic hook prints
//!   messages, which can quote a secret;
//! - awaits [`PasswordService::drain`] before it closes the store;
//! - reads the [`Outcome`] in the extensions of each response for its own metrics;
//! - adds no `TimeoutLayer`: a change continues after a 504, as it does after a disconnect.
//!
//! ```
//! use std::sync::Arc;
//!
//! use repass_core::{Engine, Realm};
//! use repass_http::{Limits, Mount, PasswordService, Prefix};
//! use repass_spec::Spec;
//!
//! /// Serves one vendor's API below `/shop`.
//! fn serve(
//!     spec: Arc<dyn Spec>,
//!     realm: Realm,
//!     engine: Engine,
//! ) -> Result<PasswordService, Box<dyn std::error::Error>> {
//!     let prefix: Prefix = "/shop".parse()?;
//!     let limits = Limits { body_bytes: 16 * 1024, ..Limits::default() };
//!     let mount = Mount::new(spec, realm, &engine).with_prefix(prefix);
//!     let service = PasswordService::builder(Arc::new(engine)).mount(mount).limits(limits).build()?;
//!     Ok(service)
//! }
//!
//! assert!("/shop/".parse::<Prefix>().is_err());
//! assert_eq!(Limits::default().body_bytes, 65_536);
//! # let _ = serve;
//! ```
//!
//! # Log
//!
//! Each request logs one event with target `repass::request`, level info, and the fields `api` (the
//! mount's name), `vendor`, `realm`, `route` (the template of the path, [`Call::route`]), `method`,
//! `status`, `outcome`, `account` (its id, if the request named an account), `duration_ms`,
//! `request_id`, `trace_id` (of a valid `traceparent`), `peer` and, if there is one, `proxy`. An
//! outcome is `ok`, a [`ChangeError::code`](repass_core::ChangeError::code), or one of
//! `unauthenticated`, `invalid-request`, `not-found`, `method-not-allowed`, `unsupported-encoding`,
//! `too-large`, `incomplete`, `unavailable` and `fault`. If the client disconnects before its
//! change begins, the outcome is `incomplete` and there is no status.
//!
//! [`Call::route`]: repass_spec::Call::route
//!
//! A failure also logs an event with target `repass::fault`, level error: the error and its causes.
//! The line of a request whose path no mount has names that path, up to 1,024 bytes, and no mount.
//! Otherwise paths are not logged. Queries, headers, bodies and user ids are never logged.

mod admission;
mod authenticate;
mod body;
mod exchange;
mod fair_queue;
mod log;
mod mount;
mod original_uri;
mod outcome;
mod panics;
mod peer;
mod reading;
mod request_id;
mod response;
mod route;
mod run_to_completion;
mod service;
mod trace_parent;

pub use body::{BodyError, Limits, SecretBytes, read_body};
pub use mount::{InvalidPrefix, Mount, MountError, Prefix};
pub use outcome::Outcome;
pub use panics::{chain_redacting_panic_hook, install_redacting_panic_hook};
pub use peer::{Peer, Proxy, client_network};
pub use request_id::{RequestId, X_REQUEST_ID};
pub use service::{
    BoxError, ChangePermit, PasswordService, PasswordServiceBuilder, ResponseFuture,
};
pub use trace_parent::TraceParent;
