use repass_core::{Plaintext, Policy, PolicyContext, SystemRandomness, Violation};
use serde_json::{Value, json};

use super::*;

const SITE: &str = "1234abcd5678efgh9ijklmno";

fn configure(options: Value) -> Result<String, String> {
    let options = serde_json::from_value(options).map_err(|error| error.to_string())?;
    let realm = "mount".parse().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jwt/tests");
    let mount = MountContext::new(&realm, &folder, Arc::new(SystemRandomness));
    let configured = Fabric.configure(options, &mount).map_err(|error| error.to_string())?;
    Ok(configured.summary)
}

fn jwt(realm: Option<&str>, algorithm: &str, file: &str) -> Value {
    json!({
        "accounts": { SITE: "site" },
        "default_realm": "rest",
        "jwt": [{
            "realm": realm, "issuer": "https://id.example.org", "audience": "repass",
            "keys": [{"algorithm": algorithm, "file": file}],
        }],
    })
}

#[test]
fn unknown_options_are_refused() {
    assert_eq!(configure(json!({})).unwrap(), "0 site accounts mapped");
    let mapped = json!({"accounts": { SITE: "site" }, "default_realm": "rest"});
    assert_eq!(configure(mapped).unwrap(), "1 site accounts mapped");
    for unknown in [json!({"account": {}}), json!({"jwt": [{"issuer": "x"}]})] {
        assert!(configure(unknown).is_err());
    }
}

#[test]
fn an_error_names_the_key_of_the_option() {
    let a_realm = "a realm is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'";
    for (options, message) in [
        (
            json!({"accounts": {"short": "site"}}),
            "accounts.short: the key must be a site account of 24 letters and digits".to_owned(),
        ),
        (json!({"accounts": { SITE: "Site" }}), format!("accounts.{SITE}: {a_realm}")),
        (json!({"default_realm": "Rest"}), format!("default_realm: {a_realm}")),
        (
            jwt(None, "RS256", "keys/rsa-public.pem"),
            "jwt[0].realm: is required: one of rest, site".to_owned(),
        ),
        (
            jwt(Some("mount"), "RS256", "keys/rsa-public.pem"),
            "jwt[0].realm: must be one of rest, site".to_owned(),
        ),
    ] {
        assert_eq!(configure(options).unwrap_err(), message);
    }
}

#[cfg(feature = "jwt")]
#[test]
fn the_keys_of_signed_tokens_are_files_of_the_configurations_folder() {
    let configured = configure(jwt(Some("site"), "RS256", "keys/rsa-public.pem"));
    assert_eq!(
        configured.unwrap(),
        "1 site accounts mapped; signed reset tokens of https://id.example.org for realm site"
    );
    let refused = |algorithm, file| configure(jwt(Some("site"), algorithm, file)).unwrap_err();
    assert!(refused("RS256", "keys/no.pem").starts_with("jwt[0].keys[0].file: "));
    assert!(refused("none", "keys/rsa-public.pem").starts_with("jwt[0].keys[0].algorithm: "));
    assert_eq!(
        refused("RS256", "keys/p256-public.pem"),
        "jwt[0].keys[0].file: must be a public key in PEM for RS256"
    );
    let mut without_keys = jwt(Some("site"), "", "");
    without_keys["jwt"][0]["keys"] = json!([]);
    let message = "jwt[0]: a verifier of signed tokens needs at least one key";
    assert_eq!(configure(without_keys).unwrap_err(), message);
}

/// Proves E13 jwt.
#[cfg(not(feature = "jwt"))]
#[test]
fn e13_the_option_jwt_is_refused_without_the_feature() {
    let refused = configure(jwt(Some("site"), "RS256", "keys/rsa-public.pem")).unwrap_err();
    let reason = "this program is built without the feature for signed reset tokens (jwt)";
    assert_eq!(refused, format!("jwt[0]: {reason}"));
}

#[test]
fn the_policy_has_only_the_vendors_rules() {
    let policy = Policy::new(Fabric.policy().unwrap()).unwrap();
    let context = PolicyContext { is_current: true, is_reused: true, ..PolicyContext::default() };
    let codes = |text: &str| -> Vec<&str> {
        let violations = policy.evaluate(&Plaintext::from(text), &context);
        violations.iter().map(Violation::code).collect()
    };
    assert!(codes("ABC123").is_empty());
    assert_eq!(codes(""), ["too-short"]);
}
