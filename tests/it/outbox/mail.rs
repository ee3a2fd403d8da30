//! The delivery of events to account holders by e-mail.

mod admin_api;
mod pages;
mod tls;

use std::time::Duration;

use http::Method;
use repass_core::{DeliveryState, EventKind, OutboxEntry, Profile};
use repass_tests::{AdminContext, FIRST_PASSWORD, Mail, MailServer, Server, ServerBuilder, binary};
use serde_json::json;

use super::receiver::{Receiver, SECRET};
use super::{changed, entries, is, only, outbox, until};
use crate::requests::{
    CUSTOMER, GUID, JSON, Outcome, change, customer_body, good_request, outcome,
};
use crate::test_context::ANY_PASSWORD;

const NEW: &str = "an-unmistakable-new-password-71c3";
const ACCEPTED: &str = "250 2.0.0 it is on its way";

/// A server that sends mail through this mail server, with short delays. `lines` may end with tables.
fn mailing(mails: &MailServer, lines: &str) -> ServerBuilder {
    Server::builder().tables(&format!("{ANY_PASSWORD}{}{lines}", mails.tables()))
}

/// Starts it, with the password of the mail server beside its configuration.
async fn start(builder: &ServerBuilder) -> (Server, AdminContext) {
    std::fs::write(builder.folder().join("mail.password"), format!("{}\n", MailServer::PASSWORD))
        .unwrap();
    let server = builder.start().await;
    let operator = server.operator().await;
    (server, operator)
}

async fn add(operator: &AdminContext, locale: &str) -> String {
    let mut profile = Profile::default();
    profile.attributes.insert("locale".to_owned(), json!(locale));
    operator.add_with("customer", GUID, profile).await.email
}

fn assert_no_secret(mail: &Mail, secrets: &[&str]) {
    let everything = mail.everything();
    for secret in secrets {
        assert!(!everything.contains(secret), "{secret}: {everything}");
    }
}

/// Proves ASVS 6.3.7.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_mailed_to_the_holder_in_their_language() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    let address = add(&operator, "de-AT").await;
    let agent = "Firefox/118.0 https://evil.example/\r\nBcc: eve@evil.example <script>";
    let body = json!({
        "UserId": GUID, "OldPassword": FIRST_PASSWORD, "NewPassword": NEW,
        "IPAddress": "203.0.113.9", "UserAgent": agent,
    });
    let headers = [JSON, ("x-forwarded-host", "evil.example"), ("referer", "http://evil.example/")];
    let answer = server.client().send(Method::POST, CUSTOMER, &headers, body.to_string()).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());

    let mail = mails.next().await;
    assert_eq!(mail.sender, "accounts@example.org");
    assert_eq!(mail.recipients, [address.as_str()]);
    let message = mail.message();
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some(address.as_str()));
    assert!(message.bcc().is_none() && message.cc().is_none());
    assert_eq!(message.subject(), Some("Example Shop: Ihr Passwort wurde geändert"));
    let auto = message.header("Auto-Submitted").unwrap().as_text();
    assert_eq!(auto, Some("auto-generated"));
    let (text, html) = mail.parts();
    for part in [&text, &html] {
        for told in [GUID, "203.0.113.9", "https://example.org/help", "Uhr UTC", "Firefox/118.0"] {
            assert!(part.contains(told), "{told}: {part}");
        }
    }
    assert_eq!(text.matches("://").count(), 1, "no link but our own: {text}");
    assert!(!html.contains("<script") && !mail.everything().contains("evil.example"), "{html}");
    assert_no_secret(&mail, &[FIRST_PASSWORD, NEW, MailServer::PASSWORD]);
    let id = mail.id();
    mail.answer(ACCEPTED);
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(only(&entries[0]).channel, "mail");
    assert_eq!(id, format!("{}@example.org", entries[0].event.id));
    assert!(mails.is_idle(), "once");
    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
    for secret in [FIRST_PASSWORD, NEW, MailServer::PASSWORD] {
        assert!(!stopped.log.contains(secret), "{}", stopped.log);
    }
    assert!(!stopped.log.contains("panic"), "{}", stopped.log);
}

