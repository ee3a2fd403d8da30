//! Collects the mistakes of a configuration.

use ::config::{Value, ValueKind};

use crate::KeyError;

/// The mistakes that one check of a configuration found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(pub(crate) Vec<KeyError>);

impl Mistakes {
    /// Returns the value, or keeps the error.
    pub(crate) fn take<T>(&mut self, result: Result<T, KeyError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }
}

/// Removes the value of `key` from a table; with `or_table` also the table around a missing key.
pub(crate) fn remove(table: &mut Value, key: &str, or_table: bool) -> bool {
    let ValueKind::Table(table) = &mut table.kind else { return false };
    if table.remove(key).is_some() {
        return true;
    }
    let Some((name, rest)) = key.split_once('.') else { return false };
    let removed = table.get_mut(name).is_some_and(|inner| remove(inner, rest, or_table));
    removed || (or_table && table.remove(name).is_some())
}
