//! The pages: a forgotten password, its mail, and the new password.

use super::*;

const ORIGIN: (&str, &str) = ("origin", "https://example.org");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Opens a form and sends it with these fields. Returns the answer.
async fn submit(server: &Server, path: &str, fields: &[(&str, &str)]) -> repass_tests::Answer {
    let client = server.client();
    let form = client.send(Method::GET, path, &[], String::new()).await;
    let cookie = form.header("set-cookie").split(';').next().unwrap().to_owned();
    let token = form.text().split("name=\"form_token\" value=\"").nth(1).unwrap().to_owned();
    let token = token.split('"').next().unwrap();
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields).append_pair("form_token", token);
    let headers = [FORM, ORIGIN, ("cookie", cookie.as_str())];
    client.send(Method::POST, path, &headers, body.finish()).await
}

// The rows of the pages' contract about mails: the link is whole and alone on its line; one
// lifetime; the language of the account; the headers of automatic mails.
#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_by_the_mail_and_no_secret_is_logged() {
    let mut mails = MailServer::start().await;
    let lines = "[pages]\nbase_url = 'https://example.org/account'\nrealm = 'customer'\n\
                 reset_lifetime = '20m'\n";
    let builder = mailing(&mails, lines).variable("REPASS_LOG__FILTER", "trace");
    let (server, operator) = start(&builder).await;
    let address = add(&operator, "de-AT").await;
    let answer = submit(&server, "/account/forgot", &[("username", "nobody@example.org")]).await;
    assert_eq!(answer.header("location"), "/account/forgot/sent");
    let answer = submit(&server, "/account/forgot", &[("username", &address)]).await;
    assert_eq!(answer.header("location"), "/account/forgot/sent");

    let mail = mails.next().await;
    assert_eq!(mail.recipients, [address.as_str()]);
    let message = mail.message();
    let subject = message.subject().unwrap();
    assert!(
        subject.starts_with("Example Shop: ") && subject.contains("neues Passwort"),
        "{subject}"
    );
    assert_eq!(message.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    assert!(message.message_id().is_some() && message.header("List-Unsubscribe").is_none());
    assert!(mail.everything().contains("+0000"), "{}", mail.everything());
    let (text, _) = mail.parts();
    let page = "https://example.org/account/reset#";
    let link = text.lines().find(|line| line.starts_with(page)).unwrap();
    let fragment: Vec<(String, String)> =
        form_urlencoded::parse(&link.as_bytes()[page.len()..]).into_owned().collect();
    let value = |name: &str| &fragment.iter().find(|(own, _)| own == name).unwrap().1;
    let token = value("token").clone();
    assert_eq!(value("email"), &address);
    assert!(text.lines().any(|line| line == token), "the code is alone on its line: {text}");
    mail.answer(ACCEPTED);

    let fields = [("username", address.as_str()), ("code", &token), ("new-password", NEW)];
    let reset = submit(&server, "/account/reset", &fields).await;
    assert_eq!(reset.header("location"), "/account/reset/done", "{}", reset.text());
    let notice = mails.next().await;
    assert_eq!(notice.message().subject(), Some("Example Shop: Ihr Passwort wurde zurückgesetzt"));
    notice.answer(ACCEPTED);
    let spent = submit(&server, "/account/reset", &fields).await;
    assert_eq!(spent.status.as_u16(), 422);

    let change = [("username", GUID), ("current-password", NEW), ("new-password", FIRST_PASSWORD)];
    let changed = submit(&server, "/account/password", &change).await;
    assert_eq!(changed.header("location"), "/account/password/done", "{}", changed.text());
    mails.next().await.answer(ACCEPTED);
    let well_known = "/.well-known/change-password";
    let answer = server.client().send(Method::GET, well_known, &[], String::new()).await;
    assert_eq!(answer.header("location"), "/account/password");

    let stopped = server.stop().await;
    assert_eq!(stopped.status.code(), Some(0));
    for secret in [token.as_str(), NEW, FIRST_PASSWORD] {
        assert!(!stopped.log.contains(secret), "{}", stopped.log);
    }
    assert!(stopped.log.contains("\"route\":\"/account/reset\""), "{}", stopped.log);
}
