//! The translated messages of repass.
//!
//! The messages are Fluent files in `locales`, with one folder for each [`Language`]. They are
//! compiled in as [`MAIL`], [`ECOM`] and [`PAGES`]. With the feature `dates`, `Language::date` formats a date
//! with the data of ICU. With the feature `policy`, `violation` returns the sentence about a rule that a
//! password violates, and `requirements` the rules of a policy.
//!
//! Messages are not escaped; escape them in markup.
//!
//! ```
//! use repass_messages::{ECOM, Language};
//!
//! let language = Language::from_code("fr-CA").unwrap_or_default();
//! let text = ECOM.text(language, "too-short", [("count", 15.into())]);
//! assert_eq!(text, "Le nouveau mot de passe doit comporter au moins 15 caractères.");
//! ```

mod catalog;
#[cfg(feature = "dates")]
mod date;
mod language;
#[cfg(feature = "policy")]
mod policy;

pub use catalog::{Catalog, ECOM, MAIL, PAGES};
pub use language::{Language, UnknownLanguage};
#[cfg(feature = "policy")]
pub use policy::{requirements, violation};
