//! The fields of a body by name, from JSON or a form.

use repass_spec::form;
use repass_spec::json::{self, JsonError, Member, Members};

use super::{ChangePasswordError, Field, OTP};

/// The fields of a body.
pub(super) enum Fields {
    Json(Members),
    Form(Vec<form::Field>),
}

impl Fields {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ChangePasswordError> {
        let is_wanted =
            |name: &str| name == OTP || Field::ALL.iter().any(|field| field.name() == name);
        json::read_members(body, is_wanted).map(Self::Json).map_err(|error| match error {
            JsonError::Malformed { shape: true, .. } => ChangePasswordError::NotAnObject,
            malformed => ChangePasswordError::Malformed(malformed),
        })
    }

    pub(super) fn from_form(body: &[u8]) -> Result<Self, ChangePasswordError> {
        let fields: Vec<_> = form::read(body).collect();
        let is_utf8 = fields.iter().all(|field| field.is_utf8);
        if is_utf8 { Ok(Self::Form(fields)) } else { Err(ChangePasswordError::FormNotUtf8) }
    }

    /// Removes and returns the last field of exactly that name.
    pub(super) fn take(&mut self, name: &str) -> Option<Member> {
        match self {
            Self::Json(members) => members.take_last_exact(name),
            Self::Form(fields) => {
                let last = fields.iter().rposition(|field| field.name == name)?;
                Some(Member::Text(fields.remove(last).value))
            }
        }
    }
}
