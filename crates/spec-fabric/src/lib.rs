#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "server")]
mod call;
mod change_password;
#[cfg(feature = "jwt")]
mod jwt;
mod moment;
#[cfg(feature = "server")]
mod profile;
mod site_context;
#[cfg(feature = "server")]
mod spec;
mod user;
#[cfg(feature = "server")]
mod vendor;

pub use answer::{Answer, FabricError};
pub use change_password::ChangePassword;
pub use moment::Moment;
pub use site_context::{SiteContext, SiteContextError, is_site_account};
pub use user::{Address, FabricUser, Name, Phone, Provider};
pub use {http, jiff, repass_core, repass_spec, serde_json};

#[cfg(feature = "server")]
pub use self::{
    change_password::{ChangePasswordError, Field, FieldError, Problem},
    profile::{ProfileError, import_profile},
    spec::FabricSpec,
    vendor::{Fabric, FabricOptions, JwtKeyOptions, JwtOptions},
};
#[cfg(feature = "jwt")]
pub use jwt::ResetTokenVerifier;
#[cfg(feature = "jwt")]
pub use repass_jwt::{
    InvalidJwtKey, InvalidJwtVerifier, JwtAlgorithm, JwtKey, UnknownJwtAlgorithm,
};

/// The method of a password change.
pub const METHOD: &str = "PATCH";

/// The path of a password change.
pub const PATH: &str = "/api-commerceIdentity/auth/change-password";
