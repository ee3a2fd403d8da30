//! Every answer byte for byte.
#![allow(clippy::panic, clippy::unwrap_used)] // clippy exempts tests, but not the functions that they share

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use proptest::prelude::*;
use repass_core::{
    Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Randomness,
    RandomnessError, Realm, Sessions, StoreError, Violation,
};
use repass_spec::{
    Call, Credential, Head, MountContext, Rejection, Reply, RequiredCredential, RouteMatch, Spec,
    Vendor,
};
use repass_spec_ecom::{Answer, AnswerBody, Ecom, EcomSpec, PATH, PasswordChange};

/// Counts up, so that identifiers are predictable.
#[derive(Debug)]
struct Counting;

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        bytes.iter_mut().zip(0xA0..).for_each(|(byte, next)| *byte = next);
        Ok(())
    }
}

fn spec() -> EcomSpec {
    EcomSpec::new(Arc::new(Counting))
}

fn with_head<T>(request: Request<()>, act: impl FnOnce(&Head<'_>) -> T) -> T {
    let realm: Realm = "shop".parse().unwrap();
    let (parts, ()) = request.into_parts();
    act(&Head::new(&parts, &realm))
}

fn begin(spec: &EcomSpec, request: Request<()>) -> Box<dyn Call> {
    match with_head(request, |head| spec.begin(head)) {
        RouteMatch::Match(call) => call,
        other => panic!("{other:?}"),
    }
}

fn post() -> Request<()> {
    Request::post(PATH).header("content-type", "application/json").body(()).unwrap()
}

fn read_by(spec: &EcomSpec, body: &[u8]) -> Result<Change, Reply> {
    let mut call = begin(spec, post());
    let caller = Caller::anonymous();
    call.authorize(&caller).and_then(|()| call.read(body, caller))
}

fn read(body: &[u8]) -> Result<Change, Reply> {
    read_by(&spec(), body)
}

fn respond_in(language: Option<&str>, result: Result<&Changed, &ChangeError>) -> Reply {
    let mut call = begin(&spec(), post());
    let language = serde_json::to_string(&language).unwrap();
    let body = GOOD.replace("\"de-DE\"", &language);
    call.read(body.as_bytes(), Caller::anonymous()).unwrap();
    call.respond(result)
}

fn respond(error: &ChangeError) -> Reply {
    respond_in(None, Err(error))
}

fn reject(rejection: Rejection) -> Reply {
    begin(&spec(), post()).reject(rejection)
}

fn answer_body(reply: &Reply) -> AnswerBody {
    let answer = Answer::from_response(reply.status(), reply.body()).unwrap();
    answer.into_result().unwrap_or_else(|failure| failure)
}

fn assert_reply(reply: &Reply, status: u16, text: &str) {
    let body = format!(
        r#"{{"responseType":"text","responseId":"a0a1a2a3-a4a5-46a7-a8a9-aaabacadaeaf-a0a1a2a3","responseMessages":[{{"simpleResponse":{{"responseText":"{text}"}}}}]}}"#
    );
    assert_eq!(
        (reply.status().as_u16(), std::str::from_utf8(reply.body()).unwrap()),
        (status, body.as_str())
    );
    assert_eq!(reply.headers()["content-type"], "application/json");
}

fn changed() -> Changed {
    Changed {
        account: serde_json::from_str(
            r#"{"id":"00000000-0000-0000-0000-000000000000","realm":"shop","user_id":"ram123",
                "email":null,"username":null,"profile":{},"active":true,
                "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#,
        )
        .unwrap(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
        version: 2,
    }
}

const GOOD: &str = r#"{"response":{},"conversationRequest":{"userInfo":{"uid":"ram123",
    "last_name":"Srini","first_name":"Ram","username":"ram"},"channel":"web"},
    "languageCode":"de-DE","queryInfo":{"interestType":"cancel-order","parameters":{"params":{
    "accountInfo":{"oldPassword":"old","newPassword":"new","confirmPassword":"new"}}}}}"#;

