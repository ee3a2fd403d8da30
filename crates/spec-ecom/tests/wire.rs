//! The API from outside: every answer byte for byte.
#![allow(clippy::unwrap_used)] // clippy exempts tests, but not the functions that they share

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use proptest::prelude::*;
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof,
    Randomness, RandomnessError, Realm, Sessions, StoreError, Violation,
};
use repass_spec::{Credential, Demand, Head, Refusal, Reply, Route, Spec};
use repass_spec_ecom::{Answer, EcomSpec, PATH};

/// Counts up, so that identifiers can be foretold.
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
    let path = parts.uri.path().to_owned();
    act(&Head { parts: &parts, path: &path, realm: &realm, request_id: "r-1", peer: None })
}

fn post() -> Request<()> {
    Request::post(PATH).header("content-type", "application/json").body(()).unwrap()
}

fn read_by(spec: &EcomSpec, body: &[u8]) -> Result<Change, Reply> {
    with_head(post(), |head| {
        let caller = Caller::anonymous();
        spec.admit(head, &caller).and_then(|()| spec.read(head, body, &caller))
    })
}

fn read(body: &[u8]) -> Result<Change, Reply> {
    read_by(&spec(), body)
}

fn write_in(language: Option<&str>, result: Result<&Changed, &ChangeError>) -> Reply {
    let context = Context { language: language.map(str::to_owned), ..Context::new("ecom") };
    with_head(post(), |head| spec().write(head, &context, result))
}

fn write(error: &ChangeError) -> Reply {
    write_in(None, Err(error))
}

fn refuse(refusal: Refusal<'_>) -> Reply {
    with_head(post(), |head| spec().refuse(head, refusal))
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

#[test]
fn routes() {
    let spec = spec();
    assert_eq!(spec.route(PATH, &Method::POST), Route::Here);
    assert_eq!(spec.route(&format!("{PATH}/"), &Method::POST), Route::Here);
    assert_eq!(spec.route(PATH, &Method::PUT), Route::OtherMethod { allow: "POST" });
    for path in [PATH.to_uppercase(), format!("{PATH}//"), format!("{PATH}/x")] {
        assert_eq!(spec.route(&path, &Method::POST), Route::Elsewhere { affinity: 6 }, "{path}");
    }
    let corrected = PATH.replace("Passwrod", "Password");
    assert_eq!(spec.route(&corrected, &Method::POST), Route::Elsewhere { affinity: 5 });
}

#[test]
fn a_service_key_is_demanded() {
    let request = Request::post(PATH).header("Authorization", "Bearer key").body(()).unwrap();
    let credentials = with_head(request, |head| spec().credentials(head));
    let [Credential::Key(KeyKind::Service, key)] = credentials.as_slice() else {
        panic!("{credentials:?}");
    };
    assert_eq!(key.as_ref().map(Plaintext::expose), Some("key"));
}

#[test]
fn a_good_request_becomes_a_change() {
    let change = read(GOOD.as_bytes()).unwrap();
    assert_eq!(
        (change.subject.realm.as_str(), change.subject.user_id.as_str()),
        ("shop", "ram123")
    );
    assert_eq!(change.authority, Authority::AnyoneWithProof);
    assert_eq!(change.sessions, Sessions::EndAll);
    assert_eq!(change.new_password.expose(), "new");
    assert!(matches!(change.proof, Proof::OldPassword(old) if old.expose() == "old"));
    let said = Context {
        channel: Some("web".to_owned()),
        display_name: Some("Ram Srini ram".to_owned()),
        language: Some("de-DE".to_owned()),
        ..Context::new("ecom")
    };
    assert_eq!(change.context, said);
}

#[test]
fn what_goes_to_the_audit_trail_is_bounded() {
    let long = "x".repeat(10_000);
    let body = GOOD.replace("\"web\"", &format!("\"{long}\"")).replace("Srini", &long);
    let context = read(body.as_bytes()).unwrap().context;
    assert_eq!(context.channel.map(|text| text.len()), Some(512));
    assert_eq!(context.display_name.map(|text| text.len()), Some(512));
}

#[test]
fn success_in_the_language_asked_for() {
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
        assert_reply(&write_in(language, Ok(&changed)), 200, text);
    }
}

