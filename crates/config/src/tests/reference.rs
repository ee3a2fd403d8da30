//! Tests of the manual: the tables of the keys are generated from the configuration's types and its
//! error messages, and the examples are loaded. `UPDATE=1` writes the tables.

use repass_store_postgres::PostgresOptions;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::super::raw::RawConfig;
use super::super::show::is_secret;
use super::*;

const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bins/repassd/README.md");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bins/repassd/repassd.schema.json");
const BEGIN: &str = "<!-- The keys: made by the tests of `config`. -->\n";
const END: &str = "<!-- The end of the keys. -->\n";

/// Every table, with its required keys.
const REQUIRED: &str = "\
    [store]\nurl = 'sqlite:///tmp/x.db'\n\
    [tls.acme]\ndomains = ['example.org']\nfolder = 'acme'\n\
    [traces]\nendpoint = 'http://localhost:4318/v1/traces'\n\
    [admin.tls]\ncertificate = 'tls.pem'\nkey = 'tls.key'\n\
    [store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'\n\
    [hashing.peppers.ID]\nkey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n\
    [hashing.firebase.NAME]\nsigner_key = 'AAEC/w=='\n\
    [hashing.devise.NAME]\npepper = 'p'\n\
    [webhook]\nurl = 'https://example.org/'\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n\
    [mail]\nserver = 'localhost'\nfrom = 'a@example.org'\nproduct = 'p'\n\
    support_url = 'https://example.org'\n\
    [pages]\nbase_url = 'https://example.org'\n\
    [api.NAME]\n";

struct Manual {
    required: toml::Table,
    folder: tempfile::TempDir,
    tables: String,
}

