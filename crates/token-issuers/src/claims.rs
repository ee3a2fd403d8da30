use jiff::Timestamp;
use repass_core::{SignedTokenError, TokenTimes};
use repass_jwt::serde_json::Value;
use repass_jwt::{Claims, times};

use crate::outcome::Refusal;

/// The names of the claims that repass reads. A name that begins with `/` is a JSON Pointer (RFC
/// 6901), such as `/realm_access/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The claim with the user id: text or an integer.
    pub user_id: String,
    /// The claim with the roles: a list of texts, or one text with spaces between the roles. If
    /// unset, callers have no roles. The role `admin` is that of repass.
    pub roles: Option<String>,
}

/// The claim `sub`, and no roles.
impl Default for ClaimNames {
    fn default() -> Self {
        Self { user_id: "sub".to_owned(), roles: None }
    }
}

/// What a token says about its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenClaims {
    pub(crate) user_id: String,
    pub(crate) roles: Vec<String>,
    pub(crate) times: TokenTimes,
}

impl ClaimNames {
    /// Reads the claims of an access token. One without `exp` has `expires_at`, if that is given.
    pub(crate) fn read(
        &self,
        claims: &Claims,
        expires_at: Option<Timestamp>,
    ) -> Result<TokenClaims, Refusal> {
        // AWS Cognito writes `access`, Ory Hydra `access_token`.
        let is_access =
            |value: &Value| value.is_null() || value == "access" || value == "access_token";
        if !claims.get("token_use").is_none_or(is_access) {
            return Err(SignedTokenError::Claim("token_use").into());
        }
        // RFC 9449, 7.2 and RFC 8705, 3: the possession of the key must be checked.
        if claims.get("cnf").is_some_and(|bound| !bound.is_null()) {
            return Err(Refusal::Bound);
        }
        let times = times(claims, expires_at)?;
        let user_id = find(claims, &self.user_id).and_then(user_id).ok_or(Refusal::UserId)?;
        let roles = self.roles.as_ref().and_then(|name| find(claims, name));
        Ok(TokenClaims { user_id, roles: roles.map(roles_of).unwrap_or_default(), times })
    }
}

fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    let (first, rest) = pointer.split_at(pointer.find('/').unwrap_or(pointer.len()));
    claims.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

fn user_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn roles_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        Value::Array(roles) => roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use repass_jwt::serde_json::json;

    use super::*;

    fn read(names: &ClaimNames, more: Value) -> Result<TokenClaims, Refusal> {
        let mut claims = json!({ "sub": "pat", "iat": 10, "exp": 20 });
        let Value::Object(more) = more else { panic!("claims are an object") };
        let claims = claims.as_object_mut().unwrap();
        claims.extend(more);
        names.read(claims, None)
    }

    #[test]
    fn a_user_id_is_text_or_an_integer() {
        let names = ClaimNames::default();
        for (sub, user_id) in [
            (json!("pat"), Some("pat")),
            (json!(1001), Some("1001")),
            (json!(-7), Some("-7")),
            (json!(1.5), None),
            (json!(null), None),
            (json!(["pat"]), None),
        ] {
            let read = read(&names, json!({ "sub": sub })).map(|claims| claims.user_id);
            assert_eq!(read, user_id.map(str::to_owned).ok_or(Refusal::UserId), "{sub}");
        }
    }

    #[test]
    fn claims_are_found_by_name_or_pointer() {
        let more = json!({
            "https://shop.example/id": "kim",
            "realm_access": { "roles": ["admin", 7, "user"] },
            "scope": "admin read",
            "orgs": [{ "roles": ["user"] }],
        });
        for (user_id, roles, expected) in [
            ("https://shop.example/id", Some("/realm_access/roles"), &["admin", "user"][..]),
            ("/https:~1~1shop.example~1id", Some("scope"), &["admin", "read"]),
            ("https://shop.example/id", Some("/orgs/0/roles"), &["user"]),
            ("https://shop.example/id", Some("absent"), &[]),
            ("https://shop.example/id", Some("/realm_access"), &[]),
            ("https://shop.example/id", None, &[]),
        ] {
            let names = ClaimNames { user_id: user_id.to_owned(), roles: roles.map(str::to_owned) };
            let claims = read(&names, more.clone()).unwrap();
            assert_eq!(claims.user_id, "kim");
            assert_eq!(claims.roles, expected, "{roles:?}");
        }
    }

    #[test]
    fn tokens_for_another_use_or_bound_to_a_key_are_refused() {
        let names = ClaimNames::default();
        for own in ["access", "access_token"] {
            assert!(read(&names, json!({ "token_use": own, "cnf": null })).is_ok());
        }
        for other in
            [json!("id"), json!("refresh"), json!("refresh_token"), json!("Access"), json!(7)]
        {
            let refused = read(&names, json!({ "token_use": other })).unwrap_err();
            assert_eq!(refused, Refusal::Token(SignedTokenError::Claim("token_use")));
        }
        let bound = json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } });
        assert_eq!(read(&names, bound).unwrap_err(), Refusal::Bound);
    }

    #[test]
    fn iat_and_exp_are_required() {
        let names = ClaimNames::default();
        for name in ["iat", "exp"] {
            let refused = read(&names, json!({ name: null })).unwrap_err();
            assert_eq!(refused, Refusal::Token(SignedTokenError::Claim(name)));
        }
    }
}
