//! Reads JSON bodies a second time, with serde_json only and without types.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The position of a vendor's passwords in JSON.
pub struct Passwords {
    /// The objects that contain them, from the outermost one.
    pub objects: &'static [&'static str],
    pub old: &'static str,
    pub new: &'static str,
    /// Whether names are matched in any case.
    pub any_case: bool,
}

impl Passwords {
    /// Returns the old and the new password of a body that a vendor accepted; a missing one or
    /// `null` is empty. `None` if this reading and the vendor's may differ.
    ///
    /// # Panics
    /// When the body is not a JSON object.
    pub fn read(&self, body: &[u8]) -> Option<(String, String)> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        // serde_json reserves these names, and its limit of depth is one less than ours.
        let is_own = body.windows(12).any(|name| name == b"$serde_json:");
        let depth = body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
        if is_own || depth > 126 {
            return None;
        }
        let mut text = std::str::from_utf8(body).expect("an accepted body is UTF-8").to_owned();
        // Like Json.NET, customer reads half of a pair of surrogates, which serde_json refuses.
        if text.to_ascii_lowercase().contains("\\ud") {
            return None;
        }
        for name in self.objects {
            text = self.last(&text, name)?;
        }
        let password = |name| {
            let text = self.last(&text, name);
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
        };
        Some((password(self.old), password(self.new)))
    }

    /// Returns the last member of this name in an object.
    fn last(&self, object: &str, name: &str) -> Option<String> {
        let members: Members = serde_json::from_str(object)
            .unwrap_or_else(|error| panic!("an accepted body: {error}: {object:?}"));
        let is_same = |own: &str| match self.any_case {
            true => own.eq_ignore_ascii_case(name),
            false => own == name,
        };
        let (_, value) = members.0.into_iter().rfind(|(own, _)| is_same(own))?;
        Some(value.get().to_owned())
    }
}

/// The members of an object in order, with duplicates.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
