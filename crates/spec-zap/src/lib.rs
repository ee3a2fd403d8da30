//! zap's password change, `POST /v1/changePassword`: as wire types for a client, and with the feature
//! `server` as a `Spec` for a server, which `Zap` describes to one that is configured.
//!
//! The caller presents an access token and is a site admin or the user. The body names the account
//! twice, by user id and by e-mail address, and carries the old and the new password and, where
//! wished for, a one-time password. [`ChangePassword`] is that body, [`Answer`] what comes back.
//!
//! This crate opens no socket and changes no password; it reads requests and writes answers. A
//! client brings its own HTTP:
//!
//! ```
//! use http::StatusCode;
//! use repass_core::Plaintext;
//! use repass_spec_zap::{Answer, ChangePassword};
//!
//! let change = ChangePassword {
//!     user_id: "43af9a8989ffb63cc9cdd0537".to_owned(),
//!     email: "adminagent@zap.com".to_owned(),
//!     old_password: Plaintext::from("P@ssw0rd"),
//!     new_password: Plaintext::from("n3wP@ssw0rd"),
//!     secure_otp: None,
//! };
//! let request = change.to_request("https://zap.example.com", &"an access token".into())?;
//! assert_eq!(request.uri(), "https://zap.example.com/v1/changePassword");
//! assert!(request.body().expose().starts_with(r#"{"userId":"43af9a8989ffb63cc9cdd0537","email":"#));
//!
//! // It is answered by:
//! let body = br#"{"success":true,"data":"Password updated successfully"}"#;
//! let answer = Answer::from_response(StatusCode::OK, body)?;
//! assert_eq!(answer.into_result().as_deref(), Ok("Password updated successfully"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod change_password;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod vendor;

pub use answer::{Answer, CHANGED, FAULT};
pub use change_password::ChangePassword;
pub use {http, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    change_password::{ChangePasswordError, Field, FieldError, Problem, SecureOtp},
    spec::ZapSpec,
    vendor::{Zap, ZapOptions},
};

/// The method of a password change.
pub const METHOD: &str = "POST";

/// The path of a password change.
pub const PATH: &str = "/v1/changePassword";
