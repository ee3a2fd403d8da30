use std::fmt;

use serde::Serialize;

/// A violation of one rule of a policy, with the values for a message. It contains no part of the
/// password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Violation {
    /// The password has too few code points.
    TooShort {
        /// The fewest allowed.
        min: usize,
        /// The number of code points.
        actual: usize,
    },
    /// The password has too many code points, or more than 4,096 bytes.
    TooLong {
        /// The most allowed.
        max: usize,
    },
    /// The password has no letter.
    MissingLetter,
    /// The password has no decimal digit.
    MissingDigit,
    /// The password has no special character.
    MissingSpecial,
    /// The password is the account's current one.
    SameAsCurrent,
    /// The password is one of the account's earlier ones.
    Reused {
        /// The number of earlier passwords that are refused.
        last: usize,
    },
    /// The password is made of context-specific words; see [`ContextWords`](super::ContextWords).
    #[serde(rename = "contains-account-word")]
    ContainsContextWord {
        /// The source of the word.
        word: ContextWord,
    },
    /// The password is on a list of common passwords.
    Common,
    /// The strength estimate of the password is too low.
    Weak {
        /// The score, 0 to 4.
        score: u8,
        /// The lowest score that is accepted.
        min: u8,
    },
    /// The password is known from breaches.
    Compromised {
        /// How often it was seen, at least: a power of ten.
        seen: u64,
    },
}

/// The source of a context-specific word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextWord {
    /// The user id.
    UserId,
    /// The user name.
    Username,
    /// The e-mail address.
    Email,
    /// One of the user's names.
    Name,
    /// A word of the service; see `PolicyRules::context_words`.
    Service,
}

impl Violation {
    /// Returns the stable code of the rule, for programs, translations and audit records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::MissingLetter => "missing-letter",
            Self::MissingDigit => "missing-digit",
            Self::MissingSpecial => "missing-special",
            Self::SameAsCurrent => "same-as-current",
            Self::Reused { .. } => "reused",
            Self::ContainsContextWord { .. } => "contains-account-word",
            Self::Common => "common",
            Self::Weak { .. } => "weak",
            Self::Compromised { .. } => "compromised",
        }
    }
}

/// An English sentence for the user.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min, .. } => {
                write!(f, "The new password must have at least {}.", characters(*min))
            }
            Self::TooLong { max } => {
                write!(f, "The new password must have at most {}.", characters(*max))
            }
            Self::MissingLetter => f.write_str("The new password must contain a letter."),
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
                write!(f, "The new password must not be based on {word}.")
            }
            Self::Common => f.write_str("The new password is among those that many people use."),
            Self::Weak { .. } => f.write_str("The new password is too easy to guess."),
            Self::Compromised { .. } => {
                f.write_str("The new password is known from data breaches at other services.")
            }
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
            Self::Email => "the e-mail address",
            Self::Name => "a name of the account holder",
            Self::Service => "the name of this service",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_violation_is_one_sentence() {
        let message = |violation: Violation| violation.to_string();
        for (violation, sentence) in [
            (Violation::TooShort { min: 1, actual: 0 }, "must have at least 1 character."),
            (Violation::TooShort { min: 15, actual: 2 }, "must have at least 15 characters."),
            (Violation::TooLong { max: 64 }, "must have at most 64 characters."),
            (Violation::MissingLetter, "must contain a letter."),
            (Violation::MissingDigit, "must contain a digit."),
            (Violation::MissingSpecial, "must contain a special character."),
            (Violation::SameAsCurrent, "must differ from the current one."),
            (Violation::Reused { last: 1 }, "must differ from the previous one."),
            (Violation::Reused { last: 5 }, "must differ from the last 5 passwords."),
        ] {
            assert_eq!(message(violation), format!("The new password {sentence}"));
        }
        for (word, name) in [
            (ContextWord::UserId, "the user ID"),
            (ContextWord::Username, "the user name"),
            (ContextWord::Email, "the e-mail address"),
            (ContextWord::Name, "a name of the account holder"),
            (ContextWord::Service, "the name of this service"),
        ] {
            let expected = format!("The new password must not be based on {name}.");
            assert_eq!(message(Violation::ContainsContextWord { word }), expected);
        }
        let compromised = "The new password is known from data breaches at other services.";
        assert_eq!(message(Violation::Compromised { seen: 10 }), compromised);
        let weak = "The new password is too easy to guess.";
        assert_eq!(message(Violation::Weak { score: 1, min: 3 }), weak);
        let common = "The new password is among those that many people use.";
        assert_eq!(message(Violation::Common), common);
    }
}
