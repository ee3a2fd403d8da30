//! etna (ETNA Trader): `PUT /v1.0/users/{userID}/password/change`.
//!
//! A client writes a request by [`UserPassword`] and reads what comes back by [`Answer`]. With the
//! feature `server` there is the API as a server sees it, `EtnaSpec`, and `Etna`, its options and its
//! demo.
//!
//! It does not open sockets, does not look at keys and tokens beyond finding them in the head, and
//! does not judge passwords; a server and the engine behind it do. Members in other spellings than
//! JSON (XML, forms) are not read.
//!
//! ```
//! use repass_spec_etna::{Answer, Failure, User, UserPassword};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = UserPassword::new("old one".into(), "new one".into());
//! let (app_key, token) = ("key".into(), "token".into());
//! let request = request.to_request("https://api.example.com", User::Me, &app_key, &token)?;
//! assert_eq!(request.uri().path(), "/v1.0/users/@me/password/change");
//! assert_eq!(
//!     request.body().expose(),
//!     r#"{"OldPassword":"old one","Password":"new one","PasswordConfirm":"new one"}"#
//! );
//!
//! let body = br#"{"Errors":["Old password is incorrect."],"StatusCode":400,"IsSucceed":false}"#;
//! let answer = Answer::from_response(http::StatusCode::BAD_REQUEST, body)?;
//! let Err(Failure::Operation(error)) = answer.into_result() else { panic!() };
//! assert_eq!(error.errors, ["Old password is incorrect."]);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "server")]
mod call;
mod failure;
#[cfg(feature = "server")]
mod media_type;
mod model_state;
#[cfg(feature = "server")]
mod spec;
mod user;
mod user_password;
#[cfg(feature = "server")]
mod vendor;

pub use failure::{Answer, ApplicationKeyError, Failure, Fault, HttpError, OperationError};
pub use model_state::ModelState;
pub use user::{InvalidUser, User, path};
pub use user_password::UserPassword;
pub use {http, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    spec::EtnaSpec,
    vendor::{Etna, EtnaOptions},
};

/// The method that the API takes.
pub const METHOD: &str = "PUT";
