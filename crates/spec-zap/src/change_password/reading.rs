mod fields;

use std::fmt;

use repass_core::Plaintext;
use repass_spec::field::{self, list, non_empty};
use repass_spec::json::{JsonError, Member};
use serde::Deserialize;
use validator::{ValidateEmail, ValidateLength};

pub use repass_spec::field::Problem;

use super::ChangePassword;
use fields::Fields;

/// Whether a request must carry a one-time password.
///
/// The vendor's page requires it in one sentence and omits it from its table and its sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum SecureOtp {
    /// It may be missing. If it is present, it must be right.
    #[default]
    Optional,
    /// It is required.
    Required,
}

impl TryFrom<String> for SecureOtp {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.as_str() {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err("must be one of optional, required"),
        }
    }
}

/// The reason why a body cannot be read. The message names every missing or invalid field and
/// quotes no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangePasswordError {
    /// The content type is missing, doubled or another one.
    #[error("Content-Type must be application/json or application/x-www-form-urlencoded")]
    ContentType,
    /// It is not JSON.
    #[error(transparent)]
    Malformed(JsonError),
    /// It is JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// The form is not UTF-8 after percent-decoding.
    #[error("the form is not UTF-8")]
    FormNotUtf8,
    /// These fields are missing or invalid; never empty.
    #[error("{}", list(.0))]
    Fields(Vec<FieldError>),
}

/// One field that is missing or invalid.
pub type FieldError = field::FieldError<Field>;

/// A field of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `userId`
    UserId,
    /// `email`
    Email,
    /// `oldPassword`
    OldPassword,
    /// `newPassword`
    NewPassword,
    /// `secureOTP`, or `otp`
    SecureOtp,
}

impl Field {
    const ALL: [Self; 5] =
        [Self::UserId, Self::Email, Self::OldPassword, Self::NewPassword, Self::SecureOtp];

    /// The field's name in the body.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserId => "userId",
            Self::Email => "email",
            Self::OldPassword => "oldPassword",
            Self::NewPassword => "newPassword",
            Self::SecureOtp => "secureOTP",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ChangePassword {
    /// Reads a body of the given media type (type and subtype in lower case, without parameters).
    ///
    /// JSON is read strictly, so the trailing comma in the sample of the vendor's page is
    /// malformed. Names are exact; unknown members are ignored; the last of several members of one
    /// name counts.
    ///
    /// # Errors
    /// All invalid fields, or the reason why no fields can be read.
    pub fn read(
        media_type: Option<&str>,
        body: &[u8],
        secure_otp: SecureOtp,
    ) -> Result<Self, ChangePasswordError> {
        let mut fields = match media_type {
            Some("application/json") => Fields::from_json(body)?,
            Some("application/x-www-form-urlencoded") => Fields::from_form(body)?,
            _ => return Err(ChangePasswordError::ContentType),
        };
        Self::from_fields(&mut fields, secure_otp).map_err(ChangePasswordError::Fields)
    }

    fn from_fields(fields: &mut Fields, secure_otp: SecureOtp) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut good = |field: Field, text: Result<Plaintext, Problem>| {
            text.map_err(|problem| errors.push(FieldError { field, problem })).ok()
        };
        let user_id = good(Field::UserId, non_empty(fields.take(Field::UserId.name())));
        let email = good(Field::Email, email_address(fields.take(Field::Email.name())));
        let old = good(Field::OldPassword, non_empty(fields.take(Field::OldPassword.name())));
        let new = good(Field::NewPassword, non_empty(fields.take(Field::NewPassword.name())));
        let secure_otp = match (one_time_password(fields), secure_otp) {
            (None | Some(Member::Null), SecureOtp::Optional) => None,
            (member, _) => good(Field::SecureOtp, non_empty(member)),
        };
        match (user_id, email, old, new) {
            (Some(user_id), Some(email), Some(old_password), Some(new_password))
                if errors.is_empty() =>
            {
                Ok(Self {
                    user_id: user_id.expose().to_owned(),
                    email: email.expose().to_owned(),
                    old_password,
                    new_password,
                    secure_otp,
                })
            }
            _ => Err(errors),
        }
    }
}

/// The other name of `secureOTP`.
const OTP: &str = "otp";

/// Returns `secureOTP`, or otherwise `otp`. `null` counts as missing.
fn one_time_password(fields: &mut Fields) -> Option<Member> {
    let secure_otp = fields.take(Field::SecureOtp.name());
    let otp = fields.take(OTP);
    if matches!(secure_otp, None | Some(Member::Null)) { otp } else { secure_otp }
}

fn email_address(member: Option<Member>) -> Result<Plaintext, Problem> {
    let text = non_empty(member)?;
    let is_short_enough = text.expose().validate_length(None, Some(MAX_EMAIL_CHARACTERS), None);
    if is_short_enough && text.expose().validate_email() {
        Ok(text)
    } else {
        Err(Problem::MustBe("an e-mail address of at most 320 characters"))
    }
}

/// The limit of the vendor's page.
const MAX_EMAIL_CHARACTERS: u64 = 320;

#[cfg(test)]
mod tests;
