use std::fmt;

use serde::Serialize;

/// One broken rule of a policy, with what a message about it needs. It never holds any part of the
/// password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Violation {
    /// Fewer code points than demanded.
    TooShort {
        /// Fewest allowed.
        min: usize,
        /// How many there are.
        actual: usize,
    },
    /// More code points than allowed, or more than 4,096 bytes.
    TooLong {
        /// Most allowed.
        max: usize,
    },
    /// No decimal digit where one is demanded.
    MissingDigit,
    /// No special character where one is demanded.
    MissingSpecial,
    /// It is the account's current password.
    SameAsCurrent,
    /// It is one of the account's earlier passwords.
    Reused {
        /// How many earlier passwords are refused.
        last: usize,
    },
    /// It contains a context-specific word: one of the account's own.
    #[serde(rename = "contains-account-word")]
    ContainsContextWord {
        /// The source of the word.
        word: ContextWord,
    },
    /// It is on a list of passwords that many people use.
    Common,
}

/// Where a context-specific word that a password contains comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextWord {
    /// The user id.
    UserId,
    /// The user name.
    Username,
    /// A part of the e-mail address.
    Email,
    /// One of the user's names.
    Name,
}

impl Violation {
    /// The rule's name: stable, for programs, translations and the audit trail.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::MissingDigit => "missing-digit",
            Self::MissingSpecial => "missing-special",
            Self::SameAsCurrent => "same-as-current",
            Self::Reused { .. } => "reused",
            Self::ContainsContextWord { .. } => "contains-account-word",
            Self::Common => "common",
        }
    }
}

/// A sentence in English for the person who chose the password.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min, .. } => {
                write!(f, "The new password must have at least {}.", characters(*min))
            }
            Self::TooLong { max } => {
                write!(f, "The new password must have at most {}.", characters(*max))
            }
            Self::MissingDigit => f.write_str("The new password must contain a digit."),
            Self::MissingSpecial => {
                f.write_str("The new password must contain a special character.")
            }
            Self::SameAsCurrent => {
                f.write_str("The new password must differ from the current one.")
            }
            Self::Reused { last: 1 } => {
                f.write_str("The new password must differ from the previous one.")
            }
            Self::Reused { last } => {
                write!(f, "The new password must differ from the last {last} passwords.")
            }
            Self::ContainsContextWord { word } => {
                write!(f, "The new password must not contain {word}.")
            }
            Self::Common => f.write_str("The new password is among those that many people use."),
        }
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}

impl fmt::Display for ContextWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserId => "the user ID",
            Self::Username => "the user name",
            Self::Email => "a part of the e-mail address",
            Self::Name => "a name of the account holder",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_violation_is_one_sentence() {
        let told = |violation: Violation| violation.to_string();
        for (violation, sentence) in [
            (Violation::TooShort { min: 1, actual: 0 }, "must have at least 1 character."),
            (Violation::TooShort { min: 15, actual: 2 }, "must have at least 15 characters."),
            (Violation::TooLong { max: 64 }, "must have at most 64 characters."),
            (Violation::MissingDigit, "must contain a digit."),
            (Violation::MissingSpecial, "must contain a special character."),
            (Violation::SameAsCurrent, "must differ from the current one."),
            (Violation::Reused { last: 1 }, "must differ from the previous one."),
            (Violation::Reused { last: 5 }, "must differ from the last 5 passwords."),
        ] {
            assert_eq!(told(violation), format!("The new password {sentence}"));
        }
        for (word, name) in [
            (ContextWord::UserId, "the user ID"),
            (ContextWord::Username, "the user name"),
            (ContextWord::Email, "a part of the e-mail address"),
            (ContextWord::Name, "a name of the account holder"),
        ] {
            let expected = format!("The new password must not contain {name}.");
            assert_eq!(told(Violation::ContainsContextWord { word }), expected);
        }
        let common = "The new password is among those that many people use.";
        assert_eq!(told(Violation::Common), common);
    }
}