/// Proves ECOM-1.
#[test]
fn other_methods_and_paths_do_not_match() {
    let route = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        with_head(request, |head| spec().begin(head))
    };
    assert!(matches!(route("POST", PATH), RouteMatch::Match(_)));
    assert!(matches!(route("POST", &format!("{PATH}/")), RouteMatch::Match(_)));
    assert!(matches!(route("POST", &format!("{PATH}?x=1")), RouteMatch::Match(_)));
    assert!(matches!(route("PUT", PATH), RouteMatch::MethodNotAllowed { allow: "POST" }));
    let corrected = PATH.replace("Passwrod", "Password");
    for path in [PATH.to_uppercase(), format!("{PATH}//"), format!("{PATH}/x"), corrected] {
        assert!(matches!(route("POST", &path), RouteMatch::NoMatch), "{path}");
    }
}

#[test]
fn a_service_key_is_required() {
    let request = Request::post(PATH).header("Authorization", "Bearer key").body(()).unwrap();
    let credentials = begin(&spec(), request).credentials();
    let [Credential::Key(KeyKind::Service, key)] = credentials.as_slice() else {
        panic!("{credentials:?}");
    };
    assert_eq!(key.as_ref().map(Plaintext::expose), Some("key"));
}

/// Proves E12.
#[test]
fn e12_the_server_reads_the_clients_request() {
    let change = PasswordChange::new("ram123", "old".into(), "new".into());
    let request = change.to_request("https://h", &"key".into()).unwrap();
    assert_eq!(request.uri(), format!("https://h{PATH}").as_str());
    let (parts, body) = request.into_parts();
    let mut call = begin(&spec(), Request::from_parts(parts, ()));
    let credentials = call.credentials();
    assert!(matches!(&credentials[0], Credential::Key(_, Some(key)) if key.expose() == "key"));
    call.authorize(&Caller::anonymous()).unwrap();
    let change = call.read(body.expose().as_bytes(), Caller::anonymous()).unwrap();
    assert_eq!(change.authorization.subject().user_id, "ram123");
}

