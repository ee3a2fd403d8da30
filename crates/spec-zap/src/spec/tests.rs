use std::time::Duration;

use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, Request};
use jiff::Timestamp;
use proptest::prelude::*;
use repass_core::{Account, AccountId, HashError, Profile, Realm, StoreError};
use repass_spec::Demand;
use uuid::Uuid;

use super::*;

const BODY: &str =
    r#"{"userId":"u","email":"u@zap.com","oldPassword":"old","newPassword":"new","otp":"123456"}"#;

fn parts(headers: &[(HeaderName, &str)]) -> Parts {
    let mut request = Request::builder().method("POST").uri("/v1/changePassword");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn with_head<T>(parts: &Parts, act: impl FnOnce(&Head<'_>) -> T) -> T {
    let realm: Realm = "zap".parse().unwrap();
    act(&Head { parts, path: parts.uri.path(), realm: &realm, request_id: "r", peer: None })
}

fn read(content_type: &str, body: &[u8]) -> Result<Change, Reply> {
    with_head(&parts(&[(CONTENT_TYPE, content_type)]), |head| {
        ZapSpec::default().read(head, body, &Caller::anonymous())
    })
}

fn write(result: Result<&Changed, &ChangeError>) -> Reply {
    with_head(&parts(&[]), |head| ZapSpec::default().write(head, &Context::new(NAME), result))
}

fn refuse(refusal: Refusal<'_>) -> Reply {
    with_head(&parts(&[]), |head| ZapSpec::default().refuse(head, refusal))
}

#[track_caller]
fn assert_answer(reply: &Reply, status: u16, body: &str) {
    assert_eq!(reply.status().as_u16(), status);
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(std::str::from_utf8(reply.body()).unwrap(), body);
}

fn changed() -> Changed {
    let at = Timestamp::UNIX_EPOCH;
    let account = Account {
        id: AccountId(Uuid::nil()),
        realm: "zap".parse().unwrap(),
        user_id: "u".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
        active: true,
        created_at: at,
        updated_at: at,
    };
    Changed { account, at, version: 2 }
}

#[test]
fn the_path_is_exact_but_for_a_trailing_slash() {
    let spec = ZapSpec::default();
    assert_eq!(spec.route("/v1/changePassword", &Method::POST), Route::Here);
    assert_eq!(spec.route("/v1/changePassword/", &Method::POST), Route::Here);
    assert_eq!(
        spec.route("/v1/changePassword/", &Method::GET),
        Route::OtherMethod { allow: "POST" }
    );
    for (path, affinity) in [
        ("/v1/changepassword", 2),
        ("/v1/changePassword//", 2),
        ("/v1/changePassword/x", 2),
        ("/v1/other", 1),
        ("/", 0),
    ] {
        assert_eq!(spec.route(path, &Method::POST), Route::Elsewhere { affinity }, "{path}");
    }
}

#[test]
fn the_caller_presents_a_bearer_token() {
    let token = |headers: &[(HeaderName, &str)]| {
        let mut credentials =
            with_head(&parts(headers), |head| ZapSpec::default().credentials(head));
        assert_eq!(credentials.len(), 1);
        match credentials.remove(0) {
            Credential::AccessToken(token) => token.map(|token| token.expose().to_owned()),
            Credential::Key(..) => panic!("a key"),
        }
    };
    assert_eq!(token(&[(AUTHORIZATION, "Bearer abc")]).as_deref(), Some("abc"));
    assert_eq!(token(&[(AUTHORIZATION, "Basic abc")]), None);
    assert_eq!(token(&[]), None);
}

#[test]
fn a_request_becomes_a_change() {
    let change = read("application/json; charset=utf-8", BODY.as_bytes()).unwrap();
    let subject = Subject::new("zap".parse().unwrap(), "u").with_email("u@zap.com");
    assert_eq!(change.subject, subject);
    assert_eq!(change.authority, Authority::SelfOrAdmin);
    assert!(matches!(&change.proof, Proof::OldPassword(old) if old.expose() == "old"));
    assert_eq!(change.otp.unwrap().expose(), "123456");
    assert_eq!(change.new_password.expose(), "new");
    assert_eq!(change.sessions, Sessions::KeepPresenting);
    assert_eq!(change.context, Context::new("zap"));
}

#[test]
fn the_otp_switch_reaches_the_reader() {
    let body = BODY.replace("otp", "other");
    let strict = ZapSpec::new(SecureOtp::Required);
    let reply = with_head(&parts(&[(CONTENT_TYPE, "application/json")]), |head| {
        strict.read(head, body.as_bytes(), &Caller::anonymous())
    });
    assert_answer(
        &reply.unwrap_err(),
        400,
        r#"{"success":false,"data":"Bad request: secureOTP is required."}"#,
    );
    assert!(read("application/json", body.as_bytes()).unwrap().otp.is_none());
}

#[test]
fn unreadable_requests() {
    for (content_type, body, answer) in [
        (
            "application/json",
            "{\n\"userId\": \"u\",\n}",
            r#"{"success":false,"data":"Bad request: the body is malformed JSON at line 3 column 1."}"#,
        ),
        (
            "application/json",
            r#"{"userId":"u","email":7,"oldPassword":"x"}"#,
            r#"{"success":false,"data":"Bad request: email must be a string; newPassword is required."}"#,
        ),
        (
            "text/json",
            BODY,
            r#"{"success":false,"data":"Bad request: Content-Type must be application/json or application/x-www-form-urlencoded."}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "userId=%FF",
            r#"{"success":false,"data":"Bad request: the form is not UTF-8."}"#,
        ),
    ] {
        assert_answer(&read(content_type, body.as_bytes()).unwrap_err(), 400, answer);
    }
    let without_type = with_head(&parts(&[]), |head| {
        ZapSpec::default().read(head, BODY.as_bytes(), &Caller::anonymous())
    });
    assert_eq!(without_type.unwrap_err().status(), 400);
}

#[test]
fn a_change_is_answered_as_on_the_page() {
    let reply = write(Ok(&changed()));
    assert_answer(&reply, 200, r#"{"success":true,"data":"Password updated successfully"}"#);
}

#[test]
fn refused_changes() {
    let rejected = ChangeError::Rejected(vec![
        Violation::TooShort { min: 15, actual: 3 },
        Violation::SameAsCurrent,
    ]);
    for (error, status, answer) in [
        (
            ChangeError::WrongPassword,
            400,
            r#"{"success":false,"data":"The user ID, the email or the old password is wrong."}"#,
        ),
        (
            ChangeError::WrongOtp,
            400,
            r#"{"success":false,"data":"The secure OTP is wrong or has been used."}"#,
        ),
        (
            rejected,
            400,
            r#"{"success":false,"data":"The new password must have at least 15 characters. The new password must differ from the current one."}"#,
        ),
        (ChangeError::Forbidden, 403, r#"{"success":false,"data":"Forbidden"}"#),
    ] {
        let reply = write(Err(&error));
        assert_answer(&reply, status, answer);
        assert!(!reply.headers().contains_key(RETRY_AFTER));
    }
}

#[test]
fn closed_accounts_and_a_busy_server_say_when_to_come_back() {
    let error = ChangeError::TooManyAttempts { retry_after: Duration::from_millis(1500) };
    let reply = write(Err(&error));
    assert_answer(
        &reply,
        429,
        r#"{"success":false,"data":"Too many failed attempts. Please try again later."}"#,
    );
    assert_eq!(reply.headers()[RETRY_AFTER], "2");

    let retry_after = Duration::from_secs(3);
    let unavailable = StoreError::Unavailable("gone".into());
    for (reply, seconds) in [
        (write(Err(&ChangeError::Busy { retry_after })), "3"),
        (write(Err(&ChangeError::Store(unavailable))), "1"),
        (refuse(Refusal::Unavailable { retry_after }), "3"),
    ] {
        let answer = r#"{"success":false,"data":"An error occured while processing the request"}"#;
        assert_answer(&reply, 503, answer);
        assert_eq!(reply.headers()[RETRY_AFTER], seconds);
    }
}

#[test]
fn faults_say_what_the_page_says_and_nothing_of_their_cause() {
    let answer = r#"{"success":false,"data":"An error occured while processing the request"}"#;
    for error in [
        ChangeError::Store(StoreError::Damaged("secret".to_owned())),
        ChangeError::Hash(HashError::Unsupported("secret")),
        ChangeError::UnknownToken,
        ChangeError::TokenExpired,
        ChangeError::Inactive,
    ] {
        assert_answer(&write(Err(&error)), 500, answer);
    }
    assert_answer(&refuse(Refusal::Fault), 500, answer);
}

#[test]
fn requests_that_never_became_a_change() {
    for (refusal, status, answer) in [
        (Refusal::NotFound, 404, r#"{"success":false,"data":"Not Found"}"#),
        (Refusal::BodyTooLarge, 413, r#"{"success":false,"data":"Payload Too Large"}"#),
        (Refusal::BodyIncomplete, 408, r#"{"success":false,"data":"Request Timeout"}"#),
    ] {
        assert_answer(&refuse(refusal), status, answer);
    }
    let reply = refuse(Refusal::Unauthenticated(Demand::AccessToken));
    assert_answer(&reply, 401, r#"{"success":false,"data":"Unauthorized"}"#);
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Bearer");
    let reply = refuse(Refusal::MethodNotAllowed { allow: "POST" });
    assert_answer(&reply, 405, r#"{"success":false,"data":"Method Not Allowed"}"#);
    assert_eq!(reply.headers()[ALLOW], "POST");
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic_and_are_never_the_servers_fault(
        content_type in prop::sample::select(vec![
            "application/json", "application/x-www-form-urlencoded", "text/plain",
        ]),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..512),
            "\\{(\"(userId|email|oldPassword|newPassword|otp)\":(\"[a-z@.]{0,5}\"|1|null|\\[\\]),?){0,6}\\}"
                .prop_map(String::into_bytes),
            "((userId|email|oldPassword|newPassword|otp)=[a-z@.%+]{0,5}&?){0,6}"
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Err(reply) = read(content_type, &body) {
            prop_assert_eq!(reply.status(), 400);
            let answer: Answer = serde_json::from_slice(reply.body()).unwrap();
            prop_assert!(!answer.success);
        }
    }
}
