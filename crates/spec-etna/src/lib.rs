#![doc = include_str!("../README.md")]

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

/// The method of a password change.
pub const METHOD: &str = "PUT";
