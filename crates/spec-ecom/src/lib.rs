#![doc = include_str!("../README.md")]

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

/// The method of a password change.
pub const METHOD: &str = "POST";

/// The path of a password change, in the vendor's spelling.
pub const PATH: &str = "/api/rest/v1/ecom/integrations/updateUserChangePasswrod";
