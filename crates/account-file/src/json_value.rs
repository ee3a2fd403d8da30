use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON value, deserialized without the special cases of serde_json.
///
/// If any crate of the build turns on serde_json's feature `raw_value`, [`Value`] replaces an
/// object that has a member `$serde_json::private::RawValue` by the JSON in that member.
pub(crate) struct JsonValue(pub(crate) Value);

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(JsonValue(value)) = array.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, JsonValue(value))) = object.next_entry::<String, _>()? {
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str::<JsonValue>(text).unwrap().0
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        let text = r#"{"a":[1,-2,1.5,1e300,18446744073709551615,true,null],"b":{"c":"\u00e4"}}"#;
        assert_eq!(read(text), serde_json::from_str::<Value>(text).unwrap());
        assert!(serde_json::from_str::<JsonValue>(&"[".repeat(1_000_000)).is_err());
    }

    /// Proves C4.
    #[test]
    fn c4_reserved_names_of_serde_json_are_data() {
        let text = r#"{"attributes":{"$serde_json::private::RawValue":"{\"a\":1}"}}"#;
        let interpreted = serde_json::from_str::<Value>(text).unwrap();
        assert_ne!(interpreted.to_string(), text, "these tests are built with raw_value");
        assert_eq!(read(text).to_string(), text);
        let invalid = r#"{"$serde_json::private::RawValue":"not JSON","b":1}"#;
        assert_eq!(read(invalid).to_string(), invalid);
    }

    proptest! {
        #[test]
        fn names_and_texts_are_kept(name in any::<String>(), text in any::<String>()) {
            let value = serde_json::json!({ name: [text, {}] });
            prop_assert_eq!(read(&value.to_string()), value);
        }
    }
}
