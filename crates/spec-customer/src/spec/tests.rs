use std::time::Duration;

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, Request};
use repass_core::{
    Caller, Change, ChangeError, Context, Plaintext, Proof, Realm, Sessions, Subject, TokenId,
    TokenIdentity, Violation,
};
use repass_spec::{Call, Rejection, RequiredCredential};
use uuid::Uuid;

use super::*;
use crate::http_error::ERROR;
use crate::{
    Answer, ClientCredential, ContentFormat, UpdateUserPasswordRequest, UpdateUserPasswordResponse,
};

const GUID: &str = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";

fn with_head<T>(headers: &[(&'static str, &'static str)], act: impl FnOnce(&Head<'_>) -> T) -> T {
    let mut request = Request::post(format!("http://h{PATH}?secret=1"));
    for (name, value) in headers {
        request = request.header(HeaderName::from_static(name), *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let realm: Realm = "shop".parse().unwrap();
    act(&Head::new(&parts, &realm))
}

fn begin(spec: CustomerSpec, headers: &[(&'static str, &'static str)]) -> Box<dyn Call> {
    match with_head(headers, |head| spec.begin(head)) {
        RouteMatch::Match(call) => call,
        other => panic!("{other:?}"),
    }
}

fn read(spec: CustomerSpec, body: &str, caller: Caller) -> Change {
    let mut call = begin(spec, &[("content-type", "application/json")]);
    call.read(body.as_bytes(), caller).unwrap()
}

fn respond(error: &ChangeError, headers: &[(&'static str, &'static str)]) -> (u16, Reply, String) {
    let reply = begin(CustomerSpec::default(), headers).respond(Err(error));
    let body = String::from_utf8(reply.body().to_vec()).unwrap();
    (reply.status().as_u16(), reply, body)
}

fn reject(rejection: Rejection) -> Reply {
    begin(CustomerSpec::default(), &[]).reject(rejection)
}

fn holder() -> Caller {
    Caller {
        key: None,
        token: Some(TokenIdentity {
            id: TokenId(Uuid::nil()),
            issuer: None,
            account: repass_core::AccountId(Uuid::nil()),
            realm: "shop".parse().unwrap(),
            user_id: GUID.parse().unwrap(),
            roles: Vec::new(),
        }),
    }
}

#[test]
fn the_path_matches_in_any_case_with_an_id_and_a_slash() {
    let route = |path: &str, method: &str| {
        let request = Request::builder().method(method).body(()).unwrap();
        let (parts, realm) = (request.into_parts().0, "shop".parse().unwrap());
        CustomerSpec::default().begin(&Head::new(&parts, &realm).with_path(path))
    };
    for path in [
        PATH,
        "/API/customer/updateuserpassword/",
        "/api/Customer/UpdateUserPassword/5",
        "/api/Customer/UpdateUserPassword/5/",
    ] {
        assert!(matches!(route(path, "POST"), RouteMatch::Match(_)), "{path}");
        let other = route(path, "GET");
        assert!(matches!(other, RouteMatch::MethodNotAllowed { allow: "POST" }), "{path}");
    }
    for path in [
        "/api/Customer/UpdateUserPassword/5/6",
        "/api/Customer/UpdateUserPassword//",
        "/api/Customer/UpdateUserPasswordX",
        "/api/Nope/UpdateUserPassword",
        "/nope",
        "/äpi/Customer/UpdateUserPassword",
        "",
    ] {
        assert!(matches!(route(path, "POST"), RouteMatch::NoMatch), "{path}");
    }
}

#[test]
fn a_request_becomes_a_change() {
    let body = format!(
        "{{\"UserId\":\"{{{}}}\",\"OldPassword\":\"old\",\"NewPassword\":\"new\",\
         \"IPAddress\":\"i\",\"UserAgent\":\"{}\",\"PermanentSessionId\":\"p\"}}",
        GUID.to_uppercase(),
        "u".repeat(600)
    );
    let change = read(CustomerSpec::default(), &body, Caller::anonymous());
    let subject = Subject::new("shop".parse().unwrap(), GUID);
    assert_eq!(*change.authorization.subject(), subject);
    assert!(change.authorization.is_allowed());
    assert!(matches!(&change.proof, Proof::OldPassword(text) if text.expose() == "old"));
    assert_eq!(change.new_password.expose(), "new");
    assert_eq!(change.sessions, Sessions::EndAll);
    assert_eq!(change.context.ip_address.as_deref(), Some("i"));
    assert_eq!(change.context.user_agent.unwrap().len(), Context::MAX_TEXT);
    assert_eq!(change.context.session.as_deref(), Some("p"));
}

#[test]
fn missing_members_become_a_zero_guid_and_empty_passwords() {
    let change = read(CustomerSpec::default(), "{}", Caller::anonymous());
    assert_eq!(change.authorization.subject().user_id, Uuid::nil().to_string());
    assert!(matches!(&change.proof, Proof::OldPassword(text) if text.is_empty()));
    assert!(change.new_password.is_empty());
}

#[test]
fn a_token_allows_a_change_of_the_holders_own_password_and_stays_valid() {
    let spec = CustomerSpec::new(Authentication::Bearer);
    let change = read(spec, &format!("{{\"UserId\":\"{GUID}\"}}"), holder());
    assert_eq!(change.sessions, Sessions::KeepPresenting);
    assert!(change.authorization.is_allowed());
    let change = read(spec, "{}", holder());
    assert!(!change.authorization.is_allowed());
}

#[test]
fn the_option_selects_the_required_credential() {
    let headers = [("x-api-key", "k"), ("authorization", "Bearer t")];
    let present =
        |authentication| begin(CustomerSpec::new(authentication), &headers).credentials().pop();
    let is = |text: &Option<Plaintext>, expected| text.as_ref().unwrap().expose() == expected;
    assert!(present(Authentication::None).is_none());
    assert!(matches!(
        present(Authentication::ApiKey),
        Some(Credential::Key(KeyKind::Api, key)) if is(&key, "k")
    ));
    assert!(matches!(
        present(Authentication::Bearer),
        Some(Credential::AccessToken(token)) if is(&token, "t")
    ));
}

#[test]
fn a_wrong_password_and_a_refusal_by_the_policy_are_200() {
    let (status, _, body) = respond(&ChangeError::WrongPassword, &[]);
    assert_eq!(status, 200);
    assert_eq!(
        body,
        "{\"Success\":false,\"InvalidPassword\":true,\
         \"ExceptionMessageList\":[\"The user ID or the old password is wrong.\"]}"
    );
    let rejected =
        ChangeError::Rejected(vec![Violation::TooShort { min: 8, actual: 0 }, Violation::Common]);
    let (status, _, body) = respond(&rejected, &[]);
    assert_eq!(status, 200);
    assert_eq!(
        body,
        "{\"Success\":false,\"InvalidPassword\":false,\"ExceptionMessageList\":[\
         \"The new password must have at least 8 characters.\",\
         \"The new password is among those that many people use.\"]}"
    );
}

#[test]
fn other_failures_are_errors_in_the_negotiated_format() {
    let retry_after = Duration::from_millis(1500);
    for (error, status, header) in [
        (ChangeError::TooManyAttempts { retry_after }, 429, Some("2")),
        (ChangeError::Busy { retry_after }, 503, Some("2")),
        (ChangeError::Inactive, 500, None),
        (ChangeError::WrongOtp, 500, None),
    ] {
        let (own, reply, body) = respond(&error, &[("accept", "text/xml")]);
        assert_eq!(own, status);
        assert_eq!(reply.headers()[CONTENT_TYPE], "text/xml; charset=utf-8");
        let retry = reply.headers().get(http::header::RETRY_AFTER);
        assert_eq!(retry.map(|value| value.to_str().unwrap()), header);
        assert!(body.starts_with("<Error><Message>"), "{body}");
        assert_eq!(body.contains(ERROR), status == 500);
    }
}

#[test]
fn a_forbidden_change_and_a_missing_key_are_401_with_the_frameworks_message() {
    let denied = "{\"Message\":\"Authorization has been denied for this request.\"}";
    let (status, reply, body) = respond(&ChangeError::Forbidden, &[]);
    assert_eq!((status, body.as_str()), (401, denied));
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Bearer");
    let reply = reject(Rejection::Unauthenticated(RequiredCredential::Key(KeyKind::Api)));
    assert_eq!((reply.status().as_u16(), &reply.body()[..]), (401, denied.as_bytes()));
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "ApiKey");
}

/// Proves CUSTOMER-28.
#[test]
fn rejections_have_their_status_and_an_error_body() {
    for (why, status) in [
        (Rejection::UnsupportedEncoding, 415),
        (Rejection::BodyTooLarge, 413),
        (Rejection::BodyIncomplete, 408),
        (Rejection::Unavailable { retry_after: Duration::from_secs(1) }, 503),
        (Rejection::Fault, 500),
    ] {
        let reply = reject(why);
        assert_eq!(reply.status().as_u16(), status);
        assert!(HttpError::read("application/json", reply.body()).is_ok());
    }
}

#[test]
fn the_query_is_not_echoed() {
    let reply = with_head(&[], |head| CustomerSpec::default().not_found(head));
    let error = HttpError::read("application/json", reply.body()).unwrap();
    assert_eq!(
        error.message,
        format!("No HTTP resource was found that matches the request URI 'http://h{PATH}'.")
    );
}

/// Proves E12.
#[test]
fn e12_server_and_client_read_each_other() {
    let request = UpdateUserPasswordRequest {
        user_id: Uuid::from_u128(7),
        old_password: Some("old".into()),
        new_password: Some("new".into()),
        ..Default::default()
    };
    for format in [ContentFormat::Json, ContentFormat::Xml, ContentFormat::Form] {
        for (authentication, credential) in [
            (Authentication::None, None),
            (Authentication::ApiKey, Some(ClientCredential::ApiKey("secret".into()))),
            (Authentication::Bearer, Some(ClientCredential::AccessToken("secret".into()))),
        ] {
            let sent = request.to_request("http://h", format, credential.as_ref()).unwrap();
            let (parts, body) = sent.into_parts();
            let spec = CustomerSpec::new(authentication);
            let realm = "shop".parse().unwrap();
            let RouteMatch::Match(mut call) = spec.begin(&Head::new(&parts, &realm)) else {
                panic!()
            };
            let presented = call.credentials().pop().map(|credential| match credential {
                Credential::Key(_, secret) | Credential::AccessToken(secret) => secret.unwrap(),
            });
            assert_eq!(presented.is_some(), credential.is_some());
            assert!(presented.is_none_or(|secret| secret.expose() == "secret"));
            let change = call.read(body.expose().as_bytes(), Caller::anonymous()).unwrap();
            assert_eq!(change.new_password.expose(), "new");
            let reply = call.respond(Err(&ChangeError::WrongPassword));
            let is_xml = format == ContentFormat::Xml;
            assert_eq!(
                reply.headers()[CONTENT_TYPE].to_str().unwrap().contains("xml"),
                is_xml,
                "{format:?}"
            );
            let answer = Answer::from_response(reply.status(), reply.body()).unwrap();
            let wrong = UpdateUserPasswordResponse::wrong_password();
            assert_eq!(answer, Answer::NotChanged(wrong));
        }
    }
}