/// Proves ECOM-39.
#[test]
fn unknown_options_are_refused() {
    let configure = |options: &str| {
        let realm = "shop".parse().unwrap();
        let mount = MountContext::new(&realm, std::path::Path::new(""), Arc::new(Counting));
        let options = serde_json::from_str(options)?;
        Ok::<_, serde_json::Error>(Ecom.configure(options, &mount).unwrap().summary)
    };
    assert_eq!(configure("{}").unwrap(), "");
    let summary = configure(r#"{"errors_as_ok":true}"#).unwrap();
    assert_eq!(summary, "errors that the user can correct are answered with 200");
    assert!(configure(r#"{"error_as_ok":true}"#).is_err());
}

#[test]
fn a_request_becomes_a_change() {
    let change = read(GOOD.as_bytes()).unwrap();
    let subject = change.authorization.subject();
    assert_eq!((subject.realm.as_str(), subject.user_id.as_str()), ("shop", "ram123"));
    assert!(change.authorization.is_allowed(), "the proof alone decides");
    assert_eq!(change.sessions, Sessions::EndAll);
    assert_eq!(change.new_password.expose(), "new");
    assert!(matches!(change.proof, Proof::OldPassword(old) if old.expose() == "old"));
    let context = Context {
        channel: Some("web".to_owned()),
        display_name: Some("Ram Srini ram".to_owned()),
        language: Some("de-DE".to_owned()),
        ..Context::default()
    };
    assert_eq!(change.context, context);
}

/// Proves ECOM-13.
#[test]
fn texts_for_the_audit_trail_are_bounded() {
    let long = "x".repeat(10_000);
    let body = GOOD.replace("\"web\"", &format!("\"{long}\"")).replace("Srini", &long);
    let context = read(body.as_bytes()).unwrap().context;
    assert_eq!(context.channel.map(|text| text.len()), Some(512));
    assert_eq!(context.display_name.map(|text| text.len()), Some(512));
}

/// Proves ECOM-12, ECOM-15, ECOM-30.
#[test]
fn a_success_is_in_the_language_of_the_request() {
    let changed = changed();
    for (language, text) in [
        (None, "password changed successfully"),
        (Some("en-UK"), "password changed successfully"),
        (Some("tlh"), "password changed successfully"),
        (Some("de_AT"), "Das Passwort wurde erfolgreich geändert."),
        (Some("FR"), "Le mot de passe a été modifié."),
        (Some("es-MX"), "La contraseña se ha cambiado correctamente."),
        (Some("pt-BR"), "A senha foi alterada com sucesso."),
        (Some("it"), "La password è stata modificata correttamente."),
    ] {
        assert_reply(&respond_in(language, Ok(&changed)), 200, text);
    }
}

/// Proves ECOM-15, ECOM-24, ECOM-25.
#[test]
fn malformed_bodies_and_missing_members_are_400() {
    assert_reply(&read(b"{").unwrap_err(), 400, "The request could not be understood.");
    assert_reply(
        &read(b"{}").unwrap_err(),
        400,
        "Required information is missing: uid, oldPassword, newPassword, confirmPassword.",
    );
    assert_reply(
        &read(GOOD.replace("\"old\"", "null").as_bytes()).unwrap_err(),
        400,
        "Es fehlen erforderliche Angaben: oldPassword.",
    );
}

/// Proves ECOM-26, ECOM-38.
#[test]
fn a_confirmation_that_differs_is_400() {
    let body = GOOD.replace("\"confirmPassword\":\"new\"", "\"confirmPassword\":\"News\"");
    let text = "Das neue Passwort und die Bestätigung stimmen nicht überein.";
    assert_reply(&read(body.as_bytes()).unwrap_err(), 400, text);
}

/// Proves ECOM-28.
#[test]
fn a_wrong_password_is_403() {
    let text = "The account or its current password is not correct.";
    assert_reply(&respond(&ChangeError::WrongPassword), 403, text);
}

/// Proves ECOM-29, ECOM-38.
#[test]
fn a_refusal_names_every_broken_rule() {
    let refusal =
        ChangeError::Rejected(vec![Violation::TooShort { min: 15, actual: 3 }, Violation::Common]);
    assert_reply(
        &respond(&refusal),
        400,
        "The new password must have at least 15 characters. The new password is among those that many people use.",
    );
    assert_reply(
        &respond_in(Some("it-IT"), Err(&refusal)),
        400,
        "La nuova password deve avere almeno 15 caratteri. La nuova password è tra quelle usate da molte persone.",
    );
}

/// Proves ECOM-39.
#[test]
fn errors_as_ok_answers_only_errors_that_the_user_can_correct_with_200() {
    let spec = spec().with_errors_as_ok(true);
    let respond = |error: &ChangeError| begin(&spec, post()).respond(Err(error));
    assert_eq!(respond(&ChangeError::WrongPassword).status(), 200);
    assert_eq!(respond(&ChangeError::Rejected(vec![Violation::Common])).status(), 200);
    let differs = GOOD.replace("\"confirmPassword\":\"new\"", "\"confirmPassword\":\"News\"");
    assert_eq!(read_by(&spec, differs.as_bytes()).unwrap_err().status(), 200);

    let retry_after = Duration::from_secs(1);
    assert_eq!(respond(&ChangeError::TooManyAttempts { retry_after }).status(), 429);
    assert_eq!(respond(&ChangeError::Busy { retry_after }).status(), 503);
    assert_eq!(read_by(&spec, b"{}").unwrap_err().status(), 400);
    assert_eq!(read_by(&spec, b"{").unwrap_err().status(), 400);
}

/// Proves ECOM-19.
#[test]
fn a_missing_or_unknown_key_is_401() {
    let reply = reject(Rejection::Unauthenticated(RequiredCredential::Key(KeyKind::Service)));
    assert_reply(&reply, 401, "This chat is not authorized to change passwords.");
    assert_eq!(reply.headers()["www-authenticate"], "Bearer");
}

/// Proves ECOM-17, ECOM-18.
#[test]
fn another_path_is_404_and_another_method_405() {
    let reply = with_head(post(), |head| spec().method_not_allowed(head, "POST"));
    assert_reply(&reply, 405, "This function cannot be called in this way.");
    assert_eq!(reply.headers()["allow"], "POST");
    let reply = with_head(post(), |head| spec().not_found(head));
    assert_reply(&reply, 404, "This function does not exist.");
}

/// Proves ECOM-20.
#[test]
fn another_media_type_is_415() {
    let authorized = |request| begin(&spec(), request).authorize(&Caller::anonymous());
    for content_type in [None, Some("text/json"), Some("text/plain"), Some("json")] {
        let mut request = Request::post(PATH);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let reply = authorized(request.body(()).unwrap()).unwrap_err();
        assert_reply(&reply, 415, "The format of the request is not supported.");
    }
    let request =
        Request::post(PATH).header("content-type", "Application/JSON; charset=utf-8").body(());
    assert!(authorized(request.unwrap()).is_ok());
}

/// Proves ECOM-27.
#[test]
fn a_lockout_is_429_with_retry_after() {
    let reply = respond(&ChangeError::TooManyAttempts { retry_after: Duration::from_secs(90) });
    assert_reply(&reply, 429, "There were too many failed attempts. Please try again later.");
    assert_eq!(reply.headers()["retry-after"], "90");
}

/// Proves ECOM-22, ECOM-23.
#[test]
fn a_body_that_is_too_large_is_413_and_an_incomplete_one_408() {
    assert_reply(&reject(Rejection::BodyTooLarge), 413, "The request is too large.");
    assert_reply(&reject(Rejection::BodyIncomplete), 408, "The request did not arrive in full.");
}

/// Proves ECOM-31, ECOM-32.
#[test]
fn a_server_failure_is_500_and_an_overload_503() {
    let text = "The service is busy at the moment. Please try again shortly.";
    let retry_after = Duration::from_millis(1500);
    for reply in [
        respond(&ChangeError::Busy { retry_after }),
        reject(Rejection::Unavailable { retry_after }),
    ] {
        assert_reply(&reply, 503, text);
        assert_eq!(reply.headers()["retry-after"], "2");
    }
    let unreachable = ChangeError::Store(StoreError::Unavailable("secret".into()));
    assert_reply(&respond(&unreachable), 503, text);

    let text = "Something went wrong. Please try again later.";
    let damaged = ChangeError::Store(StoreError::Damaged("secret".into()));
    assert_reply(&respond(&damaged), 500, text);
    assert_reply(&reject(Rejection::Fault), 500, text);
}

/// Proves ECOM-16.
#[test]
fn every_answer_has_a_new_identifier() {
    let spec = EcomSpec::new(Arc::new(repass_core::SystemRandomness));
    let id = || answer_body(&begin(&spec, post()).reject(Rejection::Fault)).response_id;
    assert_ne!(id(), id());
}

proptest! {
    #[test]
    fn arbitrary_bodies_are_answered_with_400(body in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Err(reply) = read(&body) {
            prop_assert_eq!(reply.status(), 400);
            prop_assert!(Answer::from_response(StatusCode::BAD_REQUEST, reply.body()).is_ok());
        }
    }

    #[test]
    fn damaged_bodies_are_answered_with_400(
        at in 0..GOOD.len(),
        length in 0_usize..40,
        patch in "null|5|\"\"|\\{|\\}|\\[\\]|\"|,|:|true|\\\\u0000",
    ) {
        let end = (at + length).min(GOOD.len());
        let body = format!("{}{patch}{}", &GOOD[..at], &GOOD[end..]);
        if let Err(reply) = read(body.as_bytes()) {
            prop_assert_eq!(reply.status(), 400);
        }
    }

    #[test]
    fn arbitrary_heads_are_answered_with_415(
        path in "[ -~]{0,40}",
        content_type in "[ -~]{0,40}",
        token in "[ -~]{0,40}",
    ) {
        let request = Request::post(PATH)
            .header("content-type", content_type)
            .header("authorization", token)
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let realm: Realm = "shop".parse().unwrap();
        let head = Head::new(&parts, &realm);
        let _ = spec().begin(&head.with_path(&path));
        let RouteMatch::Match(mut call) = spec().begin(&head) else { panic!("no match") };
        let _ = call.credentials();
        if let Err(reply) = call.authorize(&Caller::anonymous()) {
            prop_assert_eq!(reply.status(), 415);
        }
    }
}
