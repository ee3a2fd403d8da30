//! `account export`, and its round trip through `account import`.

use serde_json::{Value, json};

use crate::import::{ARGON2, BCRYPT};
use crate::test_context::{PASSWORD, TestContext};

/// A value with characters that need quoting or escaping.
const ODD: &str = "=1+1,\"quoted\"\r\nand;more\t🔑";

/// Three accounts in two realms.
fn filled() -> TestContext {
    let test = TestContext::new();
    let rows = [
        json!({ "user_id": "o'brien, \"x\"", "realm": "shop", "email": "o.brien@example.org",
                "username": "=cmd", "active": false, "given_name": ODD, "family_name": "-",
                "attributes": { "roles": ["a", { "b": null }], "text": ODD, "number": 1.5 },
                "created_at": "2020-02-29T12:00:00.123456Z", "updated_at": "2021-01-01T00:00:00Z",
                "password_changed_at": "2020-06-01T00:00:00Z", "password_hash": BCRYPT }),
        json!({ "user_id": "bare", "realm": "shop", "created_at": "2020-01-01T00:00:00Z" }),
        json!({ "user_id": "1C4B0CA1-AD13-410B-A1C5-BB2065641934", "password_hash": ARGON2 }),
    ];
    let text = rows.map(|row| format!("{row}\n")).concat();
    test.run_with(&["account", "import", "-", "--format", "jsonl"], text).succeeded();
    test
}

fn accounts(test: &TestContext) -> Vec<Value> {
    let listed = test.json(&["account", "list", "--limit", "10000"], "");
    let mut accounts = listed.as_array().unwrap().clone();
    for account in &mut accounts {
        let name = |member: &str| account[member].as_str().unwrap().to_owned();
        let (realm, user_id) = (name("realm"), name("user_id"));
        let mut shown = test.shown(&realm, &user_id);
        let own = test.found(&realm, &user_id).unwrap().credential;
        shown["hash"] = own.map(|own| own.hash.as_str().to_owned()).into();
        // Ids differ between installations.
        shown["id"] = Value::Null;
        *account = shown;
    }
    accounts
}

#[test]
fn an_export_can_be_imported_into_another_database() {
    let test = filled();
    for file in ["all.csv", "all.jsonl"] {
        let run = test.run(&["account", "export", "--with-hashes", "--output", file]);
        let run = run.succeeded();
        assert_eq!(run.stdout, "3 accounts exported\n");
        assert!(
            run.stderr.starts_with("repass: warning: the export contains password hashes"),
            "{}",
            run.stderr
        );
        let elsewhere = TestContext::new();
        let path = test.folder.path().join(file).display().to_string();
        let run = elsewhere.run(&["account", "import", &path]).succeeded();
        assert_eq!(run.stdout, "3 rows: 3 added, 0 present, 0 refused\n");
        assert_eq!(accounts(&elsewhere), accounts(&test), "{file}");
        let back = test.run(&["account", "import", &path]).succeeded();
        assert_eq!(
            (back.stdout.as_str(), back.stderr.as_str()),
            ("3 rows: 0 added, 3 present, 0 refused\n", "")
        );
    }
}

#[test]
fn hashes_are_exported_only_with_the_option() {
    let test = filled();
    test.add("pat", &[]);
    for format in ["csv", "jsonl"] {
        let run = test.run(&["account", "export", "--format", format]).succeeded();
        assert_eq!(run.stderr, "4 accounts exported\n");
        assert!(!run.stdout.contains('$') && !run.stdout.contains("password"), "{}", run.stdout);
        assert!(run.stdout.contains("o.brien@example.org"), "{}", run.stdout);
    }
    let csv = test.run(&["account", "export", "--realm", "shop"]).succeeded().stdout;
    let header = "user_id,realm,email,username,active,given_name,middle_name,family_name,attributes,\
                  created_at,updated_at\n";
    assert!(csv.starts_with(header), "{csv}");
    assert!(csv.contains("\nbare,shop,,,true,,,,,2020-01-01T00:00:00Z,2020-01-01T00:00:00Z\n"));
    assert!(csv.contains(",=cmd,false,\"=1+1,\"\"quoted\"\"\r\n"), "values are exact: {csv}");
    assert!(!csv.contains("pat"), "{csv}");
    let none = test.run(&["account", "export", "--realm", "none", "--format", "jsonl"]).succeeded();
    assert_eq!(none.stdout, "");
    let empty = test.run(&["account", "export", "--realm", "none"]).succeeded();
    assert_eq!(empty.stdout, header, "an empty CSV export has a header");

    let with = test.run(&["account", "export", "--with-hashes"]).succeeded();
    assert!(with.stdout.contains(BCRYPT) && with.stderr.contains("warning"), "{}", with.stderr);
    assert!(!with.stdout.contains(PASSWORD));
}

#[test]
fn many_accounts_are_exported_page_by_page() {
    let test = TestContext::new();
    let rows: String = (0..1_234).map(|number| format!("user-{number}\n")).collect();
    let text = format!("user_id\n{rows}");
    test.run_with(&["account", "import", "-", "--format", "csv"], text).succeeded();
    for more in [[].as_slice(), &["--with-hashes"]] {
        let run = test.run(&[&["account", "export"], more].concat()).succeeded();
        let mut user_ids: Vec<&str> =
            run.stdout.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        user_ids.sort_unstable();
        user_ids.dedup();
        assert_eq!((user_ids.len(), run.stdout.lines().count()), (1_234, 1_235));
    }
}

#[test]
fn a_file_is_private_and_replaced_only_with_force() {
    let test = filled();
    let path = test.folder.path().join("out.csv");
    std::fs::write(&path, "mine").unwrap();
    let export = ["account", "export", "--output", "out.csv"];
    test.run(&export).failed(2, &["out.csv already exists", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");

    let forced = test.json(&[&export[..], &["--force"]].concat(), "");
    assert_eq!(forced, json!({ "accounts": 3, "file": "out.csv" }));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("user_id,"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let nowhere = ["account", "export", "--output", "nowhere/out.csv"];
    test.run(&nowhere).failed(2, &["nowhere/out.csv", "No such file"]);
    test.run(&["account", "export", "--force"]).failed(2, &["--output"]);
    let elsewhere = TestContext::new();
    elsewhere.run(&export).failed(2, &["there is no database"]);
    let left = std::fs::read_dir(elsewhere.folder.path()).unwrap().count();
    assert_eq!(left, 0, "a temporary file is left");
}
