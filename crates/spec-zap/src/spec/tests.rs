use std::time::Duration;

use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, Request};
use jiff::Timestamp;
use proptest::prelude::*;
use repass_core::{
    Account, AccountId, Context, HashError, Sessions, StoreError, TokenId, TokenIdentity,
};
use repass_spec::RequiredCredential;
use uuid::Uuid;

use super::*;

const BODY: &str =
    r#"{"userId":"u","email":"u@zap.com","oldPassword":"old","newPassword":"new","otp":"123456"}"#;

fn with_head<T>(
    method: &str,
    path: &str,
    headers: &[(HeaderName, &str)],
    act: impl FnOnce(&Head<'_>) -> T,
) -> T {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    act(&Head::new(&parts, &"zap".parse().unwrap()))
}

fn begin_by(spec: ZapSpec, headers: &[(HeaderName, &str)]) -> Box<dyn Call> {
    match with_head(METHOD, PATH, headers, |head| spec.begin(head)) {
        RouteMatch::Match(call) => call,
        other => panic!("{other:?}"),
    }
}

fn begin(headers: &[(HeaderName, &str)]) -> Box<dyn Call> {
    begin_by(ZapSpec::default(), headers)
}

fn read(content_type: &str, body: &[u8]) -> Result<Change, Reply> {
    begin(&[(CONTENT_TYPE, content_type)]).read(body, Caller::anonymous())
}

fn respond(result: Result<&Changed, &ChangeError>) -> Reply {
    begin(&[]).respond(result)
}

fn reject(rejection: Rejection) -> Reply {
    begin(&[]).reject(rejection)
}

#[track_caller]
fn assert_answer(reply: &Reply, status: u16, body: &str) {
    assert_eq!(reply.status().as_u16(), status);
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(std::str::from_utf8(reply.body()).unwrap(), body);
}

fn changed() -> Changed {
    let at = Timestamp::UNIX_EPOCH;
    let (realm, user_id) = ("zap".parse().unwrap(), "u".parse().unwrap());
    let account = Account::new(AccountId(Uuid::nil()), realm, user_id, at);
    Changed { account, at, version: 2 }
}

/// Proves ZAP-1.
#[test]
fn the_path_is_exact_but_for_a_trailing_slash() {
    let route = |method, path| with_head(method, path, &[], |head| ZapSpec::default().begin(head));
    assert!(matches!(route("POST", "/v1/changePassword"), RouteMatch::Match(_)));
    assert!(matches!(route("POST", "/v1/changePassword/"), RouteMatch::Match(_)));
    assert!(matches!(route("POST", "/v1/changePassword?x=1"), RouteMatch::Match(_)));
    assert!(matches!(
        route("GET", "/v1/changePassword/"),
        RouteMatch::MethodNotAllowed { allow: "POST" }
    ));
    for path in
        ["/v1/changepassword", "/v1/changePassword//", "/v1/changePassword/x", "/v1/other", "/"]
    {
        assert!(matches!(route("POST", path), RouteMatch::NoMatch), "{path}");
    }
}

#[test]
fn the_caller_presents_a_bearer_token() {
    let token = |headers: &[(HeaderName, &str)]| {
        let mut credentials = begin(headers).credentials();
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
    assert_eq!(*change.authorization.subject(), subject);
    assert!(matches!(&change.proof, Proof::OldPassword(old) if old.expose() == "old"));
    assert_eq!(change.otp.unwrap().expose(), "123456");
    assert_eq!(change.new_password.expose(), "new");
    assert_eq!(change.sessions, Sessions::KeepPresenting);
    assert_eq!(change.context, Context::default());
}

#[test]
fn the_user_and_a_site_admin_may_change_the_password() {
    let is_allowed = |user_id: &str, role: &str| {
        let token = TokenIdentity {
            id: TokenId(Uuid::nil()),
            issuer: None,
            account: AccountId(Uuid::nil()),
            realm: "zap".parse().unwrap(),
            user_id: user_id.parse().unwrap(),
            roles: vec![role.to_owned()],
        };
        let caller = Caller { token: Some(token), key: None };
        let mut call = begin(&[(CONTENT_TYPE, "application/json")]);
        call.read(BODY.as_bytes(), caller).unwrap().authorization.is_allowed()
    };
    assert!(is_allowed("u", ""));
    assert!(is_allowed("root", "admin"));
    assert!(!is_allowed("other", ""));
}

/// Proves E12.
#[test]
fn e12_the_server_reads_the_clients_request() {
    let request = ChangePassword {
        user_id: "u".to_owned(),
        email: "u@zap.com".to_owned(),
        old_password: "old".into(),
        new_password: "new".into(),
        secure_otp: None,
    };
    let request = request.to_request("https://h/zap/", &"abc".into()).unwrap();
    assert_eq!(request.uri(), "https://h/zap/v1/changePassword");
    let (parts, body) = request.into_parts();
    let realm = "zap".parse().unwrap();
    let head = Head::new(&parts, &realm).with_path(PATH);
    let RouteMatch::Match(mut call) = ZapSpec::default().begin(&head) else { panic!("no match") };
    let credentials = call.credentials();
    assert!(matches!(&credentials[0], Credential::AccessToken(Some(abc)) if abc.expose() == "abc"));
    let change = call.read(body.expose().as_bytes(), Caller::anonymous()).unwrap();
    assert_eq!(change.new_password.expose(), "new");
}

#[test]
fn the_secure_otp_option_makes_the_field_required() {
    let body = BODY.replace("otp", "other");
    let strict = ZapSpec::new(SecureOtp::Required);
    let reply = begin_by(strict, &[(CONTENT_TYPE, "application/json")])
        .read(body.as_bytes(), Caller::anonymous());
    assert_answer(
        &reply.unwrap_err(),
        400,
        r#"{"success":false,"data":"Bad request: secureOTP is required."}"#,
    );
    assert!(read("application/json", body.as_bytes()).unwrap().otp.is_none());
}

/// Proves ZAP-20, ZAP-21, ZAP-22.
#[test]
fn unreadable_requests_are_answered_with_400() {
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
    let without_type = begin(&[]).read(BODY.as_bytes(), Caller::anonymous());
    assert_eq!(without_type.unwrap_err().status(), 400);
}

/// Proves ZAP-28.
#[test]
fn a_change_has_the_answer_of_the_page() {
    let reply = respond(Ok(&changed()));
    assert_answer(&reply, 200, r#"{"success":true,"data":"Password updated successfully"}"#);
}

/// Proves ZAP-23, ZAP-25, ZAP-26, ZAP-27.
#[test]
fn refused_changes_have_the_answers_of_the_page() {
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
        let reply = respond(Err(&error));
        assert_answer(&reply, status, answer);
        assert!(!reply.headers().contains_key(RETRY_AFTER));
    }
}

/// Proves ZAP-24, ZAP-30.
#[test]
fn a_lockout_and_an_overloaded_server_have_retry_after() {
    let error = ChangeError::TooManyAttempts { retry_after: Duration::from_millis(1500) };
    let reply = respond(Err(&error));
    assert_answer(
        &reply,
        429,
        r#"{"success":false,"data":"Too many failed attempts. Please try again later."}"#,
    );
    assert_eq!(reply.headers()[RETRY_AFTER], "2");

    let retry_after = Duration::from_secs(3);
    let unavailable = StoreError::Unavailable("gone".into());
    for (reply, seconds) in [
        (respond(Err(&ChangeError::Busy { retry_after })), "3"),
        (respond(Err(&ChangeError::Store(unavailable))), "1"),
        (reject(Rejection::Unavailable { retry_after }), "3"),
    ] {
        let answer = r#"{"success":false,"data":"An error occured while processing the request"}"#;
        assert_answer(&reply, 503, answer);
        assert_eq!(reply.headers()[RETRY_AFTER], seconds);
    }
}

/// Proves ZAP-29.
#[test]
fn a_server_failure_has_the_text_of_the_page_and_hides_its_cause() {
    let answer = r#"{"success":false,"data":"An error occured while processing the request"}"#;
    for error in [
        ChangeError::Store(StoreError::Damaged("secret".to_owned())),
        ChangeError::Hash(HashError::Unsupported("secret")),
        ChangeError::UnknownToken,
        ChangeError::TokenExpired,
        ChangeError::Inactive,
    ] {
        assert_answer(&respond(Err(&error)), 500, answer);
    }
    assert_answer(&reject(Rejection::Fault), 500, answer);
}

/// Proves ZAP-14, ZAP-15, ZAP-16, ZAP-17, ZAP-18, ZAP-19.
#[test]
fn rejections_have_the_answers_of_the_page() {
    for (rejection, status, answer) in [
        (
            Rejection::UnsupportedEncoding,
            400,
            r#"{"success":false,"data":"Bad request: the content encoding is not supported."}"#,
        ),
        (Rejection::BodyTooLarge, 413, r#"{"success":false,"data":"Payload Too Large"}"#),
        (Rejection::BodyIncomplete, 408, r#"{"success":false,"data":"Request Timeout"}"#),
    ] {
        assert_answer(&reject(rejection), status, answer);
    }
    let reply = reject(Rejection::Unauthenticated(RequiredCredential::AccessToken));
    assert_answer(&reply, 401, r#"{"success":false,"data":"Unauthorized"}"#);
    assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Bearer");
    let reply = with_head("POST", "/", &[], |head| ZapSpec::default().not_found(head));
    assert_answer(&reply, 404, r#"{"success":false,"data":"Not Found"}"#);
    let reply =
        with_head("GET", PATH, &[], |head| ZapSpec::default().method_not_allowed(head, "POST"));
    assert_answer(&reply, 405, r#"{"success":false,"data":"Method Not Allowed"}"#);
    assert_eq!(reply.headers()[ALLOW], "POST");
}

proptest! {
    #[test]
    fn arbitrary_bodies_are_answered_with_400(
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
