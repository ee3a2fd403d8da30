use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// The errors of the members of a request: messages by key, such as `userPassword.Password`, in the
/// order in which they were found. A server uses only the keys of known members, so their number is
/// bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelState(Vec<(String, Vec<String>)>);

impl ModelState {
    /// Returns the messages of `key`, which is compared without case; empty if it has no error.
    pub fn messages(&self, key: &str) -> &[String] {
        self.0
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(key))
            .map_or(&[], |(_, messages)| messages.as_slice())
    }

    /// Returns the keys with their messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, messages)| (key.as_str(), messages.as_slice()))
    }

    /// Whether there is no error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a message to those of the key.
    #[cfg(feature = "server")]
    pub(crate) fn add(&mut self, key: String, message: &str) {
        match self.0.iter_mut().find(|(own, _)| *own == key) {
            Some((_, messages)) => messages.push(message.to_owned()),
            None => self.0.push((key, vec![message.to_owned()])),
        }
    }
}

impl Serialize for ModelState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ModelState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = ModelState;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("messages by key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ModelState, A::Error> {
                let mut state = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    state.push(entry);
                }
                Ok(ModelState(state))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
