//! All mistakes in the shape of a JSON body, by the schema that the OpenAPI document has of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::problem::FieldError;

/// Returns the members of a JSON text that are missing, unknown or of another type than in `T`;
/// serde reports only the first of them. A text that is not valid JSON has none.
pub(crate) fn mistakes<T: ToSchema>(json: &[u8]) -> Vec<FieldError> {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    // A schema can always be written as JSON.
    let as_json = |schema| serde_json::to_value(schema).unwrap_or_default();
    let schemas = schemas.into_iter().map(|(name, schema)| (name, as_json(schema))).collect();
    let (schema, mut found) = (as_json(T::schema()), Vec::new());
    let body =
        Place { schema: &schema, schemas: &schemas, pointer: String::new(), found: &mut found };
    let mut text = serde_json::Deserializer::from_slice(json);
    if body.deserialize(&mut text).is_ok() { found } else { Vec::new() }
}

/// A value with its schema.
struct Place<'a> {
    schema: &'a Value,
    schemas: &'a Map<String, Value>,
    pointer: String,
    found: &'a mut Vec<FieldError>,
}

impl<'a> Place<'a> {
    /// Returns the place of a member or an item.
    fn inner<'i>(&'i mut self, name: &str, schema: &'i Value) -> Place<'i> {
        let name = name.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{}/{name}", self.pointer);
        Place { schema, schemas: self.schemas, pointer, found: self.found }
    }

    fn fail(&mut self, code: &'static str, detail: String) {
        self.found.push(FieldError::new(self.pointer.clone(), code, detail));
    }

    /// Returns the schema of a value of this type. If there is none, the type is a mistake.
    fn of_type(&mut self, kind: &str) -> Option<&'a Value> {
        let alternatives = alternatives(self.schema, self.schemas);
        let is_of_type = |own: &&&Value| {
            let kinds = kinds(own);
            kinds.is_empty() || kinds.contains(&kind)
        };
        let found = alternatives.iter().find(is_of_type).copied();
        if found.is_none() {
            let kinds: Vec<&str> = alternatives.iter().flat_map(|own| kinds(own)).collect();
            self.fail("type", format!("must be {}", kinds.join(" or ")));
        }
        found
    }
}

/// Returns the schemas that a value may have, without references.
fn alternatives<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> Vec<&'a Value> {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    match (name, schema["oneOf"].as_array()) {
        (Some(name), _) => alternatives(&schemas[name], schemas),
        (None, Some(several)) => {
            several.iter().flat_map(|one| alternatives(one, schemas)).collect()
        }
        (None, None) => vec![schema],
    }
}

/// Returns the types of a schema; none if it allows every value.
fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.of_type("null");
        Ok(())
    }

    fn visit_bool<E>(mut self, _: bool) -> Result<(), E> {
        self.of_type("boolean");
        Ok(())
    }

    fn visit_u64<E>(mut self, _: u64) -> Result<(), E> {
        self.of_type("integer");
        Ok(())
    }

    // No number of a body is negative or has a fraction.
    fn visit_i64<E>(mut self, _: i64) -> Result<(), E> {
        self.of_type("number");
        Ok(())
    }

    fn visit_f64<E>(mut self, _: f64) -> Result<(), E> {
        self.of_type("number");
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        let schema = self.of_type("string");
        if let Some(values) = schema.and_then(|own| own["enum"].as_array()) {
            let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            if !values.contains(&text) {
                self.fail("invalid", format!("is one of {}", values.join(", ")));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let schema = self.of_type("array").map_or(&Value::Null, |own| &own["items"]);
        let mut at: usize = 0;
        while items.next_element_seed(self.inner(&at.to_string(), schema))?.is_some() {
            at += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let schema = self.of_type("object").unwrap_or(&Value::Null);
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            match schema["properties"].get(&name) {
                Some(schema) => members.next_value_seed(self.inner(&name, schema))?,
                None => {
                    members.next_value::<IgnoredAny>()?;
                    if schema["additionalProperties"] == Value::Bool(false) {
                        let mut member = self.inner(&name, schema);
                        member.fail("unknown", format!("unknown member `{name}`"));
                    }
                }
            }
            seen.insert(name);
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !seen.contains(*name)) {
            self.fail("missing", format!("the member `{name}` is missing"));
        }
        Ok(())
    }
}
