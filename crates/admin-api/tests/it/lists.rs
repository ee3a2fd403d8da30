//! Pages and filters.

use std::collections::BTreeSet;

use http::Method;
use repass_core::serde_json::{Value, json};

use crate::test_context::{NDJSON, NEW, TestContext};

/// Reads a list to its end in pages of `limit`, and returns the `member` of all items.
async fn all(test: &TestContext, path: &str, limit: usize, member: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = test.get(&format!("{path}limit={limit}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|item| item[member].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
        assert_eq!(items.len(), limit, "only the last page is shorter");
    }
}

/// What bit others: lists of 50 hide users.
#[tokio::test]
async fn the_cursors_of_every_list_lead_to_its_end() {
    let test = TestContext::new().await;
    let mut users = BTreeSet::new();
    for n in 0..61 {
        let user_id = format!("user {n}");
        let account = test.create_with(json!({ "user_id": user_id })).await;
        test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
        test.post("/keys", json!({ "kind": "app", "name": user_id })).await;
        users.insert(user_id);
    }
    let first = test.get("/accounts").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 50);
    assert!(first["next_cursor"].is_string());
    for limit in [1, 7, 61, 200] {
        let listed = all(&test, "/accounts?", limit, "user_id").await;
        assert_eq!(listed, users.iter().cloned().collect::<Vec<_>>(), "{limit}");
        for (path, count) in
            [("/audit?", 184), ("/audit?action=key.issue&", 62), ("/outbox?", 61), ("/keys?", 62)]
        {
            let listed = all(&test, path, limit, "id").await;
            assert_eq!(listed.len(), count, "{path}{limit}");
            assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), count, "{path}{limit}");
        }
    }
}

#[tokio::test]
async fn the_cursors_of_the_tokens_of_an_account_lead_to_their_end() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    for _ in 0..5 {
        test.post(&format!("{account}/tokens"), json!({})).await;
        test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
    }
    // The others were issued at the same time.
    test.pass(1);
    test.post(&format!("{account}/tokens"), json!({})).await;
    test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
    for limit in [1, 2, 6, 200] {
        let tokens = all(&test, &format!("{account}/tokens?"), limit, "id").await;
        assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 6, "{limit}");
        let resets = all(&test, &format!("{account}/resets?"), limit, "issued_at").await;
        assert_eq!(resets.len(), 6, "{limit}");
        assert!(resets[0] > resets[1] && resets[1..].iter().all(|it| *it == resets[1]));
    }
}

/// What bit others: absurd pages answer; bad cursor or limit 400.
#[tokio::test]
async fn wrong_cursors_limits_and_parameters_are_refused() {
    let test = TestContext::new().await;
    for n in 0..3 {
        let account = test.create_with(json!({ "user_id": format!("u{n}") })).await;
        test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
    }
    let pat = test.create("pat").await;
    let (tokens, resets) = (format!("{pat}/tokens"), format!("{pat}/resets"));
    for list in ["/accounts", "/audit", "/outbox", "/keys", &tokens, &resets] {
        // `IngiIg` is the text `"x"`, which is a user id, but not the id of a key or a record.
        let mut wrong = vec!["cursor=", "cursor=x", "cursor=!", "cursor=e30"];
        if list != "/accounts" {
            wrong.push("cursor=IngiIg");
        }
        wrong.extend(["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1.5"]);
        wrong.extend(["limit=99999999999999999999", "page=2", "limit=1&limit=2"]);
        for query in wrong {
            let refused = test.get(&format!("{list}?{query}")).await;
            refused.assert_problem(400, "invalid-query");
            let pointer = refused.json()["errors"][0]["pointer"].clone();
            let name = query.split('=').next().unwrap();
            assert_eq!(pointer, format!("/{name}"), "{list}?{query}");
        }
    }
    for query in ["active=maybe", "changed_before=yesterday", "email=a%20b", "email=nobody"] {
        let refused = test.get(&format!("/accounts?{query}")).await;
        refused.assert_problem(400, "invalid-query");
    }
    for query in ["account=x", "since=now", "until=1", "action=a%00", "outcome=%0A"] {
        test.get(&format!("/audit?{query}")).await.assert_problem(400, "invalid-query");
    }
    test.get("/outbox?state=lost").await.assert_problem(400, "invalid-query");
}

