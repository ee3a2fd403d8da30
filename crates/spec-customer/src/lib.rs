//! The customer API: `POST /api/Customer/UpdateUserPassword` in JSON, XML and form, the way ASP.NET
//! Web API 2 with Json.NET and the DataContract serializer reads and writes it.
//!
//! [`CustomerSpec`] is the server's side of it, [`Customer`] its options and its demo. A client writes
//! a request by [`UpdateUserPasswordRequest`] and reads what comes back by [`Answer`]. This crate opens
//! no socket, keeps no account and decides about no password.
//!
//! Where it departs from the framework it is stricter: JSON is read by RFC 8259, a password must be
//! a JSON string, nesting ends at 128 levels, and no answer holds a member of detail. So that no
//! request costs more than its size, 32 elements of `Accept` and of `Accept-Charset` count, a model
//! state keeps 32 messages, and an answer quotes 1 KiB of a URI, a media type, a method or a user id.
//!
//! ```
//! use repass_spec_customer::{Answer, ContentFormat, UpdateUserPasswordRequest};
//!
//! let request = UpdateUserPasswordRequest {
//!     user_id: "1c4b0ca1-ad13-410b-a1c5-bb2065641934".parse()?,
//!     old_password: Some("correct horse".into()),
//!     new_password: Some("battery staple".into()),
//!     ..Default::default()
//! };
//! let sent = request.to_request("https://api.example.com", ContentFormat::Xml, None)?;
//!
//! let read = UpdateUserPasswordRequest::read(Some("text/xml"), sent.body().expose().as_bytes())?;
//! assert_eq!(read.model.map(|model| model.user_id), Some(request.user_id));
//!
//! let body = br#"{"Success":true,"InvalidPassword":false,"ExceptionMessageList":[]}"#;
//! let answer = Answer::from_response(http::StatusCode::OK, body)?;
//! assert!(answer.into_result().is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod call;
mod content_format;
mod encoding;
mod http_error;
mod json_text;
mod media_type;
mod negotiation;
mod read_error;
mod request;
mod response;
mod spec;
mod vendor;
mod xml;

pub use answer::Answer;
pub use content_format::ContentFormat;
pub use http_error::{HttpError, ModelState};
pub use read_error::ReadError;
pub use request::{
    Binding, ClientCredential, NotXml, UnsupportedMediaType, UpdateUserPasswordRequest,
};
pub use response::UpdateUserPasswordResponse;
pub use spec::{Authentication, CustomerSpec, METHOD, PATH};
pub use vendor::{Customer, CustomerOptions};
pub use xml::XmlError;
