//! Reset links that the admin API asks for.

use http::Method;
use repass_core::KeyKind;
use serde_json::{Value, json};

use super::{ACCEPTED, FIRST_PASSWORD, MailServer, NEW, assert_no_secret, mailing, start};
use crate::requests::{SITE, Wire};
use repass_tests::AdminApi;

const USER_ID: &str = "6169b2d892a5f30009d76480";

/// What bit others: case of addresses: mail goes to the stored address.
#[tokio::test(flavor = "multi_thread")]
async fn a_requested_link_has_a_token_that_resets_the_password() {
    let mut mails = MailServer::start().await;
    let lines = "reset_url = 'https://example.org/account/reset'\n\
                 [admin_api]\nlisten = '127.0.0.1:0'\n";
    let (server, operator) = start(&mailing(&mails, lines)).await;
    let api = AdminApi::of(&server, &operator).await;
    let added = operator.add("fabric", USER_ID).await;
    for email in [added.email.to_uppercase(), "nobody@example.org".to_owned()] {
        let answer = api.call(Method::POST, "/fabric/resets", &json!({ "email": email })).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    }
    let mail = mails.next().await;
    assert_eq!(mail.recipients, [added.email.as_str()]);
    let (text, _) = mail.parts();
    let link = text.split_whitespace().find(|word| word.contains("/account/reset#")).unwrap();
    let token = link.split_once("#token=").unwrap().1;
    let (token, account) = token.split_once("&user_id=").unwrap();
    assert_eq!(account.split('&').next(), Some(USER_ID));
    mail.answer(ACCEPTED);

    let key = operator.key("fabric", KeyKind::Api).await;
    let body = json!({ "userId": USER_ID, "resetToken": token, "newPassword": NEW });
    let header = |name: &str, value: String| (name.to_owned(), value);
    let wire = Wire {
        spec: "fabric",
        method: Method::PATCH,
        path: "/api-commerceIdentity/auth/change-password".to_owned(),
        headers: vec![
            header("x-api-key", key),
            header("x-site-context", json!({ "account": SITE }).to_string()),
            header("content-type", "application/json".to_owned()),
        ],
        body: body.to_string(),
    };
    let answer = wire.send(&server.client()).await;
    assert!(wire.changed(&answer), "{}", answer.text());
    let mail = mails.next().await;
    assert_no_secret(&mail, &[token, NEW, FIRST_PASSWORD]);
    mail.answer(ACCEPTED);
    let path = format!("/fabric/accounts/{}/resets", added.account.id);
    let listed = api.call(Method::GET, &path, &Value::Null).await.json();
    assert!(listed["items"][0]["spent_at"].is_string(), "{listed}");
    let outbox = api.call(Method::GET, "/fabric/outbox", &Value::Null).await;
    assert!(!outbox.text().contains("sealed_token") && !outbox.text().contains(token));
    assert!(mails.is_idle(), "nobody@example.org gets no mail");
    assert!(!server.stop().await.log.contains(token));
}
