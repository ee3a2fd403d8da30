use http::HeaderMap;
use repass_core::Plaintext;
use repass_spec::header;
use repass_spec::json::{self, JsonError, Member, Members};

use super::{SiteContext, SiteContextError, X_SITE_CONTEXT, is_site_account};

impl SiteContext {
    /// Reads the header. Members of an unexpected type, except the account, are ignored like
    /// unknown ones.
    ///
    /// # Errors
    /// The reason why the site account cannot be read.
    pub fn read(headers: &HeaderMap) -> Result<Self, SiteContextError> {
        if !headers.contains_key(X_SITE_CONTEXT) {
            return Err(SiteContextError::Missing);
        }
        let text = header::single(headers, &X_SITE_CONTEXT).ok_or(SiteContextError::Unreadable)?;
        let mut members = object(text)?;
        let account = members.take_last_exact("account").and_then(text_of);
        let account = account.filter(|account| is_site_account(account));
        Ok(Self {
            date: members.take_last_exact("date").and_then(text_of),
            channel: members.take_last_exact("channel").and_then(text_or_number),
            account: account.ok_or(SiteContextError::NoAccount)?,
            stage: members.take_last_exact("stage").and_then(text_of),
        })
    }
}

fn object(text: &str) -> Result<Members, SiteContextError> {
    match members(text) {
        Err(SiteContextError::NotAnObject) => match json::read(text.as_bytes()) {
            Ok(Member::Text(inner)) => members(inner.expose()),
            _ => Err(SiteContextError::NotAnObject),
        },
        read => read,
    }
}

fn members(text: &str) -> Result<Members, SiteContextError> {
    let is_wanted = |name: &str| ["account", "date", "channel", "stage"].contains(&name);
    json::read_members(text.as_bytes(), is_wanted).map_err(|error| match error {
        JsonError::Malformed { shape: true, .. } => SiteContextError::NotAnObject,
        _ => SiteContextError::NotJson,
    })
}

fn text_of(member: Member) -> Option<String> {
    member.into_text().as_ref().map(Plaintext::expose).map(str::to_owned)
}

fn text_or_number(member: Member) -> Option<String> {
    match member {
        Member::Number(number) => Some(number.to_string()),
        other => text_of(other),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: &str = "1234abcd5678efgh9ijklmno";

    fn read(value: &str) -> Result<SiteContext, SiteContextError> {
        let mut headers = HeaderMap::new();
        headers.insert(X_SITE_CONTEXT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        SiteContext::read(&headers)
    }

    #[test]
    fn the_example_of_the_vendors_page_is_read_as_object_and_as_string() {
        let expected = SiteContext {
            date: Some("2023-01-01T00:00:00.000Z".to_owned()),
            channel: Some("12".to_owned()),
            account: ACCOUNT.to_owned(),
            stage: Some("production".to_owned()),
        };
        let string = r#""{\"date\": \"2023-01-01T00:00:00.000Z\", \"channel\": 12, \"account\": \"1234abcd5678efgh9ijklmno\",\"stage\":\"production\"}""#;
        assert_eq!(read(string).unwrap(), expected);
        let object: String = serde_json::from_str(string).unwrap();
        assert_eq!(read(&object).unwrap(), expected);
    }

    #[test]
    fn only_the_account_is_required() {
        let context = format!(
            r#"{{"account":"{ACCOUNT}","channel":"web","date":5,"stage":[],"more":{{"x":1}}}}"#
        );
        let expected = SiteContext { channel: Some("web".to_owned()), ..SiteContext::new(ACCOUNT) };
        assert_eq!(read(&context).unwrap(), expected);
    }

    #[test]
    fn a_context_without_an_account_is_refused() {
        let twice = format!(r#""\"{{\\\"account\\\":\\\"{ACCOUNT}\\\"}}\"""#);
        for (value, error) in [
            ("", SiteContextError::NotJson),
            ("{", SiteContextError::NotJson),
            ("\"{\"", SiteContextError::NotJson),
            ("{} x", SiteContextError::NotJson),
            ("[]", SiteContextError::NotAnObject),
            ("null", SiteContextError::NotAnObject),
            ("\"[]\"", SiteContextError::NotAnObject),
            (&twice, SiteContextError::NotAnObject),
            ("{}", SiteContextError::NoAccount),
            (r#"{"account":123456789012345678901234}"#, SiteContextError::NoAccount),
            (r#"{"account":"1234abcd5678efgh9ijklmn"}"#, SiteContextError::NoAccount),
            (r#"{"account":"1234abcd5678efgh9ijklmnop"}"#, SiteContextError::NoAccount),
            (r#"{"account":"1234abcd5678efgh9ijklmn-"}"#, SiteContextError::NoAccount),
            (r#"{"Account":"1234abcd5678efgh9ijklmno"}"#, SiteContextError::NoAccount),
            (
                r#"{"account":"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"}"#,
                SiteContextError::NoAccount,
            ),
            ("{\"account\":\"\u{e4}\"}", SiteContextError::Unreadable),
        ] {
            assert_eq!(read(value), Err(error), "{value}");
            assert!(error.to_string().starts_with("x-site-context"));
        }
        assert_eq!(SiteContext::read(&HeaderMap::new()), Err(SiteContextError::Missing));
    }

    #[test]
    fn two_headers_are_refused() {
        let mut headers = HeaderMap::new();
        let value = SiteContext::new(ACCOUNT).to_header().unwrap();
        headers.append(X_SITE_CONTEXT, value.clone());
        headers.append(X_SITE_CONTEXT, value);
        assert_eq!(SiteContext::read(&headers), Err(SiteContextError::Unreadable));
    }

    #[test]
    fn a_context_is_read_as_written() {
        let context = SiteContext {
            date: Some("2023-01-01".to_owned()),
            channel: Some("12".to_owned()),
            account: ACCOUNT.to_owned(),
            stage: Some("a \"b\"".to_owned()),
        };
        let header = context.to_header().unwrap();
        assert_eq!(read(header.to_str().unwrap()).unwrap(), context);
        let foreign = SiteContext { stage: Some("\u{e4}".to_owned()), ..context };
        assert_eq!(foreign.to_header(), Err(SiteContextError::Unreadable));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(value in prop::collection::vec(32_u8..=255, 0..256)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(X_SITE_CONTEXT, value);
            }
            prop_assert!(SiteContext::read(&headers).is_err());
        }
    }
}
