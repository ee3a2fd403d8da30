//! fabric's password change, `PATCH /api-commerceIdentity/auth/change-password`: as a
//! [`Spec`](repass_spec::Spec) for a server, and as wire types for a client.
//!
//! The caller presents an `x-api-key` and names a site account in `x-site-context`
//! ([`SiteContext`]). The body ([`ChangePassword`]) names the user and carries a reset token and the
//! new password; a change is answered by the user's record ([`FabricUser`]), everything else by a
//! [`FabricError`]. Reset tokens are repass's own, or JSON Web Tokens of an issuer that
//! [`JwtVerifier`] knows.
//!
//! This crate opens no socket, issues no token and changes no password. It keeps no users either:
//! what is shown of one was imported before, by way of [`import_profile`]. A client brings its own
//! HTTP:
//!
//! ```
//! use http::StatusCode;
//! use repass_core::Plaintext;
//! use repass_spec_fabric::{Answer, ChangePassword, SiteContext};
//!
//! let context = SiteContext::new("1234abcd5678efgh9ijklmno");
//! assert_eq!(context.to_header()?, r#"{"account":"1234abcd5678efgh9ijklmno"}"#);
//! let request = ChangePassword {
//!     user_id: "6169b2d892a5f30009d76480".to_owned(),
//!     reset_token: Plaintext::from("b2Zm"),
//!     new_password: Plaintext::from("a sentence to remember"),
//! };
//! let body = request.to_json()?;
//! assert!(body.expose().starts_with(r#"{"userId":"6169b2d892a5f30009d76480","resetToken":"#));
//!
//! let body = br#"{"error":"Unauthorized","code":"VERIFY_TOKEN_FAILED","message":"Token expired."}"#;
//! let error = Answer::read(StatusCode::UNAUTHORIZED, body)?.into_result().unwrap_err();
//! assert_eq!(error.code.as_deref(), Some("VERIFY_TOKEN_FAILED"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod change_password;
mod jwt;
mod moment;
mod profile;
mod site_context;
mod spec;
mod user;

pub use answer::{Answer, FabricError};
pub use change_password::{ChangePassword, ChangePasswordError, Field, FieldError, Problem};
pub use jwt::{
    InvalidJwtKey, InvalidJwtVerifier, JwtAlgorithm, JwtKey, JwtVerifier, UnknownJwtAlgorithm,
};
pub use moment::Moment;
pub use profile::{ProfileError, import_profile};
pub use site_context::{SiteContext, SiteContextError, is_site_account};
pub use spec::FabricSpec;
pub use user::{Address, FabricUser, Name, Phone, Provider};
