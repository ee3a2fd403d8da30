//! The delivery of events to a webhook. That by e-mail is in [`mail`].

mod mail;
pub(crate) mod receiver;

use std::time::Duration;

use http::Method;
use repass_core::{Clock, Delivery, DeliveryState, EventKind, OutboxEntry, OutboxFilter};
use repass_tests::{AdminApi, AdminContext, FIRST_PASSWORD, Server, ServerBuilder, binary};
use serde_json::json;

use crate::requests::{CUSTOMER, GUID, JSON, Outcome, change, customer_body, outcome};
use receiver::{Receiver, SECRET};

/// The longest that a test waits for a condition.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that sends all events to the receiver, with short delays.
fn with_webhook(receiver: &Receiver, outbox: &str) -> ServerBuilder {
    Server::builder().only("customer").tables(&format!(
        "[outbox]\npoll = '5ms'\nfirst_wait = '5ms'\nlongest_wait = '5ms'\n{outbox}\n\
         [webhook]\nurl = 'http://{}/hook'\nsecret = '{SECRET}'\nallow_private = true\n\
         timeout = '30s'",
        receiver.address
    ))
}

/// The one password that follows another.
async fn changed(server: &Server, old: &str, new: &str) {
    let answer = change(&server.client(), GUID, old, new).await;
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), server.log());
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
}

async fn entries(operator: &AdminContext) -> Vec<OutboxEntry> {
    let mut entries = operator
        .store
        .entries(&OutboxFilter { limit: 100, ..OutboxFilter::default() })
        .await
        .unwrap();
    entries.reverse();
    entries
}

