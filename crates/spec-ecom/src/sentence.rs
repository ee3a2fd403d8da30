//! The sentences of the answers.

use repass_core::Violation;
use repass_messages::{ECOM, Language, violation};

use crate::Field;

/// A sentence of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sentence<'a> {
    Changed,
    Malformed,
    Missing(&'a [Field]),
    ConfirmationDiffers,
    Unauthenticated,
    WrongPassword,
    NotFound,
    MethodNotAllowed,
    UnsupportedMediaType,
    TooManyAttempts,
    BodyTooLarge,
    BodyIncomplete,
    Unavailable,
    Fault,
    /// One sentence for each broken rule.
    Rejected(&'a [Violation]),
}

impl Sentence<'_> {
    /// Returns the sentence in this language.
    pub(crate) fn text(self, language: Language) -> String {
        let id = match self {
            Self::Changed => "changed",
            Self::Malformed => "malformed",
            Self::Missing(fields) => {
                let names: Vec<String> = fields.iter().map(ToString::to_string).collect();
                return ECOM.text(language, "missing", [("fields", names.join(", ").into())]);
            }
            Self::ConfirmationDiffers => "confirmation-differs",
            Self::Unauthenticated => "unauthenticated",
            Self::WrongPassword => "wrong-password",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::TooManyAttempts => "too-many-attempts",
            Self::BodyTooLarge => "body-too-large",
            Self::BodyIncomplete => "body-incomplete",
            Self::Unavailable => "unavailable",
            Self::Fault => "fault",
            Self::Rejected(violations) => {
                let rules: Vec<String> =
                    violations.iter().map(|own| violation(language, own)).collect();
                return rules.join(" ");
            }
        };
        ECOM.text(language, id, [])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use repass_core::ContextWord;

    use super::*;

    fn violations() -> Vec<Violation> {
        let words = [
            ContextWord::UserId,
            ContextWord::Username,
            ContextWord::Email,
            ContextWord::Name,
            ContextWord::Service,
        ];
        let mut violations = vec![
            Violation::TooShort { min: 15, actual: 3 },
            Violation::TooShort { min: 1, actual: 0 },
            Violation::TooLong { max: 256 },
            Violation::TooLong { max: 1 },
            Violation::MissingLetter,
            Violation::MissingDigit,
            Violation::MissingSpecial,
            Violation::SameAsCurrent,
            Violation::Reused { last: 5 },
            Violation::Reused { last: 1 },
            Violation::Common,
            Violation::Weak { score: 1, min: 3 },
            Violation::Compromised { seen: 10 },
        ];
        violations.extend(words.map(|word| Violation::ContainsContextWord { word }));
        violations
    }

    /// Returns every sentence, with the parameters that it must contain.
    fn sentences_in(language: Language) -> Vec<(String, Vec<&'static str>)> {
        let fields = [Field::Uid, Field::NewPassword];
        let fixed = [
            Sentence::Changed,
            Sentence::Malformed,
            Sentence::ConfirmationDiffers,
            Sentence::Unauthenticated,
            Sentence::WrongPassword,
            Sentence::NotFound,
            Sentence::MethodNotAllowed,
            Sentence::UnsupportedMediaType,
            Sentence::TooManyAttempts,
            Sentence::BodyTooLarge,
            Sentence::BodyIncomplete,
            Sentence::Unavailable,
            Sentence::Fault,
        ];
        let mut sentences: Vec<(String, Vec<&'static str>)> =
            fixed.map(|sentence| (sentence.text(language), Vec::new())).into();
        sentences.push((Sentence::Missing(&fields).text(language), vec!["uid, newPassword"]));
        for violation in violations() {
            let parameters = match violation {
                Violation::TooShort { min: 15, .. } => vec!["15"],
                Violation::TooLong { max: 256 } => vec!["256"],
                Violation::TooShort { .. } | Violation::TooLong { .. } => vec!["1"],
                Violation::Reused { last: 5 } => vec!["5"],
                _ => Vec::new(),
            };
            sentences.push((Sentence::Rejected(&[violation]).text(language), parameters));
        }
        sentences
    }

    #[test]
    fn every_sentence_in_every_language_has_its_parameters_filled_in() {
        for language in Language::ALL {
            for (text, parameters) in sentences_in(language) {
                assert!(text.chars().count() > 10, "{language:?}: {text}");
                assert!(!text.contains(['{', '}']), "{language:?}: {text}");
                for parameter in parameters {
                    assert!(text.contains(parameter), "{language:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn no_two_sentences_are_the_same() {
        for language in Language::ALL {
            let texts: Vec<String> =
                sentences_in(language).into_iter().map(|(text, _)| text).collect();
            let distinct: HashSet<&String> = texts.iter().collect();
            assert_eq!(distinct.len(), texts.len(), "{language:?}");
        }
    }

    #[test]
    fn every_message_is_used() {
        let code =
            [include_str!("sentence.rs"), include_str!("../../messages/src/policy.rs")].concat();
        for id in ECOM.ids(Language::English) {
            assert!(code.contains(&format!("\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn the_english_sentences_about_rules_are_those_of_the_engine() {
        for violation in violations() {
            let text = Sentence::Rejected(std::slice::from_ref(&violation)).text(Language::English);
            assert_eq!(text, violation.to_string());
        }
    }

    #[test]
    fn sentences_begin_with_a_capital_and_end_with_a_full_stop() {
        for language in Language::ALL {
            for (text, _) in sentences_in(language) {
                let whole = text.ends_with('.') && text.starts_with(char::is_uppercase);
                assert_eq!(whole, text != "password changed successfully", "{text}");
            }
        }
    }
}