/// Proves ASVS 6.3.7.
#[tokio::test(flavor = "multi_thread")]
async fn resets_are_mailed_without_the_token_in_the_language_of_the_realm_or_the_request() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "default_language = 'nl'")).await;
    let wire = good_request(&operator, "fabric", NEW).await;
    let body: serde_json::Value = serde_json::from_str(&wire.body).unwrap();
    let token = body["resetToken"].as_str().unwrap();
    let requested = mails.next().await;
    assert_eq!(
        requested.message().subject(),
        Some("Example Shop: Er is wachtwoordherstel aangevraagd")
    );
    assert_no_secret(&requested, &[token]);
    requested.answer(ACCEPTED);
    let answer = wire.send(&server.client()).await;
    assert!(wire.changed(&answer), "{}\n{}", answer.text(), server.log());
    let reset = mails.next().await;
    assert_eq!(reset.message().subject(), Some("Example Shop: Uw wachtwoord is opnieuw ingesteld"));
    assert_no_secret(&reset, &[token, NEW, FIRST_PASSWORD]);
    reset.answer(ACCEPTED);

    let wire = good_request(&operator, "ecom", NEW).await.replace("en-US", "fr-CA");
    assert!(wire.changed(&wire.send(&server.client()).await));
    let french = mails.next().await;
    assert_eq!(
        french.message().subject(),
        Some("Example Shop\u{a0}: Votre mot de passe a été modifié")
    );
    assert_eq!(french.recipients, ["ram123gmailcom@example.org"]);
    french.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_configured_events_are_mailed() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "events = ['account.locked']")).await;
    add(&operator, "en").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    until(&operator, is(DeliveryState::Delivered)).await;
    for _ in 0..3 {
        change(&server.client(), GUID, "a wrong password", "a third password it is").await;
    }
    let mail = mails.next().await;
    assert_eq!(mail.message().subject(), Some("Example Shop: Your account is temporarily locked"));
    assert_no_secret(&mail, &["a wrong password", NEW]);
    mail.answer(ACCEPTED);
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    let kinds: Vec<_> = entries.iter().map(|entry| entry.event.kind.as_str()).collect();
    assert_eq!(kinds, ["password.changed", EventKind::AccountLocked.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_busy_gets_the_same_message_later() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    add(&operator, "en").await;
    mails.answer_recipient("450 4.2.1 come back later");
    changed(&server, FIRST_PASSWORD, NEW).await;
    let first = mails.next().await;
    let (id, everything) = (first.id(), first.everything());
    first.answer("451 4.3.0 come back later");
    let again = mails.next().await;
    assert_eq!((again.id(), again.everything()), (id, everything), "known by its id");
    again.answer(ACCEPTED);
    let entries = until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!(only(&entries[0]).tries, 3);
}

/// Proves A4.
#[tokio::test(flavor = "multi_thread")]
async fn a4_refusals_that_are_not_about_the_recipient_are_retried() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    add(&operator, "en").await;
    for reply in ["554 5.7.1 relay access denied", "550 no", "550 5.1.8 the sender's domain"] {
        mails.answer_recipient(reply);
    }
    changed(&server, FIRST_PASSWORD, NEW).await;
    mails.next().await.answer("554 5.6.0 no");
    mails.next().await.answer(ACCEPTED);
    assert_eq!(until(&operator, is(DeliveryState::Delivered)).await[0].deliveries[0].tries, 5);
}