#[tokio::test]
async fn accounts_are_filtered_by_the_family_of_their_hash() {
    let test = TestContext::new().await;
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuu5s1e5nZ0nSqgLbIAG3IVBB/i4Eh4hEG";
    for n in 0..6 {
        let mut body = json!({ "user_id": format!("u{n}") });
        match n % 3 {
            0 => body["password_hash"] = json!(bcrypt),
            1 => body["password"] = json!(NEW),
            _ => {}
        }
        test.create_with(body).await;
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["user_id"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("hash_family=bcrypt", vec!["u0", "u3"]),
        ("hash_family=argon2", vec!["u1", "u4"]),
        ("hash_family=scrypt", vec![]),
        ("hash_family=bcrypt&user_id=u3", vec!["u3"]),
        ("hash_family=bcrypt&user_id=u1", vec![]),
    ] {
        let listed = test.get(&format!("/accounts?{query}")).await.json();
        assert_eq!(names(&listed), expected, "{query}");
        assert_eq!(listed["next_cursor"], json!(null), "{query}");
    }
    for query in ["hash_family=bcryp", "hash_family=", "hash_family=argon2id&user_id=u1"] {
        let refused = test.get(&format!("/accounts?{query}")).await;
        refused.assert_problem(400, "invalid-query");
        let error = &refused.json()["errors"][0];
        assert_eq!(error["pointer"], "/hash_family");
        assert!(error["detail"].as_str().unwrap().contains("argon2, "), "{error}");
    }
    let first = test.get("/accounts?hash_family=bcrypt&limit=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let query = format!("/accounts?hash_family=bcrypt&limit=1&cursor={cursor}");
    let second = test.get(&query).await.json();
    assert_eq!((names(&first), names(&second)), (vec!["u0".to_owned()], vec!["u3".to_owned()]));
    assert_eq!(second["next_cursor"], json!(null));

    // One call reads 5000 accounts, so this page ends before the account that it looks for.
    let mut rows: String = (0..5000).map(|n| format!("{{\"user_id\":\"v{n}\"}}\n")).collect();
    rows += &json!({ "user_id": "z", "password_hash": bcrypt }).to_string();
    let imported = test.send_text(Method::POST, "/accounts:import", NDJSON, rows).await;
    assert_eq!(imported.lines().last().unwrap()["added"], 5001);
    let mut found = Vec::new();
    let mut query = "/accounts?hash_family=bcrypt".to_owned();
    loop {
        let page = test.get(&query).await.json();
        found.push(names(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/accounts?hash_family=bcrypt&cursor={cursor}");
    }
    assert_eq!(found, [vec!["u0", "u3"], vec!["z"]]);
}

/// What bit others: exact filters.
#[tokio::test]
async fn filters_of_accounts_are_exact_and_combined() {
    let test = TestContext::new().await;
    for (user_id, username) in [("pat", "ann"), ("pat2", "anna"), ("Pat", "bob")] {
        let email = format!("{user_id}-{username}@example.org");
        let body = json!({ "user_id": user_id, "username": username, "email": email,
            "active": user_id != "pat2", "password": NEW });
        test.create_with(body).await;
    }
    test.create_with(json!({ "user_id": "none" })).await;
    for (query, expected) in [
        ("user_id=pat", vec!["pat"]),
        ("user_id=pa", vec![]),
        ("user_id=", vec![]),
        ("email=PAT-ann@example.org", vec!["pat"]),
        ("email=ann@example.org", vec![]),
        ("username=ANN", vec!["pat"]),
        ("username=an", vec![]),
        ("user_id=pat&username=ann", vec!["pat"]),
        ("user_id=pat&username=anna", vec![]),
        ("email=pat-ann@example.org&username=bob", vec![]),
        ("username=anna&active=true", vec![]),
        ("username=anna&active=false", vec!["pat2"]),
        ("active=false", vec!["pat2"]),
        ("active=true", vec!["Pat", "none", "pat"]),
        ("changed_before=2027-01-15T08:00:00Z", vec![]),
        ("changed_before=2027-01-15T08:00:00.000001Z", vec!["Pat", "pat", "pat2"]),
        ("changed_before=2027-01-15T09:00:00.5%2B01:00", vec!["Pat", "pat", "pat2"]),
        ("user_id=none&changed_before=2030-01-01T00:00:00Z", vec![]),
    ] {
        let page = test.get(&format!("/accounts?{query}")).await.json();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{query}: {page}"));
        let found: Vec<&Value> = items.iter().map(|item| &item["user_id"]).collect();
        assert_eq!(found, expected, "{query}");
        assert_eq!(page["next_cursor"], json!(null));
    }
}
