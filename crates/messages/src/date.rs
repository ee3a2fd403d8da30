use icu_calendar::{Date, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::YMD;
use icu_locale_core::{Locale, locale};

use crate::Language;

impl Language {
    /// Formats a date with the name of its month, such as `1 March 2026`.
    pub fn date(self, date: jiff::civil::Date) -> String {
        let Some(formatted) = self.format(date) else {
            return date.to_string();
        };
        // French and Italian write the first of a month as an ordinal, which ICU does not.
        match self {
            Self::French if date.day() == 1 => formatted.replacen('1', "1er", 1),
            Self::Italian if date.day() == 1 => formatted.replacen('1', "1º", 1),
            _ => formatted,
        }
    }

    fn format(self, date: jiff::civil::Date) -> Option<String> {
        let (year, month, day) = (date.year(), date.month(), date.day());
        let month = u8::try_from(month).ok()?;
        let day = u8::try_from(day).ok()?;
        let date = Date::try_new_gregorian(year.into(), month, day).ok()?;
        let locale = self.locale().into();
        let formatter =
            FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new(locale, YMD::long()).ok()?;
        Some(formatter.format(&date).to_string())
    }

    const fn locale(self) -> Locale {
        match self {
            // Day before month, as in most countries.
            Self::English => locale!("en-GB"),
            Self::German => locale!("de"),
            Self::French => locale!("fr"),
            Self::Spanish => locale!("es"),
            Self::Italian => locale!("it"),
            Self::Portuguese => locale!("pt"),
            Self::Dutch => locale!("nl"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::{Date, date};

    use super::*;

    #[test]
    fn dates_follow_the_conventions_of_each_language() {
        let formatted = |date| Language::ALL.map(|language| language.date(date));
        assert_eq!(
            formatted(date(2026, 3, 1)),
            [
                "1 March 2026",
                "1. März 2026",
                "1er mars 2026",
                "1 de marzo de 2026",
                "1º marzo 2026",
                "1 de março de 2026",
                "1 maart 2026",
            ]
        );
        assert_eq!(
            formatted(date(2111, 12, 11)),
            [
                "11 December 2111",
                "11. Dezember 2111",
                "11 décembre 2111",
                "11 de diciembre de 2111",
                "11 dicembre 2111",
                "11 de dezembro de 2111",
                "11 december 2111",
            ]
        );
    }

    #[test]
    fn every_month_has_a_name_and_extreme_dates_are_formatted() {
        for language in Language::ALL {
            let months = (1..=12).map(|month| language.date(date(2026, month, 2)));
            assert_eq!(months.collect::<HashSet<_>>().len(), 12, "{language:?}");
            for at in [Date::MIN, Date::MAX] {
                assert_ne!(language.date(at), at.to_string(), "{language:?}");
            }
        }
    }
}
