//! Merge patches.

use repass_core::serde_json::{Value, json};

use crate::test_context::{PASSWORD, TestContext};

/// The members that a patch can change, each with a value.
const MEMBERS: [(&str, &str); 8] = [
    ("/email", r#""new@example.org""#),
    ("/username", r#""Newton""#),
    ("/name/given", r#""New""#),
    ("/name/middle", r#""N.""#),
    ("/name/family", r#""Ton""#),
    ("/locale", r#""fr""#),
    ("/profile/tier", r#"{"level":4}"#),
    ("/active", "false"),
];

async fn full(test: &TestContext) -> String {
    test.create_with(json!({
        "user_id": "pat", "email": "pat@example.org", "username": "Patricia",
        "name": { "given": "Pat", "middle": "P.", "family": "Doe" }, "locale": "de",
        "profile": { "tier": 3, "tags": ["a"] }, "password": PASSWORD,
    }))
    .await
}

/// Returns a body with only the member at `pointer`.
fn body(pointer: &str, value: Value) -> Value {
    pointer[1..].rsplit('/').fold(value, |value, name| json!({ name: value }))
}

fn without_times(mut account: Value) -> Value {
    account.as_object_mut().unwrap().remove("updated_at");
    account
}

/// What bit others: an update of one field clears others.
#[tokio::test]
async fn each_member_is_set_by_itself_and_all_others_are_unchanged() {
    for (pointer, value) in MEMBERS {
        let test = TestContext::new().await;
        let account = full(&test).await;
        let mut expected = without_times(test.get(&account).await.json());
        let value: Value = repass_core::serde_json::from_str(value).unwrap();
        let changed = test.patch(&account, body(pointer, value.clone())).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        *expected.pointer_mut(pointer).unwrap() = value;
        assert_eq!(without_times(test.get(&account).await.json()), expected, "{pointer}");
        assert_eq!(test.get(&account).await.header("etag"), changed.header("etag"));
    }
}

/// What bit others: `null` clears or is 400.
#[tokio::test]
async fn null_clears_each_member_or_is_refused() {
    for (pointer, _) in MEMBERS {
        let test = TestContext::new().await;
        let account = full(&test).await;
        let mut expected = without_times(test.get(&account).await.json());
        let changed = test.patch(&account, body(pointer, Value::Null)).await;
        if pointer == "/active" {
            changed.assert_invalid(&["/active"]);
        } else {
            assert_eq!(changed.status, 200, "{changed:?}");
            match pointer {
                "/profile/tier" => {
                    expected["profile"].as_object_mut().unwrap().remove("tier");
                }
                pointer => *expected.pointer_mut(pointer).unwrap() = Value::Null,
            }
        }
        assert_eq!(without_times(test.get(&account).await.json()), expected, "{pointer}");
    }
    let test = TestContext::new().await;
    let account = full(&test).await;
    let cleared = test.patch(&account, json!({ "name": null, "profile": null })).await.json();
    assert_eq!(cleared["name"], json!({ "given": null, "middle": null, "family": null }));
    assert_eq!((&cleared["profile"], &cleared["locale"]), (&json!({}), &json!("de")));
}

// RFC 7396, 2.
#[tokio::test]
async fn objects_within_the_profile_are_merged() {
    let test = TestContext::new().await;
    let account = full(&test).await;
    for (change, expected) in [
        (
            json!({ "address": { "city": "Ulm", "zip": null } }),
            json!({ "tier": 3, "tags": ["a"], "address": { "city": "Ulm" } }),
        ),
        (
            json!({ "address": { "zip": "89073" }, "tags": ["b"] }),
            json!({ "tier": 3, "tags": ["b"], "address": { "city": "Ulm", "zip": "89073" } }),
        ),
        (
            json!({ "address": { "city": null }, "tier": { "level": { "high": 1 } } }),
            json!({ "tier": { "level": { "high": 1 } }, "tags": ["b"],
                "address": { "zip": "89073" } }),
        ),
        (
            json!({ "address": "none", "tier": { "level": 2 } }),
            json!({ "tier": { "level": 2 }, "tags": ["b"], "address": "none" }),
        ),
    ] {
        let changed = test.patch(&account, json!({ "profile": change })).await;
        assert_eq!(changed.json()["profile"], expected, "{changed:?}");
    }
}

/// What bit others: an absent member is unchanged, an unknown one is 400.
#[tokio::test]
async fn an_empty_patch_changes_nothing_and_unknown_members_are_refused() {
    let test = TestContext::new().await;
    let account = full(&test).await;
    let before = test.get(&account).await;
    let (tag, before) = (before.header("etag").to_owned(), before.json());
    assert_eq!(test.patch(&account, json!({})).await.status, 200);
    for (body, pointer) in [
        (json!({ "user_id": "kim" }), "/user_id"),
        (json!({ "nickname": null }), "/nickname"),
        (json!({ "name": { "maiden": "x" } }), "/name/maiden"),
        (json!({ "password": PASSWORD }), "/password"),
        (json!({ "client": { "host": "x" } }), "/client/host"),
        (json!({ "profile": { "locale": "fr" } }), "/profile/locale"),
    ] {
        test.patch(&account, body).await.assert_invalid(&[pointer]);
    }
    for body in [json!([]), json!(null), json!("x")] {
        test.patch(&account, body).await.assert_problem(400, "invalid-body");
    }
    let after = test.get(&account).await;
    assert_eq!((after.header("etag"), after.json()), (tag.as_str(), before));
}
