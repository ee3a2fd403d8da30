//! A [`tower_service::Service`] over any list of mounted password-change APIs.
//!
//! It routes each request to its API and does what all of them share: authenticating the caller before a
//! byte of the body is read, reading the body within bounds, running the change to completion even if
//! the client hangs up, turning panics into answers, adding the common headers, and one log line a
//! request.
//!
//! It opens no socket: listening, TLS and limits on connections are the server's. It knows no vendor
//! either; that is what a [`Spec`](repass_spec::Spec) is for. It needs a tokio runtime with time enabled.
//!
//! The service fits axum (`Router::fallback_service`, `Router::nest_service`), and hyper through
//! hyper-util's `TowerToHyperService`. An embedder
//!
//! - puts a [`Peer`] among the extensions of each request, or log and audit trail know no peer;
//! - turns on the feature `axum` where a router of axum takes a prefix away, so that answers echo the
//!   URI that the client sent;
//! - calls [`chain_redacting_panic_hook`] at the start, since Rust's own panic hook prints messages,
//!   which can quote a secret;
//! - awaits [`PasswordService::drain`] before it closes the store;
//! - reads the [`Outcome`] among the extensions of each response for its own metrics;
//! - needs no `TimeoutLayer`: a change that was begun goes on after a 504, as it does after a hang-up.
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
//! Target `repass::request`, level info, exactly one event a request: `api` (the mount's name), `vendor`, `realm`,
//! `method`, `status`, `outcome`, `duration_ms`, `request_id`, `peer`. An outcome is `ok`, a
//! [`ChangeError::code`](repass_core::ChangeError::code), or one of `unauthenticated`,
//! `invalid-request`, `not-found`, `method-not-allowed`, `unsupported-encoding`, `too-large`,
//! `incomplete`, `unavailable` and `fault`. A client that hangs up before its change has begun leaves `incomplete` without a
//! status. Target `repass::fault`, level error: what failed, with its causes, beside that line.
//! Paths, queries, headers, bodies and user ids are never logged.

mod answer;
mod authenticate;
mod body;
mod exchange;
mod log;
mod mount;
mod original_uri;
mod outcome;
mod panics;
mod peer;
mod request_id;
mod route;
mod run_to_completion;
mod service;

pub use body::Limits;
pub use mount::{InvalidPrefix, Mount, MountError, Prefix};
pub use outcome::Outcome;
pub use panics::{chain_redacting_panic_hook, install_redacting_panic_hook};
pub use peer::Peer;
pub use service::{Answering, BoxError, PasswordService, PasswordServiceBuilder};
