//! A [`tower_service::Service`] over any list of mounted password-change APIs.
//!
//! It brings a request to the API whose it is and does what all of them share: authenticating the
//! caller before a byte of the body is read, reading the body within bounds, running the change so
//! that nobody can stop it half way, turning panics into answers, adding the common headers, and
//! one log line a request.
//!
//! It opens no socket and bounds no concurrency: listening, TLS, connection limits and shedding are
//! the server's. It knows no vendor either; that is what a [`Spec`](repass_spec::Spec) is for. It
//! needs a tokio runtime with time enabled.
//!
//! The service fits axum (`Router::fallback_service`), and hyper through hyper-util's
//! `TowerToHyperService`. Whoever accepts connections puts a [`Peer`] among the request's extensions;
//! without one, log and audit trail know no peer. Whoever closes the store awaits
//! [`PasswordService::changes_ended`] before. And whoever owns the process calls
//! [`withhold_panic_messages`], since Rust's own panic hook prints what a panic says.
//!
//! ```
//! use std::sync::Arc;
//!
//! use repass_core::{Authenticator, Changer, Realm};
//! use repass_http::{Limits, Mount, MountError, PasswordService, Prefix};
//! use repass_spec::Spec;
//!
//! /// Serves one vendor's API below `/shop`.
//! fn serve(
//!     spec: Arc<dyn Spec>,
//!     realm: Realm,
//!     changer: Arc<Changer>,
//!     authenticator: Authenticator,
//! ) -> Result<PasswordService, Box<dyn std::error::Error>> {
//!     let prefix: Prefix = "/shop".parse()?;
//!     let limits = Limits { body_bytes: 16 * 1024, ..Limits::default() };
//!     let service = PasswordService::builder(authenticator)
//!         .mount(Mount { spec, prefix, realm, changer })
//!         .limits(limits)
//!         .build()?;
//!     Ok(service)
//! }
//!
//! assert!("/shop/".parse::<Prefix>().is_err());
//! assert_eq!(Limits::default().body_bytes, 65_536);
//! # let _ = (serve, MountError::NoMounts);
//! ```
//!
//! # Log
//!
//! Target `repass::request`, level info, exactly one event a request: `spec`, `realm`, `method`,
//! `status`, `outcome`, `duration_ms`, `request_id`, `peer`. An outcome is `ok`, a
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
mod panics;
mod peer;
mod request_id;
mod route;
mod service;
mod to_its_end;

pub use body::Limits;
pub use mount::{InvalidPrefix, Mount, MountError, Prefix};
pub use panics::withhold_panic_messages;
pub use peer::Peer;
pub use service::{Answering, BoxError, PasswordService, PasswordServiceBuilder};