/// Waits until all events meet `condition`, and returns them in the order written.
async fn until(
    operator: &AdminContext,
    condition: impl Fn(&OutboxEntry) -> bool,
) -> Vec<OutboxEntry> {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let entries = entries(operator).await;
            if !entries.is_empty() && entries.iter().all(&condition) {
                break entries;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    match waited.await {
        Ok(entries) => entries,
        Err(_) => panic!("that does not come true: {:?}", entries(operator).await),
    }
}

/// The delivery of an event that goes to one channel.
pub(super) fn only(entry: &OutboxEntry) -> &Delivery {
    assert_eq!(entry.deliveries.len(), 1, "{entry:?}");
    &entry.deliveries[0]
}

fn is(state: DeliveryState) -> impl Fn(&OutboxEntry) -> bool {
    move |entry| entry.state == state
}

/// Proves A5.
#[tokio::test(flavor = "multi_thread")]
async fn a5_two_secrets_sign_and_retry_after_is_heeded_within_bounds() {
    const PREVIOUS: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let mut receiver = Receiver::start().await;
    let server = Server::builder().only("customer").tables(&format!(
        "[outbox]\npoll = '5ms'\nfirst_wait = '5ms'\nlongest_wait = '1h'\n\
         [webhook]\nurl = 'http://{}/hook'\nsecret = '{SECRET}'\nallow_private = true\n\
         previous_secret = '{PREVIOUS}'",
        receiver.address
    ));
    let server = server.start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    let hook = receiver.next().await;
    hook.assert_signed_by(&[SECRET, PREVIOUS]);
    let before = repass_core::SystemClock.now();
    hook.refuse_until("86400");
    let failed = |entry: &OutboxEntry| entry.deliveries.iter().any(|own| own.error.is_some());
    let wait = only(&until(&operator, failed).await[0]).due_at.duration_since(before).as_secs();
    assert!((3600..3700).contains(&wait), "the longest wait, and not a day: {wait} s");
}

/// A receiver can connect its own work with the request that caused an event.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_the_traceparent_of_its_request() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "")
        .tables("[admin_api]\nlisten = '127.0.0.1:0'\nallow_setting_passwords = true\n");
    let server = server.start().await;
    let operator = server.operator().await;
    let id = operator.add("customer", GUID).await.account.id.to_string();
    let trace =
        |flags: &str| format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");

    let wire = |new: &str| customer_body(GUID, FIRST_PASSWORD, new);
    let headers = [JSON, ("traceparent", &trace("01"))];
    let new = "a second password it is";
    let answer = server.client().send(Method::POST, CUSTOMER, &headers, wire(new)).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
    changed(&server, new, "a third password it is").await;
    let key = AdminApi::of(&server, &operator).await.key;
    let headers =
        [JSON, ("authorization", &format!("Bearer {key}")), ("traceparent", &trace("00"))];
    let path = format!("/admin/v1/realms/customer/accounts/{id}/password");
    let body = json!({ "password": "a fourth password it is" }).to_string();
    let answer = server.admin_api().send(Method::PUT, &path, &headers, body).await;
    assert!(answer.status.is_success(), "{}", answer.text());

    for expected in [Some(trace("01")), None, Some(trace("00"))] {
        let hook = receiver.next().await;
        assert_eq!(hook.header("traceparent"), expected.as_deref().unwrap_or_default());
        assert_eq!(hook.json()["data"]["traceparent"], json!(expected));
        hook.answer(200);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_an_account_arrive_once_in_order_and_signed() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    let added = operator.add("customer", GUID).await;
    let passwords = [FIRST_PASSWORD, "a second password it is", "a third password it is"];
    changed(&server, passwords[0], passwords[1]).await;
    changed(&server, passwords[1], passwords[2]).await;
    operator.reset_token("customer", GUID, Duration::from_secs(60)).await;

    let mut ids = Vec::new();
    for kind in [EventKind::PasswordChanged, EventKind::PasswordChanged, EventKind::ResetRequested]
    {
        let hook = receiver.next().await;
        hook.assert_signed();
        assert_eq!(hook.path, "/hook");
        assert_eq!(hook.header("content-type"), "application/json");
        let body = hook.json();
        assert_eq!(body["type"], kind.as_str());
        let data = &body["data"];
        assert_eq!(data["realm"], "customer");
        assert_eq!(data["user_id"], GUID);
        assert_eq!(data["account"], added.account.id.to_string());
        if kind == EventKind::PasswordChanged {
            assert_eq!(data["source"], "customer");
            assert_eq!(data["peer"], "127.0.0.1");
            assert_eq!(data["sessions_valid_after"], body["timestamp"]);
        }
        for secret in passwords {
            assert!(!hook.text().contains(secret), "{}", hook.text());
        }
        ids.push(hook.header("webhook-id").to_owned());
        assert!(receiver.is_idle(), "the account's next event waits");
        hook.answer(200);
    }
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    let written: Vec<String> = entries.iter().map(|entry| entry.event.id.to_string()).collect();
    assert_eq!(ids, written, "in the order written");
    assert!(entries.iter().all(|entry| only(entry).tries == 1), "{entries:?}");
    assert_eq!(server.stop().await.status.code(), Some(0));
    assert!(receiver.is_idle(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_do_not_wait_for_each_other() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    for user in ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"] {
        operator.add("customer", user).await;
        operator.reset_token("customer", user, Duration::from_secs(60)).await;
    }
    let (one, other) = (receiver.next().await, receiver.next().await);
    assert_ne!(one.header("webhook-id"), other.header("webhook-id"));
    other.answer(204);
    one.answer(204);
    until(&operator, is(DeliveryState::Delivered)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_for_a_while_gets_the_same_event_again() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    let mut seen = Vec::new();
    for status in [500, 503, 404, 200] {
        let hook = receiver.next().await;
        seen.push((hook.header("webhook-id").to_owned(), hook.text().to_owned()));
        hook.answer(status);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "the same id and body each time");
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!(only(&entries[0]).tries, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn lockouts_are_delivered_and_refusals_after_a_right_password_are_not() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let client = server.client();
    for _ in 0..2 {
        change(&client, GUID, "a wrong password", "a second password it is").await;
    }
    let refused = change(&client, GUID, FIRST_PASSWORD, "short").await;
    assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());
    assert!(entries(&operator).await.is_empty(), "the account was never locked out");
    let wrong = change(&client, GUID, "a wrong password", "a second password it is").await;
    assert_eq!(outcome(&wrong), Outcome::WrongPassword, "{}", wrong.text());
    let hook = receiver.next().await;
    let body = hook.json();
    assert_eq!(body["type"], "account.locked");
    assert_eq!(body["data"]["failures"], 3);
    assert!(body["data"]["sessions_valid_after"].is_null());
    hook.answer(200);
    assert_eq!(until(&operator, is(DeliveryState::Delivered)).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_in_the_middle_of_a_delivery_the_event_still_arrives() {
    let mut receiver = Receiver::start().await;
    // Another process takes the event when the first one's time for it is over.
    let builder = with_webhook(&receiver, "").variable("REPASS_WEBHOOK__TIMEOUT", "1s");
    let server = builder.start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    let held = receiver.next().await;
    server.kill().await;

    let server = builder.start().await;
    let again = receiver.next().await;
    assert_eq!(again.header("webhook-id"), held.header("webhook-id"), "known by its id");
    assert_eq!(again.text(), held.text());
    again.assert_signed();
    again.answer(200);
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!((entries.len(), only(&entries[0]).tries), (1, 2));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_under_way_is_finished_at_sigterm() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    let hook = receiver.next().await;
    server.terminate();
    while tokio::net::TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    hook.answer(200);
    assert_eq!(server.wait().await.status.code(), Some(0));
    assert!(entries(&operator).await.iter().all(is(DeliveryState::Delivered)));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "max_tries = 2").start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    for status in [302, 307] {
        let hook = receiver.next().await;
        assert_eq!(hook.path, "/hook");
        hook.redirect(status, &format!("http://{}/elsewhere", receiver.address));
    }
    let entries = until(&operator, is(DeliveryState::Discarded)).await;
    assert_eq!(only(&entries[0]).error.as_deref(), Some("answered 307"));
    assert!(receiver.is_idle());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_not_asked_again() {
    let mut receiver = Receiver::start().await;
    let server = with_webhook(&receiver, "").start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    receiver.next().await.answer(410);
    let entries = until(&operator, is(DeliveryState::Discarded)).await;
    assert_eq!(only(&entries[0]).error.as_deref(), Some("answered 410"));
    assert_eq!(only(&entries[0]).tries, 1);
    assert!(receiver.is_idle());
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_by_default() {
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    let webhook = format!(
        "[outbox]\npoll = '5ms'\nmax_tries = 1\n\
         [webhook]\nurl = 'https://localhost:{port}/hook?key=hunter2'\nsecret = '{SECRET}'"
    );
    let server = Server::builder().only("customer").tables(&webhook).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    let entries = until(&operator, is(DeliveryState::Discarded)).await;
    let error = only(&entries[0]).error.as_deref().unwrap();
    assert!(error.contains("no public address"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    assert_eq!(receiver.connections(), 0, "there was no connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_event_is_retried_or_dropped_by_an_operator() {
    let mut receiver = Receiver::start().await;
    let builder = with_webhook(&receiver, "max_tries = 1");
    let server = builder.start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, "a second password it is").await;
    receiver.next().await.answer(500);
    let dead = until(&operator, is(DeliveryState::Discarded)).await.remove(0);
    assert_eq!(only(&dead).error.as_deref(), Some("answered 500"));
    let id = dead.event.id.to_string();

    let listed = outbox(&builder, &["list", "--state", "discarded", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["id"], id);
    assert_eq!(listed[0]["state"], "discarded");

    outbox(&builder, &["retry", &id]).await;
    let hook = receiver.next().await;
    assert_eq!(hook.header("webhook-id"), id);
    hook.answer(200);
    until(&operator, is(DeliveryState::Delivered)).await;
    outbox(&builder, &["drop", &id]).await;
    assert!(entries(&operator).await.is_empty());
    let trail = operator.audit().await;
    assert_eq!(
        [trail[0].action.as_str(), trail[1].action.as_str()],
        ["outbox.drop", "outbox.retry"]
    );
}

/// Runs `repass outbox` on the database of the server and returns its output.
async fn outbox(builder: &ServerBuilder, arguments: &[&str]) -> String {
    let config = std::fs::read_to_string(builder.folder().join("repassd.toml")).unwrap();
    let value = |key: &str| {
        let line = config.lines().find_map(|line| line.strip_prefix(&format!("{key} = '")))?;
        Some(line.trim_end_matches('\'').to_owned())
    };
    let url = config
        .lines()
        .skip_while(|line| *line != "[store]")
        .find_map(|line| Some(line.strip_prefix("url = '")?.trim_end_matches('\'').to_owned()));
    let program = tokio::task::spawn_blocking(|| binary("repass")).await.unwrap();
    let mut command = tokio::process::Command::new(program);
    command.arg("outbox").args(arguments).env("REPASS_DATABASE", url.unwrap());
    if let Some(key_file) = value("key_file") {
        command.env("REPASS_KEY_FILE", key_file);
    }
    let output = command.output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}
