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

#[test]
fn an_admin_key_has_scopes_and_one_realm_or_all() {
    let test = TestContext::new();
    let issue = ["key", "issue", "--kind", "admin", "--realm", "shop", "--name", "back end"];
    let scopes = ["--scope", "passwords:verify,accounts:read", "--scope", "tokens"];
    let issued = test.json(&[issue.as_slice(), &scopes].concat(), "");
    assert_eq!(issued["kind"], "admin");
    assert_eq!(issued["scopes"], json!(["accounts:read", "passwords:verify", "tokens"]));
    assert_eq!(issued["all_realms"], false);
    assert_eq!(issued["key"].as_str().unwrap().len(), 43);

    let all = [issue.as_slice(), &["--scope", "audit:read", "--all-realms"]].concat();
    let run = test.run(&all).succeeded();
    assert!(run.stderr.contains("\"back end\" of all realms; it is shown only once"));
    let keys = test.json(&["key", "list", "--realm", "shop"], "");
    assert_eq!(keys[1]["all_realms"], true);
    let text = test.run(&["key", "list"]).succeeded().stdout;
    let cells = |line: usize| text.lines().nth(line).unwrap().split_whitespace().skip(1);
    let of_shop = ["shop", "admin", "back", "end", "accounts:read,passwords:verify,tokens"];
    assert_eq!(cells(1).take(5).collect::<Vec<_>>(), of_shop, "{text}");
    assert_eq!(cells(2).take(2).collect::<Vec<_>>(), ["all", "admin"], "{text}");

    let records = test.json(&["audit", "list", "--action", "key.issue"], "");
    let id = issued["id"].as_str().unwrap();
    assert_eq!(records[1]["detail"], format!("admin:{id}"));
}

#[test]
fn scopes_are_for_admin_keys_which_need_some() {
    let test = TestContext::new();
    let issue =
        |more: &[&str]| test.run(&[["key", "issue", "--name", "x"].as_slice(), more].concat());
    issue(&["--kind", "admin"]).failed(2, &["without --scope allows nothing"]);
    issue(&["--kind", "admin", "--all-realms"]).failed(2, &["without --scope allows nothing"]);
    let reason = "--scope and --all-realms are for keys of kind admin";
    issue(&["--kind", "api", "--scope", "tokens"]).failed(2, &[reason]);
    issue(&["--kind", "app", "--all-realms"]).failed(2, &[reason]);
    let scopes = "accounts:read, accounts:write";
    issue(&["--kind", "admin", "--scope", "accounts"]).failed(2, &["--scope", scopes]);
    issue(&["--kind", "admin", "--scope", ""]).failed(2, &["--scope"]);
    assert!(!test.database().exists());
}
