//! `repassd openapi`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use repass_config::{Config, MountConfig, Vendors};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::{Cli, OpenapiDocument, OpenapiOptions};

pub(crate) fn run(options: &OpenapiOptions, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    let text = match options.document {
        OpenapiDocument::Admin => serde_json::to_string_pretty(&repass_admin_api::openapi())?,
        OpenapiDocument::Vendors => {
            let config = config(options, vendors)?;
            serde_json::to_string_pretty(&Document::from_mounts(&config.mounts))?
        }
    };
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn config(options: &OpenapiOptions, vendors: &Vendors) -> Result<Config, Box<dyn Error>> {
    if options.all {
        let database = std::env::temp_dir().join("repass-openapi.db");
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        return Ok(repass_config::demo(listen, &database, vendors)?);
    }
    let Some(file) = options.config.as_ref() else {
        let missing = "give --config <FILE>, or --all for the APIs of all vendors";
        return Err(Cli::command().error(ErrorKind::MissingRequiredArgument, missing).into());
    };
    Ok(repass_config::load(file, vendors)?)
}

/// The methods that a path item of OpenAPI can have. Its other members are no operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An OpenAPI document of several mounts. Its members are in the order that readers expect.
#[derive(Debug, Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    tags: Vec<Value>,
    paths: BTreeMap<String, Object>,
    components: BTreeMap<String, Object>,
}

type Object = Map<String, Value>;

impl Document {
    /// Combines the documents of the mounted APIs. An API without one is left out.
    fn from_mounts(mounts: &[MountConfig]) -> Self {
        let mut document = Self {
            openapi: "3.1.0",
            info: json!({
                "title": "repass",
                "description": "Changes of passwords. Each tag is a mounted API.",
                "version": env!("CARGO_PKG_VERSION"),
            }),
            tags: Vec::new(),
            paths: BTreeMap::new(),
            components: BTreeMap::new(),
        };
        // In the order in which the server asks them: of two equal operations the first one counts.
        let mut mounts: Vec<_> = mounts.iter().collect();
        mounts.sort_by_key(|mount| Reverse(mount.prefix.as_str().len()));
        for mount in mounts {
            if let Some(part) = mount.spec.openapi() {
                document.add(&mount.name, mount.prefix.as_str(), part);
            }
        }
        document
    }

    /// Adds the document of one mount.
    fn add(&mut self, mount: &str, prefix: &str, part: Value) {
        self.tags.push(json!({ "name": mount, "description": part["info"]["description"] }));
        let mut part = object(part);
        for (path, item) in object(part.remove("paths").unwrap_or_default()) {
            let own = self.paths.entry(format!("{prefix}{path}")).or_default();
            for (member, value) in object(item) {
                let is_operation = METHODS.contains(&member.as_str());
                let value = if is_operation { operation(mount, &member, value) } else { value };
                own.entry(member).or_insert(value);
            }
        }
        for (kind, components) in object(part.remove("components").unwrap_or_default()) {
            self.components.entry(kind).or_default().extend(object(components));
        }
    }
}

/// Returns an operation with the tag of its mount, and an id that no other has: the name of a mount
/// has no hyphen.
fn operation(mount: &str, method: &str, operation: Value) -> Value {
    let id = operation["operationId"].as_str().unwrap_or(method);
    let id = format!("{mount}-{id}");
    let mut operation = object(operation);
    operation.insert("operationId".to_owned(), id.into());
    operation.insert("tags".to_owned(), json!([mount]));
    operation.into()
}

/// Returns the members of an object; none of any other value.
fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    const GOLDEN_ADMIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi-admin.json");

    /// Returns the document of the APIs of a configuration.
    fn document(apis: &str) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("repassd.toml");
        std::fs::write(&file, format!("[store]\nurl = 'sqlite://repass.db'\n{apis}")).unwrap();
        let config = repass_config::load(&file, &Vendors::bundled()).unwrap();
        serde_json::to_value(Document::from_mounts(&config.mounts)).unwrap()
    }

    fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        });
        operations.collect()
    }

    #[test]
    fn the_document_of_all_vendors_is_current() {
        let config = repass_config::demo(
            ([127, 0, 0, 1], 0).into(),
            Path::new("/x.db"),
            &Vendors::bundled(),
        );
        assert_golden(GOLDEN, &Document::from_mounts(&config.unwrap().mounts));
    }

    #[test]
    fn the_document_of_the_admin_api_is_current() {
        assert_golden(GOLDEN_ADMIN, &repass_admin_api::openapi());
    }

    /// Asserts that the file has this document. With `UPDATE=1`, writes it.
    #[track_caller]
    fn assert_golden(file: &str, document: &impl Serialize) {
        if std::env::var_os("UPDATE").is_some() {
            let made = serde_json::to_string_pretty(document).unwrap() + "\n";
            std::fs::write(file, made).unwrap();
        } else {
            let golden = std::fs::read_to_string(file).unwrap_or_default();
            // Another package can enable `preserve_order` of serde_json, so the order does not count.
            let golden: Value = serde_json::from_str(&golden).unwrap_or_default();
            let made = serde_json::to_value(document).unwrap();
            assert!(golden == made, "run this test with UPDATE=1");
        }
    }

    #[test]
    fn two_mounts_of_one_vendor_appear_with_their_prefixes_names_and_options() {
        let document = document(
            "[api.customer]\n[api.keyed]\nvendor = 'customer'\nprefix = '/eu/shop'\n\
             options = { authentication = 'api-key' }\n[api.zap]\nenabled = false\n",
        );
        let operations = operations(&document);
        let path = "/api/Customer/UpdateUserPassword";
        let expected = [
            (path.to_owned(), "customer", json!([])),
            (format!("/eu/shop{path}"), "keyed", json!([{ "CustomerApiKey": [] }])),
        ];
        assert_eq!(operations.len(), expected.len());
        for (operation, (path, mount, security)) in operations.into_iter().zip(expected) {
            let (own, method, operation) = operation;
            assert_eq!((own, method), (path.as_str(), "post"));
            assert_eq!(operation["operationId"], format!("{mount}-updateUserPassword"));
            assert_eq!((&operation["tags"], &operation["security"]), (&json!([mount]), &security));
        }
        let tags = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]);
        assert_eq!(tags.collect::<Vec<_>>(), ["keyed", "customer"]);
        let components = document["components"].to_string();
        assert!(components.contains("CustomerHttpError") && !components.contains("Zap"));
    }

    #[test]
    fn a_required_one_time_password_is_required_by_the_document() {
        let required = |options: &str| {
            let document = document(&format!("[api.zap]\n{options}\n"));
            let body = &document["paths"]["/v1/changePassword"]["post"]["requestBody"];
            let schemas = body["content"].as_object().unwrap().values();
            schemas.map(|content| content["schema"]["anyOf"].is_array()).collect::<HashSet<_>>()
        };
        assert_eq!(required(""), HashSet::from([false]));
        assert_eq!(required("options = { secure_otp = 'required' }"), HashSet::from([true]));
    }

    #[test]
    fn of_two_mounts_with_one_operation_the_first_is_described() {
        let part = |summary: &str| {
            json!({ "paths": { "/x": {
                "summary": summary,
                "post": { "summary": summary, "operationId": "change" },
                summary: {},
            } } })
        };
        let mut document = Document::from_mounts(&[]);
        document.add("a", "", part("get"));
        document.add("b", "", part("put"));
        let item = &document.paths["/x"];
        assert_eq!(item["post"]["operationId"], "a-change");
        assert_eq!((&item["get"]["tags"], &item["put"]["tags"]), (&json!(["a"]), &json!(["b"])));
    }
}
