use std::str::FromStr;

use repass_core::ClaimedEvent;
use serde_json::Value;

/// A language that mails are written in.
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

/// A text names no language that mails are written in.
#[derive(Debug, thiserror::Error)]
#[error("must be one of en, de, fr, es, it, pt, nl")]
pub struct UnknownLanguage;

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
    ];

    /// The members of [`Profile::attributes`](repass_core::Profile::attributes) that may tell the
    /// holder's language, the first one first: as SCIM (RFC 7643, 4.1.1) and OpenID Connect (Core
    /// 1.0, 5.1) call it, and by its plain name.
    pub const ATTRIBUTES: [&str; 3] = ["preferredLanguage", "locale", "language"];

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

    /// The language of a code such as `de-AT` or `pt_BR`, by its first subtag in any case. Of a list
    /// as in `Accept-Language` the first code counts.
    pub fn of_code(code: &str) -> Option<Self> {
        let subtag = code.trim().split(['-', '_', ',', ';']).next()?;
        Self::ALL.into_iter().find(|language| language.subtag().eq_ignore_ascii_case(subtag))
    }

    /// The language to tell the holder of an event in: the account's own, else the one that the
    /// request asked for, as far as mails are written in it.
    pub(super) fn of_holder(claimed: &ClaimedEvent) -> Option<Self> {
        let attributes = &claimed.holder.profile.attributes;
        let own = Self::ATTRIBUTES.into_iter().filter_map(|name| attributes.get(name));
        let asked_for = claimed.event.payload.get("language");
        own.chain(asked_for).filter_map(Value::as_str).find_map(Self::of_code)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        Self::of_code(code).ok_or(UnknownLanguage)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests_support::claimed;
    use super::*;

    #[test]
    fn regions_fall_back_to_their_language() {
        for (code, language) in [
            ("de-AT", Language::German),
            ("DE_ch", Language::German),
            (" nl ", Language::Dutch),
            ("es-419", Language::Spanish),
            ("pt-BR", Language::Portuguese),
            ("fr-CA, en;q=0.5", Language::French),
        ] {
            assert_eq!(Language::of_code(code), Some(language), "{code}");
        }
        for code in ["", "-", "deutsch", "ja-JP", "d", "\u{0}"] {
            assert_eq!(Language::of_code(code), None, "{code}");
        }
    }

    #[test]
    fn the_accounts_language_comes_before_that_of_the_request() {
        let mut claimed = claimed();
        let mut language = |attributes: Value, asked_for: Value| {
            claimed.holder.profile.attributes = attributes.as_object().unwrap().clone();
            claimed.event.payload["language"] = asked_for;
            Language::of_holder(&claimed)
        };
        assert_eq!(language(json!({ "locale": "fr_FR" }), json!("it")), Some(Language::French));
        assert_eq!(language(json!({ "locale": "ja", "language": "nl" }), json!("it")), {
            Some(Language::Dutch)
        });
        assert_eq!(language(json!({ "locale": 7 }), json!("it-CH")), Some(Language::Italian));
        assert_eq!(language(json!({ "locale": "ja" }), json!("languageCode")), None);
        assert_eq!(language(json!({}), json!(null)), None);
    }

    #[test]
    fn an_old_event_may_lack_the_language() {
        let mut claimed = claimed();
        claimed.event.payload = json!({});
        assert_eq!(Language::of_holder(&claimed), None);
    }

    #[test]
    fn the_list_of_codes_is_whole() {
        let codes: Vec<_> = Language::ALL.iter().map(|language| language.subtag()).collect();
        assert!(UnknownLanguage.to_string().ends_with(&codes.join(", ")));
    }
}
