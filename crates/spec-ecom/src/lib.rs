//! ecom: `POST /api/rest/v1/ecom/integrations/updateUserChangePasswrod`, which a chatbot middleware
//! calls for its users.
//!
//! [`EcomSpec`] is the API as a server sees it. The wire types are usable by a client too:
//! [`PasswordChange`] writes the body of a request, [`Answer`] reads the body of any answer, success
//! or failure; the two differ by the status.
//!
//! It does not open sockets, does not look at keys beyond finding them in the head, and does not
//! judge passwords; a server and the engine behind it do. Of the vendor's many chatbot operations it
//! knows the one.
//!
//! ```
//! use repass_spec_ecom::{Answer, PasswordChange};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut request = PasswordChange::new("ram123", "old one".into(), "new one".into());
//! request.language = Some("de-AT".to_owned());
//! let body = request.to_body()?;
//! assert!(body.expose().contains(r#""uid":"ram123""#));
//!
//! let answer = Answer::from_body(
//!     br#"{"responseType":"text","responseId":"be49e7a0-8638-486b-899b-be42e3760b46-e15c53b8",
//!         "responseMessages":[{"simpleResponse":{"responseText":"password changed successfully"}}]}"#,
//! )?;
//! assert_eq!(answer.text(), "password changed successfully");
//! # Ok(())
//! # }
//! ```

mod answer;
mod body;
mod language;
mod password_change;
mod request_error;
mod response_id;
mod sentence;
mod spec;

pub use answer::{Answer, ResponseMessage, SimpleResponse};
pub use language::Language;
pub use password_change::PasswordChange;
pub use request_error::{Field, RequestError, RequestProblem};
pub use spec::{EcomSpec, PATH};
