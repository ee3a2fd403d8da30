//! etna (ETNA Trader): `PUT /v1.0/users/{userID}/password/change`.
//!
//! [`EtnaSpec`] is the API as a server sees it. The wire types are usable by a client too:
//! [`UserPassword`] writes the body of a request, [`Failure`] reads the body of an answer that is
//! no success (a success has none).
//!
//! It does not open sockets, does not look at keys and tokens beyond finding them in the head, and
//! does not judge passwords; a server and the engine behind it do. Members in other spellings than
//! JSON (XML, forms) are not read.
//!
//! ```
//! use repass_spec_etna::{Failure, UserPassword};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = UserPassword::new("old one".into(), "new one".into()).to_body()?;
//! assert_eq!(
//!     body.expose(),
//!     r#"{"OldPassword":"old one","Password":"new one","PasswordConfirm":"new one"}"#
//! );
//!
//! let answer = br#"{"Errors":["Old password is incorrect."],"StatusCode":400,"IsSucceed":false}"#;
//! if let Failure::Operation(error) = Failure::from_body(answer)? {
//!     assert_eq!(error.errors, ["Old password is incorrect."]);
//! }
//! # Ok(())
//! # }
//! ```

mod failure;
mod media_type;
mod model_state;
mod spec;
mod user_id;
mod user_password;

pub use failure::{ApplicationKeyError, Failure, Fault, HttpError, OperationError};
pub use model_state::ModelState;
pub use spec::EtnaSpec;
pub use user_password::UserPassword;
