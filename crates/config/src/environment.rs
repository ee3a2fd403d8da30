//! The environment variables that override keys of the configuration file.

use std::ffi::{OsStr, OsString};

use ::config::{Environment, Map, Source, Value, ValueKind};

use super::ConfigError;
use super::file::TomlFile;

const PREFIX: &str = "REPASS_";

/// The variables of the same prefix that `repass` reads.
const COMMAND_LINE_VARIABLES: [&str; 7] = [
    "REPASS_CONFIG",
    "REPASS_DATABASE",
    "REPASS_KEY_FILE",
    "REPASS_SCHEMA",
    "REPASS_HASH_PROFILE",
    "REPASS_PEPPER",
    "REPASS_PEPPER_KEYS",
];

/// The variables that begin with `REPASS_`.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// Those that override keys, or are misspelled.
    pub(super) overrides: Map<String, String>,
    /// The names of those that Kubernetes sets for a Service named `repass` or `repass-…`.
    pub(super) ignored: Vec<String>,
}

pub(super) fn read(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Variables, ConfigError> {
    let mut read = Variables::default();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with(PREFIX) || COMMAND_LINE_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        if is_kubernetes_variable(&name, &value) {
            read.ignored.push(name);
            continue;
        }
        match value.into_string() {
            Ok(value) => read.overrides.insert(name, value),
            Err(_) => {
                return Err(ConfigError::Variable { name, reason: "its value is not UTF-8" });
            }
        };
    }
    Ok(read)
}

/// Overrides as a source of values. Each value is text, since a realm can be "007"; text is
/// converted where a key is a number. An array in TOML is an array.
#[derive(Debug, Clone)]
pub(super) struct Overrides(pub(super) Map<String, String>);

impl Source for Overrides {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ::config::ConfigError> {
        let texts = Environment::with_prefix("REPASS").prefix_separator("_").separator("__");
        let values = texts.try_parsing(false).source(Some(self.0.clone())).collect()?;
        Ok(values.into_iter().map(|(key, value)| (key, with_array(value))).collect())
    }
}

fn with_array(value: Value) -> Value {
    match &value.kind {
        ValueKind::String(text) if text.starts_with('[') => {
            let file = TomlFile::parse(&format!("value = {text}"));
            file.ok().and_then(|file| file.into_value("value")).unwrap_or(value)
        }
        _ => value,
    }
}

/// Returns the name of the variable that sets `key`, if it is one of `variables`.
pub(super) fn variable_of(key: &str, variables: &[String]) -> Option<String> {
    let variable = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
    let is_given = variables.iter().any(|given| given.eq_ignore_ascii_case(&variable));
    is_given.then(|| format!("environment variable {variable}"))
}

/// Whether Kubernetes sets a variable of this name in each container of a namespace that has a
/// Service named `repass` or `repass-…`: `…_SERVICE_HOST`, `…_SERVICE_PORT`,
/// `…_SERVICE_PORT_<name>`, `…_PORT`, and `…_PORT_<number>_<protocol>`, which `_ADDR`, `_PORT` or
/// `_PROTO` may follow. No variable of a key has one of these forms. The value of `…_PORT` is a
/// URL, unlike that of a misspelled key such as `REPASS_MAIL_PORT`.
fn is_kubernetes_variable(name: &str, value: &OsStr) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    if rest.contains("__") {
        return false;
    }
    let parts: Vec<&str> = rest.split('_').collect();
    let is_number = |part: &str| part.parse::<u16>().is_ok();
    let is_protocol = |part: &str| matches!(part, "TCP" | "UDP" | "SCTP");
    // The parts before are the rest of the Service's name.
    (0..parts.len()).any(|at| match &parts[at..] {
        ["SERVICE", "HOST"] | ["SERVICE", "PORT", ..] => true,
        ["PORT"] => value.to_str().is_some_and(|value| value.contains("://")),
        ["PORT", number, protocol] => is_number(number) && is_protocol(protocol),
        ["PORT", number, protocol, "ADDR" | "PORT" | "PROTO"] => {
            is_number(number) && is_protocol(protocol)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: &str, value: OsString) -> Result<Variables, ConfigError> {
        read([(OsString::from(name), value)].into_iter())
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_utf_8_is_named_and_others_are_ignored() {
        use std::os::unix::ffi::OsStringExt;

        let not_utf_8 = || OsString::from_vec(vec![0xff]);
        let message = read_one("REPASS_LISTEN", not_utf_8()).unwrap_err().to_string();
        assert_eq!(message, "environment variable REPASS_LISTEN: its value is not UTF-8");
        for other in ["PATH", "REPASS_DATABASE", "REPASS_PORT_80_TCP"] {
            assert!(read_one(other, not_utf_8()).unwrap().overrides.is_empty(), "{other}");
        }
    }

    /// Proves L6.
    #[test]
    fn l6_variables_of_kubernetes_services_are_ignored() {
        for name in [
            "REPASS_SERVICE_HOST",
            "REPASS_SERVICE_PORT",
            "REPASS_SERVICE_PORT_HTTP_ADMIN",
            "REPASS_PORT",
            "REPASS_PORT_8080_TCP",
            "REPASS_PORT_8080_TCP_ADDR",
            "REPASS_PORT_8080_TCP_PORT",
            "REPASS_PORT_8080_UDP_PROTO",
            "REPASS_SHOP_2_SERVICE_HOST",
            "REPASS_SHOP_2_PORT_8080_TCP_ADDR",
        ] {
            let read = read_one(name, "tcp://10.0.0.1:8080".into()).unwrap();
            assert_eq!(read.ignored, [name]);
            assert!(read.overrides.is_empty(), "{name}");
        }
        for name in [
            "REPASS_LISTEN",
            "REPASS_LISTNE",
            "REPASS_MAIL__PORT",
            "REPASS_MAIL_PORT",
            "REPASS_PORTS",
            "REPASS_PORT_X_TCP",
            "REPASS_PORT_8080_HTTP",
            "REPASS_SERVICE",
        ] {
            assert!(read_one(name, "x".into()).unwrap().overrides.contains_key(name), "{name}");
        }
    }
}