impl Manual {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let required = REQUIRED.parse().unwrap();
        write_installation_key(folder.path());
        write_certificate(folder.path());
        Self { required, folder, tables: String::new() }
    }

    /// Writes the table at `place` and those below it.
    fn table(&mut self, place: &str, heading: &str, schema: &Value) {
        let keys = schema["properties"].as_object().unwrap();
        self.tables += &format!("\n#### {heading}\n\n{}\n\n", text_of(schema));
        self.tables += "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
        let (leaves, below): (Vec<_>, Vec<_>) =
            keys.iter().partition(|(_, schema)| Inner::from_schema(schema).is_none());
        let required = schema["required"].as_array();
        for (name, schema) in leaves {
            if keys.contains_key(&format!("{name}_file")) {
                let key = format!(".{place}.{name}");
                assert!(is_secret(&key, &"x".into()), "{key} is not hidden by show-config");
            }
            let required = required.is_some_and(|names| names.iter().any(|one| one == name));
            self.key(place, name, schema, required);
        }
        for (name, schema) in below {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            match Inner::from_schema(schema).unwrap() {
                Inner::Table(inner) => self.table(&place, &format!("`[{place}]`"), inner),
                Inner::Array(inner) => self.table(&place, &format!("`[[{place}]]`"), inner),
                Inner::Named(inner) => {
                    let table = at(&self.required, &place).and_then(toml::Value::as_table);
                    let place = format!("{place}.{}", table.unwrap().keys().next().unwrap());
                    self.table(&place, &format!("`[{place}]`"), inner);
                }
            }
        }
    }

    fn key(&mut self, place: &str, name: &str, schema: &Value, required: bool) {
        let key = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        let meaning = text_of(schema);
        let (meaning, default) = match meaning.split_once(" Default: `") {
            Some((meaning, default)) => (meaning, default.strip_suffix("`.")),
            None => (meaning.as_str(), None),
        };
        let (kind, bad) = kind_of(name, schema);
        let requirement = bad.iter().find_map(|bad| self.requirement(&key, bad));
        if let Some(default) = default {
            self.check_default(&key, default, &kind, requirement.as_deref());
        }
        let default = match default {
            Some(default) => format!("`{default}`"),
            None if required || at(&self.required, &key).is_some() => "required".to_owned(),
            None => String::new(),
        };
        let value = match requirement {
            Some(requirement) => match requirement.strip_prefix("one of ") {
                Some(choices) => format!("`{}`", choices.replace(", ", "`, `")),
                None if bad.len() > 1 => format!("{kind}, {requirement}"),
                None => requirement.replace('<', "\\<"),
            },
            None => kind,
        };
        self.tables += &format!("| `{name}` | {value} | {default} | {meaning} |\n");
    }

    /// Returns the requirement in the error about `key` with the value `bad`.
    fn requirement(&self, key: &str, bad: &str) -> Option<String> {
        match self.with(key, Some(bad)) {
            Err(ConfigError::Keys(mistakes)) => match mistakes.as_slice() {
                [only] if only.key == self.named(key) => {
                    only.reason.strip_prefix("must be ").map(ToOwned::to_owned)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Checks that an absent key has the default, and that another value makes a difference.
    fn check_default(&self, key: &str, default: &str, kind: &str, requirement: Option<&str>) {
        let choices = requirement.and_then(|requirement| requirement.strip_prefix("one of "));
        let other = match (kind, default, choices) {
            ("`true` or `false`", "true", _) => "false",
            ("`true` or `false`", ..) => "true",
            ("number", ..) => "7",
            (.., Some(choices)) => choices.split(", ").find(|one| *one != default).unwrap(),
            _ if requirement.is_some_and(|requirement| requirement.contains("a period")) => {
                "7 days"
            }
            ("duration", ..) => "7s",
            _ => "other",
        };
        let literal = |value: &str| match kind {
            "number" | "`true` or `false`" => value.to_owned(),
            _ => format!("'{value}'"),
        };
        let absent = self.with(key, None).unwrap();
        let shown =
            |value: &str| self.with(key, Some(&literal(value))).map_err(|error| error.to_string());
        assert_eq!(shown(default), Ok(absent.clone()), "{key}");
        // A permission makes no difference if nothing needs it, and serde's default for it is
        // `false`. On some CPUs the fastest kernel is the portable one.
        if !key.contains("allow_") && key != "hashing.kernel" {
            assert_ne!(shown(other), Ok(absent), "{key}");
        }
    }

    /// Returns the configuration of the required keys and this one, on PostgreSQL.
    fn with(&self, key: &str, value: Option<&str>) -> Result<String, ConfigError> {
        let mut table = self.required.clone();
        set(&mut table, "store.url", "'postgres://h/db'");
        set(&mut table, "store.key_file", "'installation.key'");
        // These are slow, since they read the machine's certificates.
        table.retain(|name, _| !["mail", "webhook"].contains(&name) || key.starts_with(name));
        if key.starts_with("compromised.") {
            set(&mut table, "compromised.url", "'https://range.example.org'");
        }
        if let Some(value) = value {
            set(&mut table, key, value);
        }
        let text = self.named(&table.to_string());
        let mut config = parse(&self.folder.path().join("r.toml"), &text, Map::new())?;
        // The defaults of the store.
        let (options, default) = (&mut config.store.options, PostgresOptions::default());
        options.schema.get_or_insert(default.schema);
        options.connections.get_or_insert(default.connections);
        options.statement_timeout.get_or_insert(default.statement_timeout);
        options.idle_timeout.get_or_insert(default.idle_timeout);
        options.max_lifetime.get_or_insert(default.max_lifetime);
        Ok(format!("{config:?}"))
    }

    /// Returns `text` with real names in place of `ID` and `NAME`.
    fn named(&self, text: &str) -> String {
        let text = text.replace("peppers.ID", "peppers.k1").replace("firebase.NAME", "firebase.p");
        text.replace("api.NAME", "api.zap")
    }
}

/// The tables below a key.
enum Inner<'a> {
    Table(&'a Value),
    Array(&'a Value),
    Named(&'a Value),
}

impl<'a> Inner<'a> {
    fn from_schema(schema: &'a Value) -> Option<Self> {
        let schema = &schema["anyOf"].get(0).unwrap_or(schema);
        let is_table = |schema: &Value| schema["properties"].is_object();
        match (&schema["items"], &schema["additionalProperties"]) {
            _ if is_table(schema) => Some(Self::Table(schema)),
            (items, _) if is_table(items) => Some(Self::Array(items)),
            (_, named) if is_table(named) => Some(Self::Named(named)),
            _ => None,
        }
    }
}

fn text_of(schema: &Value) -> String {
    let text =
        schema["description"].as_str().or_else(|| schema["anyOf"][0]["description"].as_str());
    one_line(text.unwrap_or_else(|| panic!("a doc comment is missing: {schema}")))
}

/// Returns the kind of a key's value in words, and values of that kind that may be invalid.
fn kind_of(name: &str, schema: &Value) -> (String, &'static [&'static str]) {
    let schema = schema["anyOf"].get(0).unwrap_or(schema);
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap();
    let (kind, bad): (_, &[_]) = match kind {
        "string" if name == "file" || name.ends_with("_file") => ("file", &[]),
        "string" => ("text", &["'?'"]),
        "boolean" => ("`true` or `false`", &[]),
        "integer" => ("number", &["0", "4294967295"]),
        "number" => ("number", &["-1"]),
        "duration" => ("duration", &["0", "-1"]),
        "array" => ("list of texts", &["['?']"]),
        "object" => ("table", &[]),
        other => panic!("{name} is of an unknown kind: {other}"),
    };
    (kind.to_owned(), bad)
}

fn at<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((name, rest)) => at(table.get(name)?.as_table()?, rest),
        None => table.get(key),
    }
}

fn write_installation_key(folder: &Path) {
    let key = repass_core::InstallationKey::from_bytes([7; 32]).to_text();
    std::fs::write(folder.join("installation.key"), key.expose()).unwrap();
}

fn write_certificate(folder: &Path) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.pem"), own.cert.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), own.signing_key.serialize_pem()).unwrap();
}

#[test]
fn the_manual_has_every_key() {
    let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let of = |schema: schemars::Schema| {
        let mut schema = schema.to_value();
        schema.sort_all_objects();
        schema
    };
    let generator = || settings.clone().into_generator();
    let mut manual = Manual::new();
    manual.table("", "At the top", &of(generator().into_root_schema_for::<RawConfig>()));
    for (vendor, schema) in [
        (
            "customer",
            of(generator().into_root_schema_for::<repass_spec_customer::CustomerOptions>()),
        ),
        ("ecom", of(generator().into_root_schema_for::<repass_spec_ecom::EcomOptions>())),
        ("etna", of(generator().into_root_schema_for::<repass_spec_etna::EtnaOptions>())),
        ("fabric", of(generator().into_root_schema_for::<repass_spec_fabric::FabricOptions>())),
        ("zap", of(generator().into_root_schema_for::<repass_spec_zap::ZapOptions>())),
    ] {
        let place = format!("api.{vendor}.options");
        manual.required.remove("api");
        set(&mut manual.required, &place, "{}");
        manual.table(&place, &format!("`[{place}]`"), &schema);
    }
    let text = std::fs::read_to_string(MANUAL).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (tables, after) = rest.split_once(END).unwrap();
    let made = format!("{}\n", manual.tables);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(MANUAL, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
    } else {
        assert_eq!(tables, made, "run this test with UPDATE=1");
    }
}

/// The JSON schema of the file, for editors.
#[test]
fn the_schema_is_current() {
    let settings = SchemaSettings::default();
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>().to_value();
    schema["title"] = "repassd.toml".into();
    in_json_schema(&mut schema);
    schema.sort_all_objects();
    let made = format!("{schema:#}\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(SCHEMA, made).unwrap();
    } else {
        let schema = std::fs::read_to_string(SCHEMA).unwrap();
        assert_eq!(schema, made, "run this test with UPDATE=1");
    }
}

/// Replaces what has no type in JSON Schema.
fn in_json_schema(schema: &mut Value) {
    if schema["type"] == "duration" {
        schema["type"] = serde_json::json!(["string", "integer"]);
    }
    if let Some(listen) = schema.get_mut("properties").and_then(|keys| keys.get_mut("listen")) {
        listen["type"] = serde_json::json!(["string", "array"]);
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(in_json_schema),
        Value::Array(items) => items.iter_mut().for_each(in_json_schema),
        _ => {}
    }
}

/// Each example is a whole file, or is appended to the first one.
#[test]
fn the_examples_of_the_manual_are_valid() {
    let text = std::fs::read_to_string(MANUAL).unwrap();
    let examples: Vec<&str> =
        text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let data_folder = folder.path().to_str().unwrap();
    write_installation_key(folder.path());
    write_certificate(folder.path());
    for (file, text) in [
        ("pepper-k1.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
        ("webhook.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
        ("smtp.password", "hunter2\n"),
        ("introspection.secret", "hunter2\n"),
        ("refused.txt", "radishes of the season\n"),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    assert!(examples.len() >= 2);
    for example in &examples {
        let is_whole = example.contains("[store]");
        let text =
            if is_whole { (*example).to_owned() } else { format!("{}{example}", examples[0]) };
        let text = text.replace("/var/lib/repass", data_folder);
        let loaded = parse(&folder.path().join("repassd.toml"), &text, Map::new());
        assert!(loaded.is_ok(), "{}\n{text}", loaded.err().unwrap());
    }
}
