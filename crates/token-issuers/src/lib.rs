//! Authenticates callers by access tokens that other systems issue: JSON Web Tokens (RFC 7519,
//! RFC 9068), and opaque tokens by introspection (RFC 7662).
//!
//! [`TokenIssuers`] wraps another authenticator, such as the engine, which checks keys and the
//! access tokens of repass:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use repass_core::{CallerAuthenticator, CredentialStore, SystemClock};
//! use repass_jwt::JwtAlgorithm;
//! use repass_token_issuers::{
//!     ClaimNames, EndpointOptions, InvalidIssuer, JwtIssuer, JwtIssuerOptions, JwtKeys,
//!     TokenIssuers,
//! };
//!
//! fn authenticator(
//!     engine: Arc<dyn CallerAuthenticator>,
//!     store: Arc<dyn CredentialStore>,
//! ) -> Result<TokenIssuers, InvalidIssuer> {
//!     let clock = Arc::new(SystemClock);
//!     let options = JwtIssuerOptions {
//!         issuer: "https://id.example.org".to_owned(),
//!         audience: "repass".to_owned(),
//!         claims: ClaimNames::default(),
//!         keys: JwtKeys::At {
//!             endpoint: EndpointOptions {
//!                 url: "https://id.example.org/jwks.json".to_owned(),
//!                 timeout: Duration::from_secs(5),
//!                 allow_plain_http: false,
//!                 proxy: None,
//!             },
//!             algorithms: vec![JwtAlgorithm::Rs256],
//!         },
//!     };
//!     let issuer = JwtIssuer::new(options, clock.clone())?;
//!     Ok(TokenIssuers::new(engine, store, clock).with_jwt(Arc::new(issuer)))
//! }
//! ```
//!
//! Every token must have `iat`. It is refused if the account's password was changed, its access
//! tokens were revoked or the account was deactivated then or later, or if the account is inactive
//! or unknown. So a token that was presented with a change is refused after it.
//!
//! If an issuer cannot be asked, the caller is not refused: the error is
//! [`IssuerUnavailable`](repass_core::AuthenticationError::IssuerUnavailable), which is answered
//! by 503.

mod authenticator;
mod claims;
mod introspection;
mod jwks;
mod jwt_issuer;
mod outcome;

pub use authenticator::TokenIssuers;
pub use claims::ClaimNames;
pub use introspection::{Introspection, IntrospectionOptions};
pub use jwt_issuer::{InvalidIssuer, JwtIssuer, JwtIssuerOptions, JwtKeys};
pub use repass_endpoint::{EndpointOptions, InvalidEndpoint};
pub use {repass_core, repass_jwt};
