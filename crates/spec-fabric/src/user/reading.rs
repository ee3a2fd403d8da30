//! Reads a JSON object leniently: members of a wrong shape are dropped, and their paths are
//! recorded.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::Moment;

/// Reads the members of one object.
pub(super) struct ObjectReader<'a> {
    members: &'a Map<String, Value>,
    /// The path of the object, with a dot at its end; empty for the outermost one.
    path: String,
    dropped: &'a RefCell<Vec<String>>,
}

impl<'a> ObjectReader<'a> {
    /// Reads the outermost object with `read`. Returns also the paths of the members that were
    /// dropped.
    pub(super) fn read<T>(
        members: &'a Map<String, Value>,
        read: impl FnOnce(&ObjectReader<'_>) -> T,
    ) -> (T, Vec<String>) {
        let dropped = RefCell::default();
        let read = read(&ObjectReader { members, path: String::new(), dropped: &dropped });
        (read, dropped.into_inner())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.member(name, text)
    }

    pub(super) fn text_or_integer(&self, name: &str) -> Option<String> {
        self.member(name, |value| match value {
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            other => text(other),
        })
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.member(name, Value::as_bool)
    }

    pub(super) fn moment(&self, name: &str) -> Option<Moment> {
        self.member(name, |value| Moment::read(value.as_str()?))
    }

    /// Reads an array of strings, or one string as an array of one.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.member(name, |value| match value {
            Value::Array(items) => Some(items.as_slice()),
            Value::String(_) => Some(std::slice::from_ref(value)),
            _ => None,
        })?;
        Some(self.each(name, items, |_, item| text(item)))
    }

    pub(super) fn object(&self, name: &str) -> Option<ObjectReader<'a>> {
        let members = self.member(name, Value::as_object)?;
        Some(self.inner(members, format!("{}{name}.", self.path)))
    }

    /// Reads an array of objects; empty if it is absent.
    pub(super) fn objects(&self, name: &str) -> Vec<ObjectReader<'a>> {
        let items = self.member(name, Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.each(name, items, |path, item| Some(self.inner(item.as_object()?, format!("{path}."))))
    }

    /// Reads an object with any members.
    pub(super) fn any_object(&self, name: &str) -> Option<Map<String, Value>> {
        self.member(name, Value::as_object).cloned()
    }

    fn member<T>(&self, name: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        self.or_drop(read(value), || format!("{}{name}", self.path))
    }

    fn each<T>(
        &self,
        name: &str,
        items: &'a [Value],
        read: impl Fn(&str, &'a Value) -> Option<T>,
    ) -> Vec<T> {
        let path_of = |index: usize| format!("{}{name}[{index}]", self.path);
        let read = |(index, item)| {
            let path = path_of(index);
            self.or_drop(read(&path, item), || path)
        };
        items.iter().enumerate().filter_map(read).collect()
    }

    fn or_drop<T>(&self, read: Option<T>, path: impl FnOnce() -> String) -> Option<T> {
        if read.is_none() {
            self.dropped.borrow_mut().push(path());
        }
        read
    }

    fn inner(&self, members: &'a Map<String, Value>, path: String) -> ObjectReader<'a> {
        ObjectReader { members, path, dropped: self.dropped }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
