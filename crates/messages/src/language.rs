use std::str::FromStr;

/// A language of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese, as written in Brazil.
    Portuguese,
    /// Dutch.
    Dutch,
}

/// The text is not the code of a supported language.
#[derive(Debug, thiserror::Error)]
#[error("must be one of en, de, fr, es, it, pt, nl")]
pub struct UnknownLanguage;

impl Language {
    /// All supported languages.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
    ];

    /// The language's subtag (BCP 47).
    pub const fn subtag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Portuguese => "pt",
            Self::Dutch => "nl",
        }
    }

    /// The name of the language in itself.
    pub const fn native_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Italian => "Italiano",
            Self::Portuguese => "Português",
            Self::Dutch => "Nederlands",
        }
    }

    /// Returns the supported language that the value of an `Accept-Language` header prefers (RFC
    /// 9110, 12.5.4). Among languages of the same weight the first one counts.
    pub fn from_accept_language(value: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for range in value.split(',') {
            let (code, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=");
            let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            let is_better = weight > best.map_or(0.0, |(_, weight)| weight);
            if let Some(language) = Self::from_code(code).filter(|_| is_better) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    /// Returns the language of a code such as `de-AT` or `pt_BR` by its first subtag, ignoring
    /// case. In a list as in `Accept-Language` only the first code counts.
    pub fn from_code(code: &str) -> Option<Self> {
        let subtag = code.trim().split(['-', '_', ',', ';']).next()?;
        Self::ALL.into_iter().find(|language| language.subtag().eq_ignore_ascii_case(subtag))
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        Self::from_code(code).ok_or(UnknownLanguage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_fall_back_to_their_language() {
        for (code, language) in [
            ("en-UK", Language::English),
            ("de-AT", Language::German),
            ("DE_ch", Language::German),
            (" nl ", Language::Dutch),
            ("es-419", Language::Spanish),
            ("pt-BR", Language::Portuguese),
            ("it-x-any", Language::Italian),
            ("fr-CA, en;q=0.5", Language::French),
        ] {
            assert_eq!(Language::from_code(code), Some(language), "{code}");
        }
        for code in ["", "-", "-de", "languageCode", "deutsch", "ja-JP", "d", "\u{0}"] {
            assert_eq!(Language::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn the_preferred_supported_language_is_taken() {
        for (value, language) in [
            ("de-CH", Some(Language::German)),
            ("ja, fr-CA;q=0.8, en;q=0.7", Some(Language::French)),
            ("en;q=0.5,de;q=0.9,*;q=0.1", Some(Language::German)),
            ("it;q=0.5, nl;q=0.5", Some(Language::Italian)),
            ("es;q=0", None),
            ("pt;q=x, ", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(Language::from_accept_language(value), language, "{value}");
        }
    }

    #[test]
    fn the_error_lists_all_codes() {
        let codes: Vec<_> = Language::ALL.iter().map(|language| language.subtag()).collect();
        assert!(UnknownLanguage.to_string().ends_with(&codes.join(", ")));
    }
}
