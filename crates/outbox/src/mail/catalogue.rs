//! Every sentence of a mail, in every language; a file each language.

mod dutch;
mod english;
mod french;
mod german;
mod italian;
mod portuguese;
mod spanish;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use repass_core::EventKind;

use super::Language;

/// All sentences in one language.
pub(super) struct Catalogue {
    password_changed: Words,
    password_reset: Words,
    account_locked: Words,
    attempts_exhausted: Words,
    reset_requested: Words,
    /// What stands before the account's name.
    pub(super) account: &'static str,
    /// What stands before the moment.
    pub(super) moment: &'static str,
    /// What stands before the network address that the request came from.
    pub(super) address: &'static str,
    /// What stands before what the browser or app calls itself.
    pub(super) device: &'static str,
    /// What stands before the ways to the support.
    pub(super) support: &'static str,
    /// What stands between each of these and what it is about.
    pub(super) colon: &'static str,
    /// That no person wrote this.
    pub(super) automatic: &'static str,
    /// January to December, as they stand in a date.
    months: [&'static str; 12],
    /// A date and a time in UTC: `{day}`, `{month}`, `{year}` and `{time}` in the language's order.
    date: &'static str,
    /// The first day of a month, where that is written otherwise.
    first_day: &'static str,
}

/// What is said of one event.
pub(super) struct Words {
    /// The subject and the heading.
    pub(super) title: &'static str,
    /// What happened.
    pub(super) happened: &'static str,
    /// What to do if it was the holder.
    pub(super) if_you: &'static str,
    /// What to do if it was not.
    pub(super) if_not_you: &'static str,
}

impl Catalogue {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::ENGLISH,
            Language::German => &german::GERMAN,
            Language::French => &french::FRENCH,
            Language::Spanish => &spanish::SPANISH,
            Language::Italian => &italian::ITALIAN,
            Language::Portuguese => &portuguese::PORTUGUESE,
            Language::Dutch => &dutch::DUTCH,
        }
    }

    /// What is said of such an event; nothing of one that the engine learned later.
    pub(super) const fn words(&self, kind: EventKind) -> Option<&Words> {
        match kind {
            EventKind::PasswordChanged => Some(&self.password_changed),
            EventKind::PasswordReset => Some(&self.password_reset),
            EventKind::AccountLocked => Some(&self.account_locked),
            EventKind::AttemptsExhausted => Some(&self.attempts_exhausted),
            EventKind::ResetRequested => Some(&self.reset_requested),
            _ => None,
        }
    }

    /// The moment as it is written in this language, in UTC, to the minute.
    pub(super) fn date(&self, at: Timestamp) -> String {
        let at = at.to_zoned(TimeZone::UTC);
        let month = usize::try_from(at.month()).ok().and_then(|month| month.checked_sub(1));
        let month = month.and_then(|month| self.months.get(month)).copied().unwrap_or_default();
        let day = match at.day() {
            1 => self.first_day.to_owned(),
            day => day.to_string(),
        };
        self.date
            .replace("{day}", &day)
            .replace("{month}", month)
            .replace("{year}", &at.year().to_string())
            .replace("{time}", &at.strftime("%H:%M").to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Everything that is said in a language, but for the names of months.
    fn said_in(language: Language) -> Vec<&'static str> {
        let catalogue = Catalogue::of(language);
        let mut said = vec![
            catalogue.account,
            catalogue.moment,
            catalogue.address,
            catalogue.device,
            catalogue.support,
            catalogue.automatic,
        ];
        for kind in EventKind::ALL {
            let words = catalogue.words(kind).unwrap();
            said.extend([words.title, words.happened, words.if_you, words.if_not_you]);
        }
        said
    }

    #[test]
    fn every_event_has_every_sentence_in_every_language() {
        for language in Language::ALL {
            for text in said_in(language) {
                assert!(text.chars().count() >= 4, "{language:?}: {text}");
                assert!(!text.contains(['{', '}', '<', '>', '\n']), "{language:?}: {text}");
                assert_eq!(text.trim(), text, "{language:?}");
            }
            for kind in EventKind::ALL {
                let words = Catalogue::of(language).words(kind).unwrap();
                assert!(!words.title.ends_with('.'), "{}", words.title);
                for sentence in [words.happened, words.if_you, words.if_not_you] {
                    assert!(sentence.ends_with('.'), "{language:?}: {sentence}");
                    assert!(sentence.starts_with(char::is_uppercase), "{language:?}: {sentence}");
                    assert!(sentence.chars().count() > 20, "{language:?}: {sentence}");
                }
            }
        }
    }

    #[test]
    fn events_are_told_apart() {
        for language in Language::ALL {
            let catalogue = Catalogue::of(language);
            let all = || EventKind::ALL.into_iter().filter_map(|kind| catalogue.words(kind));
            let titles: HashSet<_> = all().map(|words| words.title).collect();
            let happened: HashSet<_> = all().map(|words| words.happened).collect();
            assert_eq!((titles.len(), happened.len()), (5, 5), "{language:?}");
        }
    }

    #[test]
    fn no_sentence_is_left_in_another_language() {
        let mut seen: HashSet<&str> = HashSet::new();
        for language in Language::ALL {
            // A word may well be the same in two languages; a sentence is not.
            let sentences: HashSet<_> =
                said_in(language).into_iter().filter(|text| text.contains(' ')).collect();
            for text in sentences {
                assert!(seen.insert(text), "{language:?}: {text}");
            }
        }
    }

    #[test]
    fn dates_are_written_in_the_languages_order() {
        let at: Timestamp = "2026-03-01T07:05:59Z".parse().unwrap();
        let dates = Language::ALL.map(|language| Catalogue::of(language).date(at));
        assert_eq!(
            dates,
            [
                "1 March 2026, 07:05 UTC",
                "1. März 2026, 07:05 Uhr UTC",
                "1er mars 2026 à 07:05 UTC",
                "1 de marzo de 2026, 07:05 UTC",
                "1º marzo 2026, 07:05 UTC",
                "1 de março de 2026, 07:05 UTC",
                "1 maart 2026, 07:05 UTC",
            ]
        );
        let at: Timestamp = "2026-12-31T23:59:00Z".parse().unwrap();
        assert_eq!(Catalogue::of(Language::German).date(at), "31. Dezember 2026, 23:59 Uhr UTC");
    }

    #[test]
    fn every_date_is_filled_in() {
        for language in Language::ALL {
            let catalogue = Catalogue::of(language);
            let months: HashSet<_> = catalogue.months.into_iter().collect();
            assert_eq!(months.len(), 12, "{language:?}");
            for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert!(!catalogue.date(at).contains(['{', '}']), "{language:?}");
            }
        }
    }
}
