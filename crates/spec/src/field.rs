//! The fields of a body, for APIs that report all invalid fields at once.

use std::fmt::Display;

use repass_core::Plaintext;

use crate::json::Member;

/// One field that is missing or invalid. `F` is the API's enum of its fields, which displays as
/// their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError<F> {
    /// The field.
    pub field: F,
    /// The problem with it.
    pub problem: Problem,
}

/// The problem with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is required and missing.
    #[error("is required")]
    Missing,
    /// It is not a string.
    #[error("must be a string")]
    NotAString,
    /// It is the empty string.
    #[error("must not be empty")]
    Empty,
    /// It is a string, but not of this form.
    #[error("must be {0}")]
    MustBe(&'static str),
}

/// Returns all errors in one sentence, which quotes nothing of the body.
pub fn list<F: Display>(errors: &[FieldError<F>]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Returns the text of a required field. `null` counts as missing.
///
/// # Errors
/// When it is missing, not a string, or empty.
pub fn non_empty(member: Option<Member>) -> Result<Plaintext, Problem> {
    match member {
        None | Some(Member::Null) => Err(Problem::Missing),
        Some(Member::Text(text)) if text.is_empty() => Err(Problem::Empty),
        Some(Member::Text(text)) => Ok(text),
        Some(_) => Err(Problem::NotAString),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named_at_once() {
        let text = |text: &str| Some(Member::Text(Plaintext::from(text)));
        let problems = [
            non_empty(None).unwrap_err(),
            non_empty(Some(Member::Null)).unwrap_err(),
            non_empty(Some(Member::Composite)).unwrap_err(),
            non_empty(text("")).unwrap_err(),
            Problem::MustBe("an address"),
        ];
        let fields = ["a", "b", "c", "d", "e"].into_iter();
        let errors: Vec<_> =
            fields.zip(problems).map(|(field, problem)| FieldError { field, problem }).collect();
        let message = "a is required; b is required; c must be a string; d must not be empty; \
                       e must be an address";
        assert_eq!(list(&errors), message);
        assert_eq!(non_empty(text(" ")).unwrap().expose(), " ");
    }
}
