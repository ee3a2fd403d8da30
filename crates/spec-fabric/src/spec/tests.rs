use std::time::Duration;

use http::Request;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::request::Parts;
use proptest::prelude::*;
use repass_core::{
    Account, AccountId, Caller, Change, ChangeError, Changed, Context, HashError, KeyKind,
    Plaintext, Proof, Sessions, SignedClaims, SignedTokenError, StoreError, Subject, Violation,
};
use repass_spec::{Call, Credential, Rejection, RequiredCredential};
use uuid::Uuid;

use super::*;
use crate::{ChangePassword, FabricError};

const BODY: &str = r#"{"userId":"u","resetToken":"token","newPassword":"new"}"#;
const SITE: &str = "1234abcd5678efgh9ijklmno";
const OTHER_SITE: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const USER_NOT_FOUND: &str =
    r#"{"error":"Not Found","code":"USER_NOT_FOUND","message":"User not found."}"#;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_SITE_CONTEXT: HeaderName = HeaderName::from_static("x-site-context");

fn parts(headers: &[(HeaderName, &str)]) -> Parts {
    let mut request = Request::builder().method("PATCH").uri(PATH);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn sent_from(site: &str) -> Parts {
    let context = format!(r#"{{"account":"{site}","channel":12}}"#);
    parts(&[(CONTENT_TYPE, "application/json"), (X_SITE_CONTEXT, &context)])
}

fn with_head<T>(parts: &Parts, act: impl FnOnce(&Head<'_>) -> T) -> T {
    act(&Head::new(parts, &realm("mount")))
}

fn realm(name: &str) -> Realm {
    name.parse().unwrap()
}

fn begin(spec: &FabricSpec, parts: &Parts) -> Box<dyn Call> {
    match with_head(parts, |head| spec.begin(head)) {
        RouteMatch::Match(call) => call,
        other => panic!("{other:?}"),
    }
}

fn read(spec: &FabricSpec, parts: &Parts, body: &[u8]) -> Result<Change, Reply> {
    begin(spec, parts).read(body, Caller::anonymous())
}

fn authorize(parts: &Parts) -> Result<(), Reply> {
    begin(&FabricSpec::new(), parts).authorize(&Caller::anonymous())
}

fn respond(result: Result<&Changed, &ChangeError>) -> Reply {
    begin(&FabricSpec::new(), &sent_from(SITE)).respond(result)
}

fn reject(rejection: Rejection) -> Reply {
    begin(&FabricSpec::new(), &parts(&[])).reject(rejection)
}

#[track_caller]
fn assert_answer(reply: &Reply, status: u16, body: &str) {
    assert_eq!(std::str::from_utf8(reply.body()).unwrap(), body);
    assert_eq!(reply.status().as_u16(), status);
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json");
}

#[derive(Debug)]
struct RefusingVerifier;

impl SignedTokenVerifier for RefusingVerifier {
    fn verify(&self, _token: &Plaintext) -> Result<SignedClaims, SignedTokenError> {
        Err(SignedTokenError::Signature)
    }
}

#[test]
fn the_path_is_exact_but_for_a_trailing_slash() {
    let route = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        with_head(&request.into_parts().0, |head| FabricSpec::new().begin(head))
    };
    assert!(matches!(route("PATCH", PATH), RouteMatch::Match(_)));
    assert!(matches!(route("PATCH", &format!("{PATH}/")), RouteMatch::Match(_)));
    assert!(matches!(route("POST", PATH), RouteMatch::MethodNotAllowed { allow: "PATCH" }));
    for path in [
        "/api-commerceidentity/auth/change-password",
        "/api-commerceIdentity/auth",
        "/api-commerceIdentity/auth/change-password//",
        "/v1",
    ] {
        assert!(matches!(route("PATCH", path), RouteMatch::NoMatch), "{path}");
    }
}

#[test]
fn the_caller_presents_an_api_key() {
    let key = |headers: &[(HeaderName, &str)]| {
        let mut credentials = begin(&FabricSpec::new(), &parts(headers)).credentials();
        assert_eq!(credentials.len(), 1);
        match credentials.remove(0) {
            Credential::Key(KeyKind::Api, key) => key.map(|key| key.expose().to_owned()),
            other => panic!("{:?}", other.required()),
        }
    };
    assert_eq!(key(&[(X_API_KEY, "abc")]).as_deref(), Some("abc"));
    assert_eq!(key(&[]), None);
}

/// Proves E12.
#[test]
fn e12_the_server_reads_the_clients_request() {
    let change = ChangePassword {
        user_id: "u".to_owned(),
        reset_token: "token".into(),
        new_password: "new".into(),
    };
    let request = change.to_request("https://h", &"key".into(), &SiteContext::new(SITE)).unwrap();
    assert_eq!(request.uri(), format!("https://h{PATH}").as_str());
    let (parts, body) = request.into_parts();
    let mut call = begin(&FabricSpec::new(), &parts);
    let credentials = call.credentials();
    assert!(matches!(&credentials[0], Credential::Key(_, Some(key)) if key.expose() == "key"));
    call.authorize(&Caller::anonymous()).unwrap();
    let read = call.read(body.expose().as_bytes(), Caller::anonymous()).unwrap();
    assert_eq!(read.authorization.subject().user_id, "u");
    let foreign = SiteContext { stage: Some("\u{e4}".to_owned()), ..SiteContext::new(SITE) };
    assert!(change.to_request("https://h", &"key".into(), &foreign).is_err());
}

#[test]
fn the_site_context_is_checked_before_the_body_is_read() {
    assert!(authorize(&sent_from(SITE)).is_ok());
    let as_string = format!(r#""{{\"account\":\"{SITE}\"}}""#);
    assert!(authorize(&parts(&[(X_SITE_CONTEXT, &as_string)])).is_ok());
    assert_answer(
        &authorize(&parts(&[])).unwrap_err(),
        400,
        r#"{"error":"Bad Request","code":"BAD_REQUEST","message":"x-site-context is required."}"#,
    );
    for (value, message) in [
        ("{", "x-site-context must be JSON."),
        ("5", "x-site-context must be a JSON object."),
        ("{}", "x-site-context must have an account of 24 letters and digits."),
    ] {
        let reply = authorize(&parts(&[(X_SITE_CONTEXT, value)])).unwrap_err();
        assert_answer(
            &reply,
            400,
            &format!(r#"{{"error":"Bad Request","code":"BAD_REQUEST","message":"{message}"}}"#),
        );
    }
}

#[test]
fn a_request_becomes_a_change() {
    let change = read(&FabricSpec::new(), &sent_from(SITE), BODY.as_bytes()).unwrap();
    assert_eq!(*change.authorization.subject(), Subject::new(realm("mount"), "u"));
    assert!(change.authorization.is_allowed(), "the proof alone decides");
    assert!(matches!(&change.proof, Proof::ResetToken(token) if token.expose() == "token"));
    assert!(change.otp.is_none());
    assert_eq!(change.new_password.expose(), "new");
    assert_eq!(change.sessions, Sessions::EndAll);
    let context = Context { channel: Some("12".to_owned()), ..Context::default() };
    assert_eq!(change.context, context);
}

#[test]
fn a_site_account_selects_its_realm() {
    let mapped = BTreeMap::from([(SITE.to_owned(), realm("site"))]);
    let plain = FabricSpec::new();
    let listed_only = FabricSpec::new().with_accounts(mapped);
    let with_default = listed_only.clone().with_default_realm(realm("rest"));
    let only_default = FabricSpec::new().with_default_realm(realm("rest"));
    for (spec, site, expected) in [
        (&plain, SITE, "mount"),
        (&plain, OTHER_SITE, "mount"),
        (&listed_only, SITE, "site"),
        (&with_default, SITE, "site"),
        (&with_default, OTHER_SITE, "rest"),
        (&only_default, SITE, "rest"),
    ] {
        let change = read(spec, &sent_from(site), BODY.as_bytes()).unwrap();
        assert_eq!(change.authorization.subject().realm, realm(expected));
        assert!(spec.realms(&realm("mount")).contains(&realm(expected)));
    }
    assert_eq!(with_default.realms(&realm("mount")).len(), 2);
    assert_eq!(plain.realms(&realm("mount")).len(), 1);

    let reply = read(&listed_only, &sent_from(OTHER_SITE), BODY.as_bytes()).unwrap_err();
    assert_answer(&reply, 404, USER_NOT_FOUND);
    let reply = read(&listed_only, &sent_from(OTHER_SITE), b"{}").unwrap_err();
    assert_eq!(reply.status(), 400, "fields come before the account");
}

#[test]
fn a_token_in_the_form_of_a_jwt_is_a_signed_token_if_the_realm_accepts_them() {
    let spec = FabricSpec::new()
        .with_accounts(BTreeMap::from([
            (SITE.to_owned(), realm("site")),
            (OTHER_SITE.to_owned(), realm("other")),
        ]))
        .with_signed_tokens(realm("site"), Arc::new(RefusingVerifier));
    for (site, token, is_signed) in [
        (SITE, "a.b.c", true),
        (SITE, "abc", false),
        (SITE, "a.b", false),
        (SITE, "a.b.c.d.e", false),
        (OTHER_SITE, "a.b.c", false),
    ] {
        let body = format!(r#"{{"userId":"u","resetToken":"{token}","newPassword":"new"}}"#);
        let change = read(&spec, &sent_from(site), body.as_bytes()).unwrap();
        match change.proof {
            Proof::SignedToken { token: read, .. } if is_signed => assert_eq!(read.expose(), token),
            Proof::ResetToken(read) if !is_signed => assert_eq!(read.expose(), token),
            other => panic!("{token}: {other:?}"),
        }
    }
}

#[test]
fn a_token_over_4_kib_is_unknown() {
    let body = |length: usize| {
        let token = "x".repeat(length);
        format!(r#"{{"userId":"u","resetToken":"{token}","newPassword":"new"}}"#)
    };
    let spec = FabricSpec::new();
    assert!(read(&spec, &sent_from(SITE), body(4096).as_bytes()).is_ok());
    let reply = read(&spec, &sent_from(SITE), body(4097).as_bytes()).unwrap_err();
    assert_answer(&reply, 404, USER_NOT_FOUND);
}

#[test]
fn unreadable_requests_are_answered_with_400() {
    for (body, answer) in [
        (
            "{\"userId\":\"u\",}",
            r#"{"error":"Bad Request","code":"BAD_REQUEST","message":"the body is malformed JSON at line 1 column 15."}"#,
        ),
        (
            r#"{"userId":5,"newPassword":""}"#,
            r#"{"error":"Bad Request","code":"BAD_REQUEST","message":"userId must be a string; resetToken is required; newPassword must not be empty."}"#,
        ),
    ] {
        let reply = read(&FabricSpec::new(), &sent_from(SITE), body.as_bytes()).unwrap_err();
        assert_answer(&reply, 400, answer);
    }
}

#[test]
fn other_media_types_are_refused() {
    let context = format!(r#"{{"account":"{SITE}"}}"#);
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut headers = vec![(X_SITE_CONTEXT, context.as_str())];
        headers.extend(content_type.map(|content_type| (CONTENT_TYPE, content_type)));
        let reply = read(&FabricSpec::new(), &parts(&headers), BODY.as_bytes()).unwrap_err();
        assert_answer(
            &reply,
            415,
            r#"{"error":"Unsupported Media Type","code":"UNSUPPORTED_MEDIA_TYPE","message":"Content-Type must be application/json."}"#,
        );
    }
    let headers =
        [(X_SITE_CONTEXT, context.as_str()), (CONTENT_TYPE, "Application/JSON;charset=utf-8")];
    assert!(read(&FabricSpec::new(), &parts(&headers), BODY.as_bytes()).is_ok());
}

#[test]
fn a_change_is_answered_with_the_users_record() {
    let (id, user_id) = (AccountId(Uuid::nil()), "6169b2d892a5f30009d76480".parse().unwrap());
    let created_at = "2020-04-15T10:08:04.246Z".parse().unwrap();
    let mut account = Account::new(id, realm("mount"), user_id, created_at);
    account.email = "test@mail.com".parse().ok();
    account.profile.given_name = Some("Pat".to_owned());
    let at = "2026-01-02T03:04:05.006007Z".parse().unwrap();
    let reply = respond(Ok(&Changed { account, at, version: 2 }));
    assert_answer(
        &reply,
        200,
        concat!(
            r#"{"isActive":true,"registrationDate":"2020-04-15T10:08:04.246Z","#,
            r#""name":{"first":"Pat"},"phone":[],"email":"test@mail.com","extra":{},"#,
            r#""account":"1234abcd5678efgh9ijklmno","userId":"6169b2d892a5f30009d76480","#,
            r#""address":[],"provider":[],"createdAt":"2020-04-15T10:08:04.246Z","#,
            r#""updatedAt":"2026-01-02T03:04:05.006Z"}"#
        ),
    );
}

#[test]
fn refused_changes_have_the_answers_of_the_page() {
    let rejected =
        ChangeError::Rejected(vec![Violation::TooShort { min: 15, actual: 6 }, Violation::Common]);
    for (error, status, answer) in [
        (ChangeError::UnknownToken, 404, USER_NOT_FOUND),
        (ChangeError::WrongPassword, 404, USER_NOT_FOUND),
        (
            ChangeError::TokenExpired,
            401,
            r#"{"error":"Unauthorized","code":"VERIFY_TOKEN_FAILED","message":"Token expired."}"#,
        ),
        (
            ChangeError::Inactive,
            401,
            r#"{"error":"Unauthorized","code":"USER_INACTIVE","message":"User is inactive."}"#,
        ),
        (
            rejected,
            400,
            r#"{"error":"Bad Request","code":"INVALID_PASSWORD","message":"The new password must have at least 15 characters. The new password is among those that many people use."}"#,
        ),
        (ChangeError::Forbidden, 403, r#"{"message":"Forbidden"}"#),
    ] {
        let reply = respond(Err(&error));
        assert_answer(&reply, status, answer);
        assert!(!reply.headers().contains_key(RETRY_AFTER));
    }
}

#[test]
fn a_lockout_and_an_overloaded_server_have_retry_after() {
    let error = ChangeError::TooManyAttempts { retry_after: Duration::from_millis(1500) };
    let reply = respond(Err(&error));
    assert_answer(
        &reply,
        429,
        r#"{"error":"Too Many Requests","code":"TOO_MANY_REQUESTS","message":"Too many failed attempts. Please try again later."}"#,
    );
    assert_eq!(reply.headers()[RETRY_AFTER], "2");

    let retry_after = Duration::from_secs(3);
    let unavailable = StoreError::Unavailable("gone".into());
    for (reply, seconds) in [
        (respond(Err(&ChangeError::Busy { retry_after })), "3"),
        (respond(Err(&ChangeError::Store(unavailable))), "1"),
        (reject(Rejection::Unavailable { retry_after }), "3"),
    ] {
        assert_answer(
            &reply,
            503,
            r#"{"error":"Service Unavailable","code":"SERVICE_UNAVAILABLE","message":"Service unavailable. Please try again later."}"#,
        );
        assert_eq!(reply.headers()[RETRY_AFTER], seconds);
    }
}

#[test]
fn a_server_failure_hides_its_cause() {
    let answer = r#"{"error":"Internal Server Error","code":"INTERNAL_SERVER_ERROR","message":"Internal server error."}"#;
    for error in [
        ChangeError::Store(StoreError::Damaged("secret".to_owned())),
        ChangeError::Hash(HashError::Unsupported("secret")),
        ChangeError::WrongOtp,
    ] {
        assert_answer(&respond(Err(&error)), 500, answer);
    }
    assert_answer(&reject(Rejection::Fault), 500, answer);
}

/// Proves FABRIC-20, FABRIC-21, FABRIC-22.
#[test]
fn rejections_have_the_answers_of_the_page() {
    for (rejection, status, answer) in [
        (
            Rejection::UnsupportedEncoding,
            415,
            r#"{"error":"Unsupported Media Type","code":"UNSUPPORTED_MEDIA_TYPE","message":"Content-Encoding is not supported."}"#,
        ),
        (
            Rejection::BodyTooLarge,
            413,
            r#"{"error":"Payload Too Large","code":"PAYLOAD_TOO_LARGE","message":"The body is too large."}"#,
        ),
        (
            Rejection::BodyIncomplete,
            408,
            r#"{"error":"Request Timeout","code":"REQUEST_TIMEOUT","message":"The body did not arrive in time."}"#,
        ),
        (
            Rejection::Unauthenticated(RequiredCredential::Key(KeyKind::Api)),
            403,
            r#"{"message":"Forbidden"}"#,
        ),
    ] {
        assert_answer(&reject(rejection), status, answer);
    }
    let parts = parts(&[]);
    let reply = with_head(&parts, |head| FabricSpec::new().not_found(head));
    let answer = r#"{"error":"Not Found","code":"NOT_FOUND","message":"Not found."}"#;
    assert_answer(&reply, 404, answer);
    let reply = with_head(&parts, |head| FabricSpec::new().method_not_allowed(head, "PATCH"));
    assert_answer(
        &reply,
        405,
        r#"{"error":"Method Not Allowed","code":"METHOD_NOT_ALLOWED","message":"Method not allowed."}"#,
    );
    assert_eq!(reply.headers()[ALLOW], "PATCH");
}

proptest! {
    #[test]
    fn arbitrary_bodies_are_answered_with_400(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..512),
            "\\{(\"(userId|resetToken|newPassword|x)\":(\"[a-z.]{0,5}\"|1|null|\\[\\]),){0,4}\"x\":1\\}"
                .prop_map(String::into_bytes),
        ],
        context in "[ -~]{0,64}",
    ) {
        if let Err(reply) = read(&FabricSpec::new(), &sent_from(SITE), &body) {
            prop_assert_eq!(reply.status(), 400);
            let error: FabricError = serde_json::from_slice(reply.body()).unwrap();
            prop_assert_eq!(error.code.as_deref(), Some("BAD_REQUEST"));
        }
        let authorized = authorize(&parts(&[(X_SITE_CONTEXT, &context)]));
        prop_assert_eq!(authorized.unwrap_err().status(), 400);
    }
}
