//! zap's password change, `POST /v1/changePassword`: as a [`Spec`](repass_spec::Spec) for a server,
//! and as wire types for a client.
//!
//! The caller presents an access token and is a site admin or the user. The body names the account
//! twice, by user id and by e-mail address, and carries the old and the new password and, where
//! wished for, a one-time password. [`ChangePassword`] is that body, [`Answer`] what comes back.
//!
//! This crate opens no socket and changes no password; it reads requests and writes answers. A
//! client brings its own HTTP:
//!
//! ```
//! use repass_core::Plaintext;
//! use repass_spec_zap::{Answer, ChangePassword};
//!
//! let request = ChangePassword {
//!     user_id: "43af9a8989ffb63cc9cdd0537".to_owned(),
//!     email: "adminagent@zap.com".to_owned(),
//!     old_password: Plaintext::from("P@ssw0rd"),
//!     new_password: Plaintext::from("n3wP@ssw0rd"),
//!     secure_otp: None,
//! };
//! let body = request.to_json()?;
//! assert!(body.expose().starts_with(r#"{"userId":"43af9a8989ffb63cc9cdd0537","email":"#));
//!
//! // Sent to https://{hostname}/v1/changePassword/, it is answered by:
//! let answer = br#"{"success":true,"data":"Password updated successfully"}"#;
//! let answer: Answer = serde_json::from_slice(answer)?;
//! assert_eq!(answer.into_result().as_deref(), Ok("Password updated successfully"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod answer;
mod change_password;
mod spec;

pub use answer::{Answer, CHANGED, FAULT};
pub use change_password::{
    ChangePassword, ChangePasswordError, Field, FieldError, Problem, SecureOtp,
};
pub use spec::ZapSpec;