#[test]
fn malformed_and_missing() {
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

#[test]
fn a_confirmation_that_differs() {
    let body = GOOD.replace("\"confirmPassword\":\"new\"", "\"confirmPassword\":\"News\"");
    let text = "Das neue Passwort und die Bestätigung stimmen nicht überein.";
    assert_reply(&read(body.as_bytes()).unwrap_err(), 400, text);
}

#[test]
fn a_wrong_password() {
    let text = "The account or its current password is not correct.";
    assert_reply(&write(&ChangeError::WrongPassword), 403, text);
}

#[test]
fn a_refusal_names_every_broken_rule() {
    let refusal =
        ChangeError::Rejected(vec![Violation::TooShort { min: 15, actual: 3 }, Violation::Common]);
    assert_reply(
        &write(&refusal),
        400,
        "The new password must have at least 15 characters. The new password is among those that many people use.",
    );
    assert_reply(
        &write_in(Some("it-IT"), Err(&refusal)),
        400,
        "La nuova password deve avere almeno 15 caratteri. La nuova password è tra quelle usate da molte persone.",
    );
}

#[test]
fn business_failures_are_ok_where_the_operator_says_so_and_no_others() {
    let spec = spec().with_errors_as_ok(true);
    let write = |error: &ChangeError| {
        with_head(post(), |head| spec.write(head, &Context::new("ecom"), Err(error)))
    };
    assert_eq!(write(&ChangeError::WrongPassword).status(), 200);
    assert_eq!(write(&ChangeError::Rejected(vec![Violation::Common])).status(), 200);
    let differs = GOOD.replace("\"confirmPassword\":\"new\"", "\"confirmPassword\":\"News\"");
    assert_eq!(read_by(&spec, differs.as_bytes()).unwrap_err().status(), 200);

    let retry_after = Duration::from_secs(1);
    assert_eq!(write(&ChangeError::TooManyAttempts { retry_after }).status(), 429);
    assert_eq!(write(&ChangeError::Busy { retry_after }).status(), 503);
    assert_eq!(read_by(&spec, b"{}").unwrap_err().status(), 400);
    assert_eq!(read_by(&spec, b"{").unwrap_err().status(), 400);
}

#[test]
fn a_missing_or_unknown_key() {
    let reply = refuse(Refusal::Unauthenticated(Demand::Key(KeyKind::Service)));
    assert_reply(&reply, 401, "This chat is not authorized to change passwords.");
    assert_eq!(reply.headers()["www-authenticate"], "Bearer");
}

#[test]
fn other_methods_and_paths() {
    let reply = refuse(Refusal::MethodNotAllowed { allow: "POST" });
    assert_reply(&reply, 405, "This function cannot be called in this way.");
    assert_eq!(reply.headers()["allow"], "POST");
    assert_reply(&refuse(Refusal::NotFound), 404, "This function does not exist.");
}

#[test]
fn other_media_types() {
    let admitted = |request| with_head(request, |head| spec().admit(head, &Caller::anonymous()));
    for content_type in [None, Some("text/json"), Some("text/plain"), Some("json")] {
        let mut request = Request::post(PATH);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let reply = admitted(request.body(()).unwrap()).unwrap_err();
        assert_reply(&reply, 415, "The format of the request is not supported.");
    }
    let request =
        Request::post(PATH).header("content-type", "Application/JSON; charset=utf-8").body(());
    assert!(admitted(request.unwrap()).is_ok());
}

#[test]
fn too_many_attempts() {
    let reply = write(&ChangeError::TooManyAttempts { retry_after: Duration::from_secs(90) });
    assert_reply(&reply, 429, "There were too many failed attempts. Please try again later.");
    assert_eq!(reply.headers()["retry-after"], "90");
}

#[test]
fn bodies_that_do_not_arrive() {
    assert_reply(&refuse(Refusal::BodyTooLarge), 413, "The request is too large.");
    assert_reply(&refuse(Refusal::BodyIncomplete), 408, "The request did not arrive in full.");
}

#[test]
fn fault_and_busy() {
    let text = "The service is busy at the moment. Please try again shortly.";
    let retry_after = Duration::from_millis(1500);
    for reply in
        [write(&ChangeError::Busy { retry_after }), refuse(Refusal::Unavailable { retry_after })]
    {
        assert_reply(&reply, 503, text);
        assert_eq!(reply.headers()["retry-after"], "2");
    }
    let away = ChangeError::Store(StoreError::Unavailable("secret".into()));
    assert_reply(&write(&away), 503, text);

    let text = "Something went wrong. Please try again later.";
    let damaged = ChangeError::Store(StoreError::Damaged("secret".into()));
    assert_reply(&write(&damaged), 500, text);
    assert_reply(&refuse(Refusal::Fault), 500, text);
}

#[test]
fn every_answer_has_an_identifier_of_its_own() {
    let spec = EcomSpec::new(Arc::new(repass_core::SystemRandomness));
    let id = || {
        let reply = with_head(post(), |head| spec.refuse(head, Refusal::Fault));
        Answer::from_body(reply.body()).unwrap().response_id
    };
    assert_ne!(id(), id());
}

proptest! {
    #[test]
    fn arbitrary_bodies_are_the_clients_fault(body in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Err(reply) = read(&body) {
            prop_assert_eq!(reply.status(), 400);
            prop_assert!(Answer::from_body(reply.body()).is_ok());
        }
    }

    #[test]
    fn arbitrarily_damaged_bodies_are_the_clients_fault(
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
    fn arbitrary_heads_are_the_clients_fault(
        path in "[ -~]{0,40}",
        content_type in "[ -~]{0,40}",
        token in "[ -~]{0,40}",
    ) {
        let request = Request::post("/x")
            .header("content-type", content_type)
            .header("authorization", token)
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let realm: Realm = "shop".parse().unwrap();
        let head = Head { parts: &parts, path: &path, realm: &realm, request_id: "", peer: None };
        let spec = spec();
        let _ = spec.route(&path, &Method::POST);
        let _ = spec.credentials(&head);
        if let Err(reply) = spec.admit(&head, &Caller::anonymous()) {
            prop_assert_eq!(reply.status(), 415);
        }
    }
}
