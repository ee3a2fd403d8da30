use http::header::{HeaderMap, HeaderName, HeaderValue};
use repass_core::Plaintext;
use repass_spec::header;
use repass_spec::json::{self, JsonError, Member, Members};
use serde::Serialize;

/// The header's name.
pub(crate) const X_SITE_CONTEXT: HeaderName = HeaderName::from_static("x-site-context");

/// The `x-site-context` of a request: a JSON object in a header, which names the site account.
///
/// The vendor's page shows it as a JSON *string* that holds the object; that is read as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteContext {
    /// Any date; narrows the source of data down at the vendor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The sales channel, a number or a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The site account: 24 ASCII letters and digits.
    pub account: String,
    /// The environment's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

/// Why a request has no site account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteContextError {
    /// The header is not there.
    #[error("x-site-context is required")]
    Missing,
    /// It is there twice, or holds more than visible ASCII.
    #[error("x-site-context must be one header of visible ASCII characters")]
    Unreadable,
    /// It is no JSON.
    #[error("x-site-context must be JSON")]
    NotJson,
    /// It is JSON, but no object, nor a string that holds one.
    #[error("x-site-context must be a JSON object")]
    NotAnObject,
    /// It names no site account.
    #[error("x-site-context must have an account of 24 letters and digits")]
    NoAccount,
}

/// Whether `text` has the shape of a site account: 24 ASCII letters and digits.
pub fn is_site_account(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl SiteContext {
    /// A context that names the site account and nothing else.
    pub fn new(account: impl Into<String>) -> Self {
        Self { date: None, channel: None, account: account.into(), stage: None }
    }

    /// Reads the header. Of the members other than the account, those of another type than fabric
    /// gives them are ignored, as unknown ones are.
    ///
    /// # Errors
    /// Why there is no site account to be had of it.
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

    /// The header's value.
    ///
    /// # Errors
    /// When a member holds more than visible ASCII.
    pub fn to_header(&self) -> Result<HeaderValue, SiteContextError> {
        let text = serde_json::to_string(self).map_err(|_| SiteContextError::NotJson)?;
        HeaderValue::from_str(&text)
            .ok()
            .filter(|value| value.to_str().is_ok())
            .ok_or(SiteContextError::Unreadable)
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
    json::read(text.as_bytes()).map_err(|error| match error {
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
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: &str = "1234abcd5678efgh9ijklmno";

    fn read(value: &str) -> Result<SiteContext, SiteContextError> {
        let mut headers = HeaderMap::new();
        headers.insert(X_SITE_CONTEXT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        SiteContext::read(&headers)
    }

    #[test]
    fn the_pages_example_is_read_as_object_and_as_string() {
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
    fn only_the_account_is_demanded() {
        let context = format!(
            r#"{{"account":"{ACCOUNT}","channel":"web","date":5,"stage":[],"more":{{"x":1}}}}"#
        );
        let expected = SiteContext { channel: Some("web".to_owned()), ..SiteContext::new(ACCOUNT) };
        assert_eq!(read(&context).unwrap(), expected);
    }

    #[test]
    fn whatever_has_no_account_is_refused() {
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
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        let value = SiteContext::new(ACCOUNT).to_header().unwrap();
        headers.append(X_SITE_CONTEXT, value.clone());
        headers.append(X_SITE_CONTEXT, value);
        assert_eq!(SiteContext::read(&headers), Err(SiteContextError::Unreadable));
    }

    #[test]
    fn what_a_client_writes_is_what_is_read() {
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
