//! Every sentence that a bot may have to show, in every language; a file each language.

mod english;
mod french;
mod german;
mod italian;
mod portuguese;
mod spanish;

use repass_core::{AccountWord, Violation};

use crate::{Field, Language};

/// Something to be said.
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
    /// Every broken rule, one after the other.
    Rejected(&'a [Violation]),
}

impl Sentence<'_> {
    /// The sentence in that language.
    pub(crate) fn text(self, language: Language) -> String {
        let catalogue = Catalogue::of(language);
        let fixed = match self {
            Self::Changed => catalogue.changed,
            Self::Malformed => catalogue.malformed,
            Self::Missing(fields) => {
                let names: Vec<String> = fields.iter().map(ToString::to_string).collect();
                return catalogue.missing.replace("{fields}", &names.join(", "));
            }
            Self::ConfirmationDiffers => catalogue.confirmation_differs,
            Self::Unauthenticated => catalogue.unauthenticated,
            Self::WrongPassword => catalogue.wrong_password,
            Self::NotFound => catalogue.not_found,
            Self::MethodNotAllowed => catalogue.method_not_allowed,
            Self::UnsupportedMediaType => catalogue.unsupported_media_type,
            Self::TooManyAttempts => catalogue.too_many_attempts,
            Self::BodyTooLarge => catalogue.body_too_large,
            Self::BodyIncomplete => catalogue.body_incomplete,
            Self::Unavailable => catalogue.unavailable,
            Self::Fault => catalogue.fault,
            Self::Rejected(violations) => {
                let sentences: Vec<String> =
                    violations.iter().map(|violation| catalogue.violation(violation)).collect();
                return sentences.join(" ");
            }
        };
        fixed.to_owned()
    }
}

/// All sentences in one language. `{fields}` and `{count}` stand for what is filled in.
struct Catalogue {
    changed: &'static str,
    malformed: &'static str,
    missing: &'static str,
    confirmation_differs: &'static str,
    unauthenticated: &'static str,
    wrong_password: &'static str,
    not_found: &'static str,
    method_not_allowed: &'static str,
    unsupported_media_type: &'static str,
    too_many_attempts: &'static str,
    body_too_large: &'static str,
    body_incomplete: &'static str,
    unavailable: &'static str,
    fault: &'static str,
    too_short: Counted,
    too_long: Counted,
    missing_digit: &'static str,
    missing_special: &'static str,
    same_as_current: &'static str,
    reused: Counted,
    contains_user_id: &'static str,
    contains_username: &'static str,
    contains_email: &'static str,
    contains_name: &'static str,
    common: &'static str,
}

/// A sentence about one thing or several.
struct Counted {
    one: &'static str,
    other: &'static str,
}

impl Counted {
    fn text(&self, count: usize) -> String {
        let pattern = if count == 1 { self.one } else { self.other };
        pattern.replace("{count}", &count.to_string())
    }
}

impl Catalogue {
    const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::ENGLISH,
            Language::German => &german::GERMAN,
            Language::French => &french::FRENCH,
            Language::Spanish => &spanish::SPANISH,
            Language::Portuguese => &portuguese::PORTUGUESE,
            Language::Italian => &italian::ITALIAN,
        }
    }

    fn violation(&self, violation: &Violation) -> String {
        let fixed = match violation {
            Violation::TooShort { min, .. } => return self.too_short.text(*min),
            Violation::TooLong { max } => return self.too_long.text(*max),
            Violation::MissingDigit => self.missing_digit,
            Violation::MissingSpecial => self.missing_special,
            Violation::SameAsCurrent => self.same_as_current,
            Violation::Reused { last } => return self.reused.text(*last),
            Violation::ContainsAccountWord { word: AccountWord::UserId } => self.contains_user_id,
            Violation::ContainsAccountWord { word: AccountWord::Username } => {
                self.contains_username
            }
            Violation::ContainsAccountWord { word: AccountWord::Email } => self.contains_email,
            Violation::ContainsAccountWord { word: AccountWord::Name } => self.contains_name,
            Violation::Common => self.common,
            // A rule that the engine learned later; its English is better than silence.
            other => return other.to_string(),
        };
        fixed.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn violations() -> Vec<Violation> {
        let words =
            [AccountWord::UserId, AccountWord::Username, AccountWord::Email, AccountWord::Name];
        let mut violations = vec![
            Violation::TooShort { min: 15, actual: 3 },
            Violation::TooShort { min: 1, actual: 0 },
            Violation::TooLong { max: 256 },
            Violation::TooLong { max: 1 },
            Violation::MissingDigit,
            Violation::MissingSpecial,
            Violation::SameAsCurrent,
            Violation::Reused { last: 5 },
            Violation::Reused { last: 1 },
            Violation::Common,
        ];
        violations.extend(words.map(|word| Violation::ContainsAccountWord { word }));
        violations
    }

    /// Every sentence there is, with the parameters that must stand in it.
    fn said_in(language: Language) -> Vec<(String, Vec<&'static str>)> {
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
        let mut said: Vec<(String, Vec<&'static str>)> =
            fixed.map(|sentence| (sentence.text(language), Vec::new())).into();
        said.push((Sentence::Missing(&fields).text(language), vec!["uid, newPassword"]));
        for violation in violations() {
            let parameters = match violation {
                Violation::TooShort { min: 15, .. } => vec!["15"],
                Violation::TooLong { max: 256 } => vec!["256"],
                Violation::TooShort { .. } | Violation::TooLong { .. } => vec!["1"],
                Violation::Reused { last: 5 } => vec!["5"],
                _ => Vec::new(),
            };
            said.push((Sentence::Rejected(&[violation]).text(language), parameters));
        }
        said
    }

    #[test]
    fn every_sentence_in_every_language_has_its_parameters_filled_in() {
        for language in Language::ALL {
            for (text, parameters) in said_in(language) {
                assert!(text.chars().count() > 10, "{language:?}: {text}");
                assert!(!text.contains(['{', '}']), "{language:?}: {text}");
                for parameter in parameters {
                    assert!(text.contains(parameter), "{language:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn no_sentence_is_said_for_two_things() {
        for language in Language::ALL {
            let texts: Vec<String> = said_in(language).into_iter().map(|(text, _)| text).collect();
            let distinct: HashSet<&String> = texts.iter().collect();
            assert_eq!(distinct.len(), texts.len(), "{language:?}");
        }
    }

    #[test]
    fn no_sentence_is_left_in_another_language() {
        let mut seen: HashSet<String> = HashSet::new();
        for language in Language::ALL {
            for (text, _) in said_in(language) {
                assert!(seen.insert(text.clone()), "{language:?}: {text}");
            }
        }
    }

    #[test]
    fn violations_read_in_english_as_the_engine_words_them() {
        for violation in violations() {
            let text = Sentence::Rejected(std::slice::from_ref(&violation)).text(Language::English);
            assert_eq!(text, violation.to_string());
        }
    }

    #[test]
    fn all_but_the_published_sentence_are_sentences() {
        for language in Language::ALL {
            for (text, _) in said_in(language) {
                let whole = text.ends_with('.') && text.starts_with(char::is_uppercase);
                assert_eq!(whole, text != "password changed successfully", "{text}");
            }
        }
    }
}
