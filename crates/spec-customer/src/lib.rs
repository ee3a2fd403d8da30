#![doc = include_str!("../README.md")]

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

/// The path of a password change, below the mount's prefix.
pub const PATH: &str = "/api/Customer/UpdateUserPassword";

/// The method of a password change.
pub const METHOD: &str = "POST";
