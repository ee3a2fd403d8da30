//! fabric's password change, `PATCH /api-commerceIdentity/auth/change-password`: as wire types for a
//! client, and with the feature `server` as a `Spec` for a server, which `Fabric` describes to one that
//! is configured.
//!
//! The caller presents an `x-api-key` and names a site account in `x-site-context`
//! ([`SiteContext`]). The body ([`ChangePassword`]) names the user and carries a reset token and the
//! new password; a change is answered by the user's record ([`FabricUser`]), everything else by a
//! [`FabricError`]. Reset tokens are repass's own, or, with the feature `jwt`, JSON Web Tokens of an
//! issuer that `JwtVerifier` knows.
//!
//! This crate opens no socket, issues no token and changes no password. It keeps no users either:
//! what is shown of one was imported before, by way of `import_profile`. A client brings its own
//! HTTP:
//!
//! ```
//! use http::StatusCode;
//! use repass_core::Plaintext;
//! use repass_spec_fabric::{Answer, ChangePassword, SiteContext};
//!
//! let change = ChangePassword {
//!     user_id: "6169b2d892a5f30009d76480".to_owned(),
//!     reset_token: Plaintext::from("b2Zm"),
//!     new_password: Plaintext::from("a sentence to remember"),
//! };
//! let site = SiteContext::new("1234abcd5678efgh9ijklmno");
//! let request = change.to_request("https://fabric.example.com", &"an API key".into(), &site)?;
//! assert_eq!(request.headers()["x-site-context"], r#"{"account":"1234abcd5678efgh9ijklmno"}"#);
//! assert!(request.body().expose().starts_with(r#"{"userId":"6169b2d892a5f30009d76480","#));
//!
//! // Sent by an HTTP client of your own, it is answered by:
//! let body = br#"{"error":"Unauthorized","code":"VERIFY_TOKEN_FAILED","message":"Token expired."}"#;
//! let error = Answer::from_response(StatusCode::UNAUTHORIZED, body)?.into_result().unwrap_err();
//! assert_eq!(error.code.as_deref(), Some("VERIFY_TOKEN_FAILED"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
#[cfg(feature = "server")]
mod call;
mod change_password;
#[cfg(feature = "jwt")]
mod jwt;
mod moment;
#[cfg(feature = "server")]
mod profile;
mod site_context;
#[cfg(feature = "server")]
mod spec;
mod user;
#[cfg(feature = "server")]
mod vendor;

pub use answer::{Answer, FabricError};
pub use change_password::ChangePassword;
pub use moment::Moment;
pub use site_context::{SiteContext, SiteContextError, is_site_account};
pub use user::{Address, FabricUser, Name, Phone, Provider};
pub use {http, jiff, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    change_password::{ChangePasswordError, Field, FieldError, Problem},
    profile::{ProfileError, import_profile},
    spec::FabricSpec,
    vendor::{Fabric, FabricOptions, JwtKeyOptions, JwtOptions},
};
#[cfg(feature = "jwt")]
pub use jwt::{
    InvalidJwtKey, InvalidJwtVerifier, JwtAlgorithm, JwtKey, JwtVerifier, UnknownJwtAlgorithm,
};

/// The method of a password change.
pub const METHOD: &str = "PATCH";

/// The path of a password change.
pub const PATH: &str = "/api-commerceIdentity/auth/change-password";
