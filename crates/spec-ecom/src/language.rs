/// A language that answers are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Language {
    /// English, which is also the answer to any language not known here.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese, as written in Brazil.
    Portuguese,
    /// Italian.
    Italian,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 6] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Portuguese, Self::Italian];

    /// The language's subtag (BCP 47).
    pub const fn subtag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
        }
    }

    /// The language of a code such as `pt-BR` or `de_AT`, by its first subtag in any case. English
    /// for one that is unknown or malformed.
    pub fn of_code(code: &str) -> Self {
        let subtag = code.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.subtag().eq_ignore_ascii_case(subtag))
            .unwrap_or_default()
    }

    /// The language of a code, where there is one.
    pub(crate) fn of(code: Option<&str>) -> Self {
        code.map(Self::of_code).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_subtag_counts_in_any_case() {
        for (code, language) in [
            ("en-US", Language::English),
            ("en-UK", Language::English),
            ("de", Language::German),
            ("DE_at", Language::German),
            (" fr-CA ", Language::French),
            ("es-419", Language::Spanish),
            ("pt-BR", Language::Portuguese),
            ("it-x-any", Language::Italian),
        ] {
            assert_eq!(Language::of_code(code), language, "{code}");
        }
    }

    #[test]
    fn anything_else_is_english() {
        for code in ["", "-", "languageCode", "deutsch", "ja-JP", "d", "\u{0}"] {
            assert_eq!(Language::of_code(code), Language::English, "{code}");
        }
    }
}
