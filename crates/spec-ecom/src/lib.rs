//! ecom: `POST /api/rest/v1/ecom/integrations/updateUserChangePasswrod`, which a chatbot middleware
//! calls for its users.
//!
//! A client makes a request by [`PasswordChange`] and reads any answer, success or failure, by
//! [`Answer`]; the two differ by the status. With the feature `server` there is the API as a server
//! sees it, `EcomSpec`, and `Ecom`, which describes it to one that is configured.
//!
//! It does not open sockets, does not look at keys beyond finding them in the head, and does not
//! judge passwords; a server and the engine behind it do. Of the vendor's many chatbot operations it
//! knows the one.
//!
//! ```
//! use http::StatusCode;
//! use repass_spec_ecom::{Answer, PasswordChange};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut change = PasswordChange::new("ram123", "old one".into(), "new one".into());
//! change.language = Some("de-AT".to_owned());
//! let request = change.to_request("https://shop.example.com", &"the bot's key".into())?;
//! assert!(request.body().expose().contains(r#""uid":"ram123""#));
//!
//! // Sent by an HTTP client of your own, it is answered by:
//! let body =
//!     br#"{"responseType":"text","responseId":"be49e7a0-8638-486b-899b-be42e3760b46-e15c53b8",
//!         "responseMessages":[{"simpleResponse":{"responseText":"password changed successfully"}}]}"#;
//! let answer = Answer::from_response(StatusCode::OK, body)?.into_result().unwrap();
//! assert_eq!(answer.text(), "password changed successfully");
//! # Ok(())
//! # }
//! ```

mod answer;
#[cfg(feature = "server")]
mod body;
#[cfg(feature = "server")]
mod call;
mod password_change;
#[cfg(feature = "server")]
mod request_error;
#[cfg(feature = "server")]
mod response_id;
#[cfg(feature = "server")]
mod sentence;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod vendor;

pub use answer::{Answer, AnswerBody, ResponseMessage, SimpleResponse};
pub use password_change::PasswordChange;
pub use {http, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    request_error::{Field, RequestError, RequestProblem},
    spec::EcomSpec,
    vendor::{Ecom, EcomOptions},
};
#[cfg(feature = "server")]
pub use repass_messages::Language;

/// The method that the middleware calls by.
pub const METHOD: &str = "POST";

/// The path that the middleware calls, in the vendor's own spelling.
pub const PATH: &str = "/api/rest/v1/ecom/integrations/updateUserChangePasswrod";
