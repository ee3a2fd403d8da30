//! The admin API of repass: everything the engine does for back ends, as JSON over HTTP.
//!
//! A back end in any language creates accounts, verifies passwords, issues access tokens, reset
//! tokens and one-time passwords, and reads the policy and the audit trail. Each call has a bearer
//! key of kind `admin`, whose scopes say what it allows. Errors are `application/problem+json` (RFC
//! 9457). The paths are below `/admin/v1/realms/{realm}`; [`openapi`] describes them, and the
//! service shows the description at `/admin/v1/openapi.json` and, for readers, at `/admin/v1/docs`.
//!
//! [`AdminApi`] is a [`tower_service::Service`]. It opens no socket: listening, TLS and limits of
//! connections belong to the server. Serve it on an address that only the back ends reach.
//!
//! ```
//! use repass_admin_api::{AdminApi, Options};
//! use repass_core::Engine;
//!
//! fn serve(engine: Engine) -> axum::Router {
//!     let admin = AdminApi::new(engine, Options::default());
//!     axum::Router::new().fallback_service(admin)
//! }
//! # let _ = serve;
//! ```
//!
//! An embedder adds [`Peer`](repass_http::Peer) to the extensions of each request, so that audit
//! records have the client's address, calls [`AdminApi::end_streams`] when it stops, and awaits
//! [`AdminApi::drain`] before it closes the store. A call continues if its client disconnects.
//!
//! # Log
//!
//! Each request logs one event with target `repass::request`, level info, and the fields `api`
//! (`admin`), `realm`, `key` (its id), `route`, `method`, `status`, `outcome` (`ok` or the code of
//! the problem), `duration_ms`, `request_id`, `trace_id` (of a valid `traceparent`) and `peer`.
//! Reading calls are in this log only; all others leave audit records too.

mod access;
mod account;
mod accounts;
mod audit;
mod body;
mod description;
mod etag;
mod import;
mod keys;
mod otp;
mod outbox;
mod page;
mod page_of_document;
mod passwords;
mod policy;
mod problem;
mod resets;
mod respond;
mod service;
mod shape;
mod state;
mod tokens;

pub use description::openapi;
pub use respond::Outcome;
pub use service::AdminApi;
pub use state::Options;
