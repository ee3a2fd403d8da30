use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// What is wrong with the members of a request: messages by key, such as `userPassword.Password`,
/// in the order in which they were found. A server writes the keys of the members that it knows, so
/// they are few, whatever a request holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelState(Vec<(String, Vec<String>)>);

impl ModelState {
    /// The messages of `key`, in any case; empty when nothing is wrong with it.
    pub fn messages(&self, key: &str) -> &[String] {
        self.0
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(key))
            .map_or(&[], |(_, messages)| messages.as_slice())
    }

    /// Keys with their messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, messages)| (key.as_str(), messages.as_slice()))
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message behind those that the key has already.
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
