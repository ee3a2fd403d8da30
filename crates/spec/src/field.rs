//! The fields of a body, for APIs that tell of everything that is wrong with them at once.

use std::fmt::Display;

use repass_core::Plaintext;

use crate::json::Member;

/// One field that is missing or invalid. `F` is the API's list of its fields, and displays as their
/// names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError<F> {
    /// Which field.
    pub field: F,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is required and not there.
    #[error("is required")]
    Missing,
    /// It is there, but no string.
    #[error("must be a string")]
    NotAString,
    /// It is the empty string.
    #[error("must not be empty")]
    Empty,
    /// It is a string, but not this.
    #[error("must be {0}")]
    Not(&'static str),
}

/// All that is wrong, in one sentence that quotes nothing of the body.
pub fn list<F: Display>(errors: &[FieldError<F>]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The text of a required field. `null` is as if the field were not there.
///
/// # Errors
/// When it is missing, no string or empty.
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
            Problem::Not("an address"),
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
