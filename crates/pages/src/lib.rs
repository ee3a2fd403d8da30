//! The web pages of repass, on which people change, request and reset their passwords.
//!
//! [`Pages`] is a [`tower_service::Service`] of server-rendered HTML: one stylesheet, one small
//! script, no framework, no request to another host, and no more than 30 KB a page without the
//! operator's logo. The pages work without scripts, follow the language of the browser, and have
//! light and dark colors. They are not a sign-in: they set no session.
//!
//! | path below the [prefix](BaseUrl::prefix) | page |
//! | --- | --- |
//! | `/password` | change the password, with the current one |
//! | `/forgot` | request a mail with a link; only with [`Options::mails_resets`] |
//! | `/reset` | set a new password, with the link or the code of the mail |
//! | `/policy/evaluate`, `/reset/check`, `/assets/…` | for the script of these pages |
//!
//! At the root, `/.well-known/change-password` redirects to the first page.
//!
//! ```
//! use repass_core::Engine;
//! use repass_pages::{Options, Pages};
//!
//! /// Adds the pages to an application.
//! fn serve(engine: Engine) -> Result<axum::Router, Box<dyn std::error::Error>> {
//!     let mut options = Options::new("https://example.org/account".parse()?, "shop".parse()?);
//!     options.product = "Example Shop".to_owned();
//!     options.accent = "#0f766e".parse()?;
//!     let pages = Pages::new(engine, options);
//!     let prefix = pages.base_url().prefix().to_owned();
//!     Ok(axum::Router::new()
//!         .route_service(&format!("{prefix}/{{*path}}"), pages.clone())
//!         .route_service("/.well-known/{*path}", pages))
//! }
//! # let _ = serve;
//! ```
//!
//! An embedder
//!
//! - adds [`Peer`](repass_http::Peer) to the extensions of each request. Requests without one share
//!   the limits of one client;
//! - keeps the whole path: the pages do not work below a router that removes a prefix, since their
//!   links name it;
//! - awaits [`Pages::drain`] before it closes the store;
//! - reads the [`Outcome`] of each response for its own metrics;
//! - replaces the HTML by [`Templates`]. It is a trait and not a folder of askama files, since askama
//!   compiles its files in this crate, where an embedder cannot replace them.
//!
//! # How it protects
//!
//! A POST is accepted from the pages themselves only: `Origin`, or else `Sec-Fetch-Site`, is
//! compared with the [`BaseUrl`], and in a form a hidden field with a cookie of the same value. The
//! two calls of the script, which change nothing, have no such field. The cookie is
//! named `__Host-repass-form`; over plain HTTP, which only a loopback address may use, browsers
//! refuse that prefix, and it is `repass-form`.
//!
//! The link of a mail has the token in its fragment, which browsers do not send. The script moves it
//! into the form; without scripts the code is typed, which is the same token. Only a POST of the
//! form redeems it, and only if the password is set.
//!
//! `/forgot` answers before anything is looked up, so that neither answer nor time shows which
//! accounts exist. `/password` costs and answers the same for accounts that do not exist. An account
//! with a secret for one-time passwords needs one on both pages; the field is there for everybody,
//! so that it does not show who has one.
//!
//! # Log
//!
//! Each request logs one event with target `repass::request`, level info, and the fields `api`
//! (`pages`), `realm`, `route`, `method`, `status`, `outcome`, `account`, `duration_ms`,
//! `request_id`, `trace_id` (of a valid `traceparent`) and `peer`. An outcome is `ok`, a
//! [`ChangeError::code`](repass_core::ChangeError::code), or one of `invalid-request`, `too-large`,
//! `foreign-origin`, `too-many-requests`, `not-found`, `method-not-allowed` and `fault`. Names, passwords,
//! tokens and queries are never logged.

mod accent;
mod assets;
mod base_url;
mod change;
mod evaluate;
mod fields;
mod forgery;
mod forgot;
mod limits;
mod options;
mod page;
mod password;
mod reset;
mod respond;
mod service;
mod state;
mod templates;
mod visit;
mod well_known;

pub use accent::{Accent, InvalidAccent};
pub use base_url::{BaseUrl, InvalidBaseUrl};
pub use options::{InvalidLogo, Logo, Options};
pub use page::{Field, Page, PageKind, Problem};
pub use respond::Outcome;
pub use service::Pages;
pub use templates::{DefaultTemplates, Templates};
