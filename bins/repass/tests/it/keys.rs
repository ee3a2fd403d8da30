use serde_json::json;

use crate::test_context::TestContext;

#[test]
fn a_key_of_each_kind_is_issued_listed_and_revoked() {
    let test = TestContext::new();
    for kind in ["service", "app", "api"] {
        let arguments = ["key", "issue", "--realm", "shop", "--kind", kind, "--name", "front door"];
        let issued = test.json(&arguments, "");
        assert_eq!(issued["kind"], kind);
        assert_eq!(issued["realm"], "shop");
        assert_eq!(issued["name"], "front door");
        assert_eq!(issued["key"].as_str().unwrap().len(), 43);
        assert_eq!(issued["revoked_at"], json!(null));
    }
    let keys = test.json(&["key", "list"], "");
    assert_eq!(keys.as_array().unwrap().len(), 3);
    assert_eq!(keys[0].get("key"), None);
    assert_eq!(keys[0].get("digest"), None);
    assert_eq!(test.json(&["key", "list", "--realm", "other"], ""), json!([]));

    let id = keys[0]["id"].as_str().unwrap();
    let run = test.run(&["key", "revoke", id]).succeeded();
    assert_eq!(run.stdout, format!("key {id}: revoked\n"));
    let again = test.run(&["key", "revoke", id]);
    again.failed(1, &["no active key has this id"]);
    let second = keys[1]["id"].as_str().unwrap();
    let revoked = test.json(&["key", "revoke", second], "");
    assert_eq!(revoked, json!({ "id": second, "revoked": true }));
    let keys = test.json(&["key", "list", "--realm", "shop"], "");
    assert!(keys[0]["revoked_at"].is_string() && keys[2]["revoked_at"].is_null());

    let text = test.run(&["key", "list"]).succeeded().stdout;
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with("ID "), "{text}");
}

#[test]
fn only_the_key_is_written_to_stdout() {
    let test = TestContext::new();
    let run = test.run(&["key", "issue", "--kind", "api", "--name", "x"]).succeeded();
    let key = run.stdout.strip_suffix('\n').unwrap();
    assert_eq!(key.len(), 43, "{key}");
    assert!(run.stderr.contains("shown only once") && !run.stderr.contains(key), "{}", run.stderr);
    let none = test.run(&["key", "list", "--realm", "other"]).succeeded();
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no keys\n"));
}

#[test]
fn a_key_given_instead_of_its_id_is_not_printed() {
    let test = TestContext::new();
    let key = test.json(&["key", "issue", "--kind", "app", "--name", "x"], "");
    let key = key["key"].as_str().unwrap();
    let run = test.run(&["key", "revoke", "--", key]).failed(2, &["ID must be the UUID"]);
    assert!(!run.stderr.contains(key));
    let unknown = "00000000-0000-4000-8000-000000000000";
    let error = test.run(&["key", "revoke", unknown, "--json"]).json_error(1);
    assert_eq!(error["code"], "nothing-to-revoke");
}
