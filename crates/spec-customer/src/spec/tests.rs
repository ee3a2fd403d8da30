use std::time::Duration;

use http::request::Parts;
use http::{HeaderName, Request};
use repass_core::{Plaintext, Realm, TokenId, TokenIdentity, Violation};
use uuid::Uuid;

use super::*;

const GUID: &str = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";

fn parts(headers: &[(&'static str, &'static str)]) -> Parts {
    let mut request = Request::post(format!("http://h{PATH}?secret=1"));
    for (name, value) in headers {
        request = request.header(HeaderName::from_static(name), *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn with_head<T>(headers: &[(&'static str, &'static str)], act: impl FnOnce(&Head<'_>) -> T) -> T {
    let parts = parts(headers);
    let realm: Realm = "shop".parse().unwrap();
    let head = Head { parts: &parts, path: PATH, realm: &realm, request_id: "1", peer: None };
    act(&head)
}

fn read(spec: CustomerSpec, body: &str, caller: &Caller) -> Change {
    with_head(&[("content-type", "application/json")], |head| {
        spec.read(head, body.as_bytes(), caller).unwrap()
    })
}

fn write(error: &ChangeError, headers: &[(&'static str, &'static str)]) -> (u16, Reply, String) {
    with_head(headers, |head| {
        let reply = CustomerSpec::default().write(head, &Context::new(NAME), Err(error));
        let body = String::from_utf8(reply.body().to_vec()).unwrap();
        (reply.status().as_u16(), reply, body)
    })
}

fn holder() -> Caller {
    Caller {
        key: None,
        token: Some(TokenIdentity {
            id: TokenId(Uuid::nil()),
            account: repass_core::AccountId(Uuid::nil()),
            realm: "shop".parse().unwrap(),
            user_id: GUID.parse().unwrap(),
            roles: Vec::new(),
        }),
    }
}

#[test]
fn the_route_takes_any_case_a_slash_and_an_id() {
    let spec = CustomerSpec::default();
    for path in [
        PATH,
        "/API/customer/updateuserpassword/",
        "/api/Customer/UpdateUserPassword/5",
        "/api/Customer/UpdateUserPassword/5/",
    ] {
        assert_eq!(spec.route(path, &Method::POST), Route::Here, "{path}");
        assert_eq!(spec.route(path, &Method::GET), Route::OtherMethod { allow: "POST" });
    }
    for (path, shared) in [
        ("/api/Customer/UpdateUserPassword/5/6", 3),
        ("/api/Customer/UpdateUserPassword//", 3),
        ("/api/Customer/UpdateUserPasswordX", 2),
        ("/api/Nope/UpdateUserPassword", 1),
        ("/nope", 0),
        ("/äpi/Customer/UpdateUserPassword", 0),
        ("", 0),
    ] {
        let elsewhere = Route::Elsewhere { affinity: shared };
        assert_eq!(spec.route(path, &Method::POST), elsewhere, "{path}");
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
    let change = read(CustomerSpec::default(), &body, &Caller::anonymous());
    assert_eq!(change.subject, Subject::new("shop".parse().unwrap(), GUID));
    assert!(matches!(&change.proof, Proof::OldPassword(text) if text.expose() == "old"));
    assert_eq!(change.new_password.expose(), "new");
    assert_eq!(change.authority, Authority::AnyoneWithProof);
    assert_eq!(change.sessions, Sessions::EndAll);
    assert_eq!(change.context.source, "customer");
    assert_eq!(change.context.ip_address.as_deref(), Some("i"));
    assert_eq!(change.context.user_agent.unwrap().len(), Context::MAX_TEXT);
    assert_eq!(change.context.session.as_deref(), Some("p"));
}

#[test]
fn what_is_missing_is_left_to_the_engine() {
    let change = read(CustomerSpec::default(), "{}", &Caller::anonymous());
    assert_eq!(change.subject.user_id, Uuid::nil().to_string());
    assert!(matches!(&change.proof, Proof::OldPassword(text) if text.is_empty()));
    assert!(change.new_password.is_empty());
}

#[test]
fn holders_of_a_token_act_for_themselves_and_keep_it() {
    let spec = CustomerSpec::new(Authentication::Bearer);
    let change = read(spec, &format!("{{\"UserId\":\"{GUID}\"}}"), &holder());
    assert_eq!(change.sessions, Sessions::KeepPresenting);
    assert!(change.authority.allows(&change.caller, &change.subject));
    let change = read(spec, "{}", &holder());
    assert!(!change.authority.allows(&change.caller, &change.subject));
}

#[test]
fn credentials_are_those_of_the_setting() {
    let headers = [("x-api-key", "k"), ("authorization", "Bearer t")];
    let present = |authentication| {
        let spec = CustomerSpec::new(authentication);
        with_head(&headers, |head| spec.credentials(head)).pop()
    };
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
fn settings_are_spelled_in_kebab_case() {
    for (text, setting) in [
        ("\"none\"", Authentication::None),
        ("\"api-key\"", Authentication::ApiKey),
        ("\"bearer\"", Authentication::Bearer),
    ] {
        assert_eq!(serde_json::from_str::<Authentication>(text).unwrap(), setting);
    }
}

#[test]
fn outcomes_of_the_engine() {
    let (status, _, body) = write(&ChangeError::WrongPassword, &[]);
    assert_eq!(status, 200);
    assert_eq!(
        body,
        "{\"Success\":false,\"InvalidPassword\":true,\
         \"ExceptionMessageList\":[\"The user ID or the old password is wrong.\"]}"
    );
    let rejected =
        ChangeError::Rejected(vec![Violation::TooShort { min: 8, actual: 0 }, Violation::Common]);
    let (status, _, body) = write(&rejected, &[]);
    assert_eq!(status, 200);
    assert_eq!(
        body,
        "{\"Success\":false,\"InvalidPassword\":false,\"ExceptionMessageList\":[\
         \"The new password must have at least 8 characters.\",\
         \"The new password is among those that many people use.\"]}"
    );
}

#[test]
fn failures_of_the_engine_are_errors_in_the_negotiated_format() {
    let retry_after = Duration::from_millis(1500);
    for (error, status, header) in [
        (ChangeError::TooManyAttempts { retry_after }, 429, Some("2")),
        (ChangeError::Busy { retry_after }, 503, Some("2")),
        (ChangeError::Inactive, 500, None),
        (ChangeError::WrongOtp, 500, None),
    ] {
        let (own, reply, body) = write(&error, &[("accept", "text/xml")]);
        assert_eq!(own, status);
        assert_eq!(reply.headers()[CONTENT_TYPE], "text/xml; charset=utf-8");
        let retry = reply.headers().get(http::header::RETRY_AFTER);
        assert_eq!(retry.map(|value| value.to_str().unwrap()), header);
        assert!(body.starts_with("<Error><Message>"), "{body}");
        assert_eq!(body.contains(ERROR), status == 500);
    }
}

#[test]
fn no_authority_is_401_in_the_frameworks_words() {
    let denied = "{\"Message\":\"Authorization has been denied for this request.\"}";
    let (status, reply, body) = write(&ChangeError::Forbidden, &[]);
    assert_eq!((status, body.as_str()), (401, denied));
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Bearer");
    let demand = Refusal::Unauthenticated(Demand::Key(KeyKind::Api));
    let reply = with_head(&[], |head| CustomerSpec::default().refuse(head, demand));
    assert_eq!((reply.status().as_u16(), &reply.body()[..]), (401, denied.as_bytes()));
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "ApiKey");
}

#[test]
fn refusals_before_the_body() {
    for (why, status) in [
        (Refusal::BodyTooLarge, 413),
        (Refusal::BodyIncomplete, 408),
        (Refusal::Unavailable { retry_after: Duration::from_secs(1) }, 503),
        (Refusal::Fault, 500),
    ] {
        let reply = with_head(&[], |head| CustomerSpec::default().refuse(head, why));
        assert_eq!(reply.status().as_u16(), status);
        assert!(HttpError::read("application/json", reply.body()).is_ok());
    }
}

#[test]
fn the_query_is_not_echoed() {
    let reply = with_head(&[], |head| CustomerSpec::default().refuse(head, Refusal::NotFound));
    let error = HttpError::read("application/json", reply.body()).unwrap();
    assert_eq!(
        error.message,
        format!("No HTTP resource was found that matches the request URI 'http://h{PATH}'.")
    );
}
