//! The members about the end user, which are only written to the audit trail.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::{Value, json};

use super::{assert_changed, assert_error, assert_rejected, assert_wrong, open, start};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, SOON_LOCKED_OUT};

/// The request with these three members.
fn with_context(wire: &Wire, ip: &Value, agent: &Value, session: &Value) -> Wire {
    wire.edit(|body| {
        body["IPAddress"] = ip.clone();
        body["UserAgent"] = agent.clone();
        body["PermanentSessionId"] = session.clone();
    })
}

/// Proves CUSTOMER-10.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_16_3_1_address_browser_and_session_are_in_the_audit_trail() {
    let test = start().await;
    let wire = with_context(
        &test.good,
        &json!("203.0.113.7"),
        &json!("Mozilla/5.0 (é漢🔑)"),
        &json!("s-1"),
    );
    assert_wrong(&test.send(&wire.replace(FIRST_PASSWORD, "a wrong guess")).await);
    assert_rejected(&test.send(&wire.edit(|body| body["NewPassword"] = json!("short"))).await);
    assert_changed(&test.send(&wire).await);
    let trail = test.operator.audit().await;
    let attempts: Vec<_> =
        trail.iter().filter(|record| record.action == "password.change").collect();
    let outcomes: Vec<_> = attempts.iter().map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes, ["ok", "rejected", "wrong-password"]);
    for record in attempts {
        assert_eq!(record.context.ip_address.as_deref(), Some("203.0.113.7"));
        assert_eq!(record.context.user_agent.as_deref(), Some("Mozilla/5.0 (é漢🔑)"));
        assert_eq!(record.context.session.as_deref(), Some("s-1"));
        assert_eq!(
            record.context.peer.as_deref(),
            Some("127.0.0.1"),
            "the peer is not taken from the request"
        );
    }
}

/// Proves CUSTOMER-10.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_512_bytes_of_each_are_kept_cut_between_characters() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let (exact, key) = ("x".repeat(512), "🔑".repeat(129));
    let odd = format!("x{}", "é".repeat(300));
    let wire = with_context(&test.good, &json!(format!("{exact}y")), &json!(key), &json!(odd));
    assert_changed(&test.send(&wire).await);
    let context = test.last_attempt().await.context;
    assert_eq!(context.ip_address.as_deref(), Some(exact.as_str()));
    assert_eq!(context.user_agent.as_deref(), Some(&key[..512]));
    assert_eq!(context.session.as_deref(), Some(&odd[..511]));
}

/// Proves CUSTOMER-10.
#[tokio::test(flavor = "multi_thread")]
async fn these_members_decide_nothing() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let mut old = FIRST_PASSWORD.to_owned();
    for (n, text) in [
        json!("not an address"),
        json!("'; DROP TABLE accounts; --"),
        json!("a\r\nx: y\u{0}\u{1}\u{202e}"),
        json!(""),
        json!(null),
        json!(true),
        json!(1.5),
        json!("127.0.0.1, ::1"),
    ]
    .into_iter()
    .enumerate()
    {
        let new = format!("wish {n}");
        let wire = with_context(&test.good, &text, &text, &text).edit(|body| {
            body["OldPassword"] = json!(old);
            body["NewPassword"] = json!(new);
        });
        assert_changed(&test.send(&wire).await);
        assert!(test.is_password(&new).await);
        old = new;
    }
}

/// Proves CUSTOMER-10, CUSTOMER-34.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_another_address_or_session_unlocks_no_account() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    assert_wrong(&test.send(&test.good.replace(FIRST_PASSWORD, "a wrong guess")).await);
    for n in 0..3 {
        let text = json!(format!("203.0.113.{n}"));
        let wire = with_context(&test.good, &text, &text, &text);
        let wire = wire.with("x-forwarded-for", Some("203.0.113.9"));
        assert_error(&test.send(&wire).await, 429);
    }
    assert_eq!(test.failures().await, 1);
}
