use jiff::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use repass_core::{SignedTokenError, TokenTimes};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// Reads the times of a token. One without `exp` has `expires_at`, if that is given.
///
/// # Errors
/// When `iat` or the expiry is missing, or one of them or `nbf` is not a date.
pub fn times(
    claims: &Claims,
    expires_at: Option<Timestamp>,
) -> Result<TokenTimes, SignedTokenError> {
    let required = |name, date: Option<Timestamp>| date.ok_or(SignedTokenError::Claim(name));
    Ok(TokenTimes {
        issued_at: required("iat", date(claims, "iat")?)?,
        not_before: date(claims, "nbf")?,
        expires_at: required("exp", date(claims, "exp")?.or(expires_at))?,
    })
}

/// Reads a claim that is a NumericDate (RFC 7519, 2): seconds since 1970. A fraction is rounded to
/// the side that shortens the validity of the token: `nbf` up, and `iat` and `exp` down.
fn date(claims: &Claims, name: &'static str) -> Result<Option<Timestamp>, SignedTokenError> {
    let round = if name == "nbf" { f64::ceil } else { f64::floor };
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(date)) => {
            moment(date, round).map(Some).ok_or(SignedTokenError::Claim(name))
        }
        Some(_) => Err(SignedTokenError::Malformed),
    }
}

fn moment(date: &Number, round: fn(f64) -> f64) -> Option<Timestamp> {
    let second = match date.as_i64() {
        Some(second) => second,
        // Saturates, and a timestamp does not reach that far.
        None => round(date.as_f64()?) as i64,
    };
    Timestamp::from_second(second).ok().filter(|moment| *moment >= Timestamp::UNIX_EPOCH)
}

/// Returns the issuer that a token names (`iss`), without any verification, to find the keys. `None`
/// if it is not a JSON Web Token or names no issuer.
pub fn unverified_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    insecure_decode_claims::<Issuer>(token).ok().map(|claims| claims.iss)
}