/// Proves A4, A4 all.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_that_is_refused_is_given_up_at_once_until_an_operator_retries() {
    let mut mails = MailServer::start().await;
    let builder = mailing(&mails, "");
    let (server, operator) = start(&builder).await;
    add(&operator, "en").await;
    mails.answer_recipient("550 5.1.1 nobody of that name");
    changed(&server, FIRST_PASSWORD, NEW).await;
    let dead = until(&operator, is(DeliveryState::Discarded)).await.remove(0);
    assert_eq!(only(&dead).tries, 1);
    let id = dead.event.id.to_string();
    let listed = outbox(&builder, &["list", "--state", "discarded", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["id"], id);
    assert_eq!(listed[0]["deliveries"][0]["channel"], "mail");
    let error = listed[0]["deliveries"][0]["error"].as_str().unwrap();
    assert!(error.contains("550"), "{error}");
    assert!(error.contains("nobody of that name"), "{error}");

    // It does not delay later events.
    changed(&server, NEW, "a third password it is").await;
    let mail = mails.next().await;
    assert!(!mail.id().starts_with(&id));
    mail.answer(ACCEPTED);
    outbox(&builder, &["retry", "--all"]).await;
    let mail = mails.next().await;
    assert!(mail.id().starts_with(&id), "{}", mail.id());
    mail.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_and_mail_do_not_repeat_each_other() {
    let (mut mails, mut receiver) = (MailServer::start().await, Receiver::start().await);
    let webhook = format!(
        "[webhook]\nurl = 'http://{}/hook'\nsecret = '{SECRET}'\nallow_private = true",
        receiver.address
    );
    let (server, operator) = start(&mailing(&mails, &webhook)).await;
    add(&operator, "en").await;

    changed(&server, FIRST_PASSWORD, NEW).await;
    mails.next().await.answer(ACCEPTED);
    for status in [500, 503, 200] {
        receiver.next().await.answer(status);
    }
    let tries = |entry: &OutboxEntry| -> Vec<_> {
        entry.deliveries.iter().map(|it| (it.channel.clone(), it.tries)).collect()
    };
    let delivered = until(&operator, is(DeliveryState::Delivered)).await.remove(0);
    assert_eq!(tries(&delivered), [("mail".to_owned(), 1), ("webhook".to_owned(), 3)]);
    assert!(mails.is_idle(), "the mail was not sent again");

    changed(&server, NEW, FIRST_PASSWORD).await;
    receiver.next().await.answer(200);
    for reply in ["451 4.3.0 later", "421 4.3.2 later still", ACCEPTED] {
        mails.next().await.answer(reply);
    }
    until(&operator, is(DeliveryState::Delivered)).await;
    assert!(receiver.is_idle(), "the webhook was not called again");

    // The mail is refused permanently, the webhook temporarily: each channel has its own attempts
    // (A1).
    changed(&server, FIRST_PASSWORD, NEW).await;
    mails.next().await.answer("552 5.2.2 the mailbox is full");
    receiver.next().await.answer(500);
    receiver.next().await.answer(200);
    let entries = until(&operator, |entry| entry.state != DeliveryState::Pending).await;
    let last = entries.last().unwrap();
    let ended: Vec<_> =
        last.deliveries.iter().map(|it| (&*it.channel, it.state, it.tries)).collect();
    let expected =
        [("mail", DeliveryState::Discarded, 1), ("webhook", DeliveryState::Delivered, 2)];
    assert_eq!((last.state, &*ended), (DeliveryState::Discarded, &expected[..]), "{last:?}");
    assert!(receiver.is_idle() && mails.is_idle());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_of_a_message_gets_it_again() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    add(&operator, "en").await;
    mails.break_in_data();
    changed(&server, FIRST_PASSWORD, NEW).await;
    let mail = mails.next().await;
    assert_eq!(mails.heard("DATA"), 2);
    assert!(mail.parts().0.contains("changed"));
    mail.answer(ACCEPTED);
    assert_eq!(until(&operator, is(DeliveryState::Delivered)).await[0].deliveries[0].tries, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_loses_its_connection_and_no_event() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "timeout = '1s'")).await;
    add(&operator, "en").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    let held = mails.next().await;
    let id = held.id();
    drop(held);
    let again = mails.next().await;
    assert_eq!(again.id(), id);
    // Connections are reused, except the one that was left in the middle of a message.
    assert_eq!(mails.heard("EHLO"), 2);
    again.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
    changed(&server, NEW, FIRST_PASSWORD).await;
    mails.next().await.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_in_the_middle_of_a_mail_it_still_arrives() {
    let mut mails = MailServer::start().await;
    let builder = mailing(&mails, "timeout = '1s'");
    let (server, operator) = start(&builder).await;
    add(&operator, "en").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    let held = mails.next().await;
    server.kill().await;
    let server = builder.start().await;
    let again = mails.next().await;
    assert_eq!(again.id(), held.id());
    again.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_if_required_starttls_is_not_offered() {
    let mails = MailServer::start().await;
    let builder = mailing(&mails, "").variable("REPASS_MAIL__TLS", "starttls");
    let (server, operator) = start(&builder).await;
    add(&operator, "en").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    let entries =
        until(&operator, |entry| entry.deliveries.iter().any(|it| it.error.is_some())).await;
    let error = only(&entries[0]).error.as_deref().unwrap();
    assert!(error.contains("STARTTLS"), "{error}");
    assert_eq!(entries[0].state, DeliveryState::Pending, "an operator may mend it");
    assert!(mails.heard("EHLO") > 0);
    assert_eq!((mails.heard("AUTH"), mails.heard("MAIL"), mails.heard("DATA")), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_for_the_server_loses_no_event() {
    let mut mails = MailServer::start().await;
    let builder = mailing(&mails, "");
    let (server, operator) = start(&builder).await;
    std::fs::write(builder.folder().join("mail.password"), "mistyped").unwrap();
    server.stop().await;
    let server = builder.start().await;
    add(&operator, "en").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    let waiting =
        until(&operator, |entry| entry.deliveries.iter().any(|it| it.error.is_some())).await;
    let error = only(&waiting[0]).error.as_deref().unwrap();
    assert!(error.contains("535") && !error.contains("mistyped"), "{error}");
    assert_eq!(waiting[0].state, DeliveryState::Pending);
    assert!(!server.stop().await.log.contains("mistyped"));
    let (_server, _) = start(&builder).await;
    mails.next().await.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_an_address_gets_no_mail_and_a_wrong_address_is_given_up() {
    let mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    add(&operator, "en").await;
    let set_email = async |value: &str| {
        server
            .database()
            .execute(format!("UPDATE @accounts SET email = {value}, email_key = {value}"))
            .await;
    };
    set_email("NULL").await;
    changed(&server, FIRST_PASSWORD, NEW).await;
    assert_eq!(until(&operator, is(DeliveryState::Delivered)).await[0].deliveries[0].tries, 1);
    assert!(server.log().contains("the account has no e-mail address"));
    // HTML accepts this as an address, SMTP does not.
    set_email("'pat..kake@example.org'").await;
    changed(&server, NEW, FIRST_PASSWORD).await;
    until(&operator, |entry| entry.state != DeliveryState::Pending).await;
    let last = entries(&operator).await.pop().unwrap();
    assert_eq!((last.state, only(&last).tries), (DeliveryState::Discarded, 1));
    assert_eq!(only(&last).error.as_deref(), Some("the account's e-mail address is not valid"));
    assert_eq!(mails.heard("EHLO"), 0, "there was no connection");
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_account_share_a_connection() {
    let mut mails = MailServer::start().await;
    let (server, operator) = start(&mailing(&mails, "")).await;
    add(&operator, "en").await;
    for (old, new) in [(FIRST_PASSWORD, NEW), (NEW, FIRST_PASSWORD), (FIRST_PASSWORD, NEW)] {
        changed(&server, old, new).await;
        mails.next().await.answer(ACCEPTED);
        until(&operator, is(DeliveryState::Delivered)).await;
    }
    operator.reset_token("customer", GUID, Duration::from_secs(60)).await;
    mails.next().await.answer(ACCEPTED);
    until(&operator, is(DeliveryState::Delivered)).await;
    assert_eq!((mails.heard("DATA"), mails.heard("EHLO")), (4, 1));
    assert_eq!(mails.ehlo_name(), "[127.0.0.1]", "an address, and no name of a container (A5)");
}

/// Proves W6.
#[tokio::test(flavor = "multi_thread")]
async fn w6_a_mail_has_the_address_of_the_proxys_client_and_not_that_of_the_proxy() {
    let mut mails = MailServer::start().await;
    let trusting = mailing(&mails, "[proxy]\ntrusted = ['127.0.0.1', '192.0.2.0/24']\n");
    let (server, operator) = start(&trusting).await;
    add(&operator, "en").await;
    let body = customer_body(GUID, FIRST_PASSWORD, FIRST_PASSWORD);
    for (forwarded, told) in
        [("203.0.113.9", Some("203.0.113.9")), ("192.0.2.7", None), ("nonsense", None)]
    {
        let headers = [JSON, ("x-forwarded-for", forwarded)];
        let answer = server.client().send(Method::POST, CUSTOMER, &headers, body.clone()).await;
        assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
        let mail = mails.next().await;
        let (text, _) = mail.parts();
        assert_eq!(text.lines().find_map(|line| line.strip_prefix("IP address: ")), told);
        mail.answer(ACCEPTED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_config_explains_the_mail_and_not_its_password() {
    let mails = MailServer::start().await;
    let builder = mailing(&mails, "events = ['password.reset']\ndefault_language = 'pt-BR'");
    std::fs::write(builder.folder().join("mail.password"), MailServer::PASSWORD).unwrap();
    let file = builder.write_config();
    let program = tokio::task::spawn_blocking(|| binary("repassd")).await.unwrap();
    let mut command = tokio::process::Command::new(program);
    let output = command.arg("check-config").arg("--config").arg(file).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let port = mails.address.port().to_string();
    for told in ["127.0.0.1", &port, "TLS none", "authenticated", "pt", "password.reset", "Example"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains(MailServer::PASSWORD) && !text.contains("account.locked"), "{text}");
    assert_eq!(mails.heard("EHLO"), 0, "nothing is connected");
}
