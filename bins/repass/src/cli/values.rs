//! Parses values of the command line. Every message says what is allowed; clap adds the option.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::RangedI64ValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use repass_config::{PolicyOrigin, Vendors};
use repass_core::{Administration, HashProfile, Policy, Realm, UserId};

use crate::settings::Settings;

const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

const MAX_HASH_TARGET: Duration = Duration::from_secs(60);

/// A policy with its name.
#[derive(Debug, Clone)]
pub(crate) struct NamedPolicy {
    pub(crate) name: String,
    pub(crate) policy: Policy,
    pub(crate) origin: PolicyOrigin,
}

impl NamedPolicy {
    /// Returns the preset of this name.
    pub(crate) fn preset(name: &str) -> Option<Self> {
        let policy = Policy::new(Vendors::bundled().policy_preset(name)?).ok()?;
        Some(Self { name: name.to_owned(), policy, origin: PolicyOrigin::preset(name) })
    }
}

pub(super) fn policy_help() -> String {
    format!(
        "The password policy: {}, or with --config the name of an API [default: with --config \
         that of the realm's API, else {}]",
        Vendors::bundled().policy_presets().join(", "),
        Settings::DEFAULT_POLICY,
    )
}

/// The account after which a list of accounts continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountCursor(String);

impl FromStr for AccountCursor {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl AccountCursor {
    /// Returns the realm and user id. Without `realm`, the text is `REALM/ID`.
    pub(crate) fn in_realm(&self, realm: Option<&Realm>) -> Result<(Realm, UserId), String> {
        let (realm, user_id) = match realm {
            Some(realm) => (Ok(realm.clone()), self.0.as_str()),
            None => {
                let (realm, user_id) = self
                    .0
                    .split_once('/')
                    .ok_or("--after must be REALM/ID if --realm is not given")?;
                (realm.parse(), user_id)
            }
        };
        let realm = realm.map_err(|error| format!("--after: {error}"))?;
        let user_id = user_id.parse().map_err(|error| format!("--after: {error}"))?;
        Ok((realm, user_id))
    }
}

/// A file with a name for its content: `NAME=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFile {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl FromStr for NamedFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                Ok(Self { name: name.to_owned(), file: file.into() })
            }
            _ => Err("must be NAME=FILE"),
        }
    }
}

pub(super) fn hash_profile(name: &str) -> Result<HashProfile, &'static str> {
    HashProfile::preset(name).ok_or("unknown profile")
}

pub(super) fn name(text: &str) -> Result<String, String> {
    plain(text, 320)
}

pub(super) fn key_name(text: &str) -> Result<String, String> {
    plain(text, 100)
}

pub(super) fn issuer(text: &str) -> Result<String, String> {
    if text.contains(':') {
        return Err("an issuer must not contain a colon".to_owned());
    }
    plain(text, 64)
}

fn plain(text: &str, max_chars: usize) -> Result<String, String> {
    let fits = (1..=max_chars).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to {max_chars} characters without control characters"))
    }
}

pub(super) fn limit() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000)
}

/// Parses an RFC 3339 time, or a date as its midnight in UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let time = text.parse().ok().or_else(|| Some(midnight()?.timestamp()));
    time.ok_or("must be a time such as 2026-11-27 or 2026-11-27T12:30:00Z")
}

pub(super) fn token_lifetime(text: &str) -> Result<Duration, String> {
    lifetime(text, MAX_TOKEN_LIFETIME, "3650d")
}

pub(super) fn reset_lifetime(text: &str) -> Result<Duration, String> {
    lifetime(text, Administration::RESET_LIFETIME, "10m")
}

pub(super) fn hash_target(text: &str) -> Result<Duration, &'static str> {
    let target = duration(text).ok_or("must be a number with a unit, such as 250ms or 1s")?;
    if target.is_zero() || target > MAX_HASH_TARGET {
        return Err("must be more than 0s and at most 60s");
    }
    Ok(target)
}

pub(super) fn threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    let number = text.parse::<NonZeroUsize>().ok().filter(|number| number.get() <= 1024);
    number.ok_or("must be a number from 1 to 1024")
}

fn lifetime(text: &str, max: Duration, max_text: &str) -> Result<Duration, String> {
    let duration =
        duration(text).ok_or("must be a number with a unit, such as 90s, 15m, 1h 30m or 7d")?;
    if duration < Duration::from_secs(1) || duration > max {
        return Err(format!("must be between 1s and {max_text}"));
    }
    Ok(duration)
}

/// Parses a duration. A day has 24 hours; a month has no fixed length and is refused.
fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    // Negative durations become zero, which every caller refuses.
    Some(Duration::try_from(signed).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let seconds = |text: &str| duration(text).map(|duration| duration.as_secs());
        for (text, expected) in [
            ("90s", 90),
            ("10m", 600),
            ("10 minutes", 600),
            ("1h 30m", 5400),
            ("1h30m", 5400),
            ("7d", 604_800),
            ("PT10M", 600),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for bad in ["", "600", "ten minutes", "1 month", "10x", "1h,", "-"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn lifetimes_have_bounds() {
        assert_eq!(reset_lifetime("10m"), Ok(Duration::from_secs(600)));
        for bad in ["0s", "-5m", "10ms", "601s", "1h"] {
            let reason = "must be between 1s and 10m".to_owned();
            assert_eq!(reset_lifetime(bad), Err(reason), "{bad}");
        }
        assert_eq!(token_lifetime("3650d"), Ok(MAX_TOKEN_LIFETIME));
        assert!(token_lifetime("3651d").is_err());
    }

    #[test]
    fn hash_targets_and_threads_have_bounds() {
        assert_eq!(hash_target("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(hash_target("1us"), Ok(Duration::from_micros(1)));
        for bad in ["", "250", "0s", "-1s", "61s"] {
            assert!(hash_target(bad).is_err(), "{bad}");
        }
        assert_eq!(threads("1024").unwrap().get(), 1024);
        for bad in ["", "0", "-1", "1025", "two"] {
            assert!(threads(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_names_a_realm_unless_the_realm_is_given() {
        let shop: Realm = "shop".parse().unwrap();
        let pat = |text: &str| (shop.clone(), text.parse().unwrap());
        let at = |text: &str| text.parse::<AccountCursor>().unwrap();
        assert_eq!(at("a/b").in_realm(Some(&shop)), Ok(pat("a/b")));
        assert_eq!(at("shop/a/b").in_realm(None), Ok(pat("a/b")));
        for bad in ["pat", "Shop/pat", "shop/", "/pat"] {
            assert!(at(bad).in_realm(None).unwrap_err().starts_with("--after"), "{bad}");
        }
    }

    #[test]
    fn names_have_no_control_characters_and_a_maximum_length() {
        assert!(name("Zoë O'Hara").is_ok());
        for bad in ["", "a\u{1b}[2J", "a\nb", &"x".repeat(321)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(issuer("a:b").unwrap_err().contains("colon"));
        assert!(key_name(&"ä".repeat(100)).is_ok() && key_name(&"ä".repeat(101)).is_err());
    }

    #[test]
    fn a_named_file_is_a_name_and_a_file() {
        let named: NamedFile = "shop=keys/a=b.txt".parse().unwrap();
        assert_eq!((named.name.as_str(), named.file.to_str()), ("shop", Some("keys/a=b.txt")));
        for bad in ["", "shop", "=file", "shop="] {
            assert!(bad.parse::<NamedFile>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = (token_lifetime(&text), name(&text));
            let _ = text.parse::<AccountCursor>().map(|position| position.in_realm(None));
        }
    }
}
