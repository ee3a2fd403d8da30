#![doc = include_str!("../README.md")]

mod answer;
mod change_password;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod vendor;

pub use answer::{Answer, CHANGED, FAULT};
pub use change_password::ChangePassword;
pub use {http, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    change_password::{ChangePasswordError, Field, FieldError, Problem, SecureOtp},
    spec::ZapSpec,
    vendor::{Zap, ZapOptions},
};

/// The method of a password change.
pub const METHOD: &str = "POST";

/// The path of a password change.
pub const PATH: &str = "/v1/changePassword";
