//! The customer API: `POST /api/Customer/UpdateUserPassword` in JSON, XML and form, the way ASP.NET
//! Web API 2 with Json.NET and the DataContract serializer reads and writes it.
//!
//! A client writes a request by [`UpdateUserPasswordRequest`] and reads what comes back by [`Answer`].
//! With the feature `server` there is the server's side of it, `CustomerSpec`, and `Customer`, its
//! options and its demo. This crate opens no socket, keeps no account and decides about no password.
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
//! let request = request.to_request("https://api.example.com", ContentFormat::Xml, None)?;
//! assert!(request.body().expose().contains("<OldPassword>correct horse</OldPassword>"));
//!
//! // Sent by an HTTP client of your own, it is answered by:
//! let body = br#"{"Success":true,"InvalidPassword":false,"ExceptionMessageList":[]}"#;
//! let answer = Answer::from_response(http::StatusCode::OK, body)?;
//! assert!(answer.into_result().is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
#[cfg(feature = "server")]
mod call;
mod content_format;
mod encoding;
mod http_error;
mod json_text;
mod media_type;
#[cfg(feature = "server")]
mod negotiation;
mod read_error;
mod request;
mod response;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod vendor;
mod xml;

pub use answer::Answer;
pub use content_format::ContentFormat;
pub use http_error::{HttpError, ModelState};
pub use read_error::ReadError;
pub use request::{ClientCredential, NotXml, UpdateUserPasswordRequest};
pub use response::UpdateUserPasswordResponse;
pub use xml::XmlError;
pub use {http, repass_core, repass_spec, uuid};

#[cfg(feature = "server")]
pub use self::{
    request::{Binding, UnsupportedMediaType},
    spec::{Authentication, CustomerSpec},
    vendor::{Customer, CustomerOptions},
};

/// The path below the mount's prefix.
pub const PATH: &str = "/api/Customer/UpdateUserPassword";

/// The method that the API takes.
pub const METHOD: &str = "POST";
