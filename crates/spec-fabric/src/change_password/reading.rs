use std::fmt;

use repass_spec::field::{self, list, non_empty};
use repass_spec::json::{self, JsonError};

pub use repass_spec::field::Problem;

use super::ChangePassword;

/// The reason why a body cannot be read. The message names every missing or invalid field and
/// quotes no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangePasswordError {
    /// It is not JSON.
    #[error(transparent)]
    Malformed(JsonError),
    /// It is JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
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
    /// `resetToken`
    ResetToken,
    /// `newPassword`
    NewPassword,
}

impl Field {
    const ALL: [Self; 3] = [Self::UserId, Self::ResetToken, Self::NewPassword];

    /// The field's name in the body.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserId => "userId",
            Self::ResetToken => "resetToken",
            Self::NewPassword => "newPassword",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ChangePassword {
    /// Reads a JSON body. Names are exact; unknown members are ignored; the last of several members
    /// of one name counts.
    ///
    /// # Errors
    /// All invalid fields, or the reason why no fields can be read.
    pub fn read(body: &[u8]) -> Result<Self, ChangePasswordError> {
        let is_wanted = |name: &str| Field::ALL.iter().any(|field| field.name() == name);
        let mut members = json::read_members(body, is_wanted).map_err(|error| match error {
            JsonError::Malformed { shape: true, .. } => ChangePasswordError::NotAnObject,
            malformed => ChangePasswordError::Malformed(malformed),
        })?;
        let mut errors = Vec::new();
        let mut good = |field: Field| {
            non_empty(members.take_last_exact(field.name()))
                .map_err(|problem| errors.push(FieldError { field, problem }))
                .ok()
        };
        let user_id = good(Field::UserId);
        let reset_token = good(Field::ResetToken);
        let new_password = good(Field::NewPassword);
        match (user_id, reset_token, new_password) {
            (Some(user_id), Some(reset_token), Some(new_password)) => {
                Ok(Self { user_id: user_id.expose().to_owned(), reset_token, new_password })
            }
            _ => Err(ChangePasswordError::Fields(errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use repass_core::Plaintext;

    use super::*;

    fn read(body: &str) -> Result<ChangePassword, String> {
        ChangePassword::read(body.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_of_the_vendors_page_is_read() {
        let request = read(
            r#"{
  "userId": "6169b2d892a5f30009d76480",
  "resetToken": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6IjYxZjIyMTU4...",
  "newPassword": "ABC123"
}"#,
        )
        .unwrap();
        assert_eq!(request.user_id, "6169b2d892a5f30009d76480");
        assert!(request.reset_token.expose().starts_with("eyJhbGciOiJSUzI1NiIs"));
        assert_eq!(request.new_password.expose(), "ABC123");
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        for (body, message) in [
            ("{}", "userId is required; resetToken is required; newPassword is required"),
            (
                r#"{"userId":7,"resetToken":"","newPassword":null}"#,
                "userId must be a string; resetToken must not be empty; newPassword is required",
            ),
            (
                r#"{"userId":"u","resetToken":{},"NewPassword":"n"}"#,
                "resetToken must be a string; newPassword is required",
            ),
            (
                r#"{"userId":"u","userId":"","resetToken":"t","newPassword":"n"}"#,
                "userId must not be empty",
            ),
            ("{\"userId\":\"u\",}", "the body is malformed JSON at line 1 column 15"),
            ("[]", "the body must be a JSON object"),
        ] {
            assert_eq!(read(body).unwrap_err(), message, "{body}");
        }
    }

    /// Proves ASVS 16.2.5.
    #[test]
    fn asvs_16_2_5_no_secret_reaches_debug_or_an_error() {
        let request =
            read(r#"{"userId":"u","resetToken":"hunter2","newPassword":"hunter2"}"#).unwrap();
        assert!(!format!("{request:?}").contains("hunter2"));
        assert!(!read(r#"{"resetToken":"hunter2","x"}"#).unwrap_err().contains("hunter2"));
    }

    proptest! {
        #[test]
        fn a_request_is_read_as_written(user_id in ".+", token in ".+", new in ".+") {
            let request = ChangePassword {
                user_id,
                reset_token: Plaintext::new(token),
                new_password: Plaintext::new(new),
            };
            let read = ChangePassword::read(request.to_json().unwrap().expose().as_bytes()).unwrap();
            prop_assert_eq!(&read.user_id, &request.user_id);
            prop_assert!(read.reset_token.same_as(&request.reset_token));
            prop_assert!(read.new_password.same_as(&request.new_password));
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = ChangePassword::read(&body);
        }
    }
}
