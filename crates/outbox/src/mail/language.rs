use repass_core::ClaimedEvent;
use repass_messages::Language;
use serde_json::Value;

/// Members of [`Profile::attributes`](repass_core::Profile::attributes) with the holder's language,
/// by priority: the names of SCIM (RFC 7643, 4.1.1) and OpenID Connect (Core 1.0, 5.1), and the
/// plain one.
const ATTRIBUTES: [&str; 3] = ["preferredLanguage", "locale", "language"];

/// Returns the language of the account, otherwise that of the request; only supported languages
/// count.
pub(super) fn of_holder(claimed: &ClaimedEvent) -> Option<Language> {
    let attributes = &claimed.holder.profile.attributes;
    let of_account = ATTRIBUTES.into_iter().filter_map(|name| attributes.get(name));
    let of_request = claimed.event.payload.get("language");
    of_account.chain(of_request).filter_map(Value::as_str).find_map(Language::from_code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests_support::claimed;
    use super::*;

    #[test]
    fn the_accounts_language_comes_before_that_of_the_request() {
        let mut claimed = claimed();
        let mut language = |attributes: Value, of_request: Value| {
            claimed.holder.profile.attributes = attributes.as_object().unwrap().clone();
            claimed.event.payload["language"] = of_request;
            of_holder(&claimed)
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
        assert_eq!(of_holder(&claimed), None);
    }
}
