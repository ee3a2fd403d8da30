//! The fields of a body by name, from JSON or a form.

use percent_encoding::percent_decode;
use repass_core::Plaintext;
use repass_spec::json::{self, JsonError, Member, Members};

use super::ChangePasswordError;

/// The fields of a body.
pub(super) enum Fields {
    Json(Members),
    Form(Vec<(String, Plaintext)>),
}

impl Fields {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ChangePasswordError> {
        json::read(body).map(Self::Json).map_err(|error| match error {
            JsonError::Malformed { shape: true, .. } => ChangePasswordError::NotAnObject,
            malformed => ChangePasswordError::Malformed(malformed),
        })
    }

    pub(super) fn from_form(body: &[u8]) -> Result<Self, ChangePasswordError> {
        // The form parser replaces invalid UTF-8, and a password must not be altered. The body is split
        // at ASCII characters only, so its parts are UTF-8 exactly if the whole is.
        match percent_decode(body).decode_utf8() {
            Ok(decoded) => drop(Plaintext::new(decoded.into_owned())),
            Err(_) => return Err(ChangePasswordError::FormNotUtf8),
        }
        let pairs = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Plaintext::new(value.into_owned())));
        Ok(Self::Form(pairs.collect()))
    }

    /// Removes and returns the last field of exactly that name.
    pub(super) fn take(&mut self, name: &str) -> Option<Member> {
        match self {
            Self::Json(members) => members.take_last_exact(name),
            Self::Form(pairs) => {
                let last = pairs.iter().rposition(|(own, _)| own == name)?;
                Some(Member::Text(pairs.remove(last).1))
            }
        }
    }
}
