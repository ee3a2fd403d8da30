//! What repass says to people, in every language.
//!
//! The messages are Fluent files in `locales`, a folder each [`Language`], compiled in: [`MAIL`] and
//! [`ECOM`]. With the feature `dates`, `Language::date` writes a date as the language does, by the
//! data of ICU.
//!
//! Messages are not escaped; escape them where they are put into markup.
//!
//! ```
//! use repass_messages::{ECOM, Language};
//!
//! let language = Language::of_code("fr-CA").unwrap_or_default();
//! let text = ECOM.text(language, "too-short", [("count", 15.into())]);
//! assert_eq!(text, "Le nouveau mot de passe doit comporter au moins 15 caractères.");
//! ```

mod catalogue;
#[cfg(feature = "dates")]
mod date;
mod language;

pub use catalogue::{Catalogue, ECOM, MAIL};
pub use language::{Language, UnknownLanguage};
