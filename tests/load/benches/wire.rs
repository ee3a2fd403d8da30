//! The cost of parsing a change request and writing its response, without hashing, store and
//! sockets.
//!
//! `cargo bench -p repass-load --bench wire` measures time and allocations.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use http::{Method, Request, request::Parts};
use repass_core::{
    Account, AccountId, Caller, Changed, KeyId, KeyIdentity, KeyKind, Realm, SystemRandomness,
    TokenId, TokenIdentity,
};
use repass_spec::{Head, RouteMatch, Spec};
use repass_spec_customer::CustomerSpec;
use repass_spec_ecom::EcomSpec;
use repass_spec_etna::EtnaSpec;
use repass_spec_fabric::FabricSpec;
use repass_spec_zap::{SecureOtp, ZapSpec};
use uuid::Uuid;

const OLD: &str = "the very first password";
const NEW: &str = "a new one, and a good one";
const GUID: &str = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";

/// A request of a spec, with a constant caller and result.
struct Exchange {
    name: &'static str,
    spec: Box<dyn Spec>,
    realm: Realm,
    parts: Parts,
    body: String,
    caller: Caller,
    changed: Changed,
}

fn main() {
    let exchanges = exchanges();
    let mut criterion = Criterion::default().configure_from_args();
    for exchange in &exchanges {
        exchange.assert_succeeds();
        criterion.bench_function(exchange.name, |bencher| bencher.iter(|| exchange.run()));
    }
    criterion.final_summary();

    println!("\n| a change read and its answer written | allocations | bytes |");
    println!("| --- | ---: | ---: |");
    for exchange in &exchanges {
        let counted = allocation_counter::measure(|| {
            black_box(exchange.run());
        });
        println!("| {} | {} | {} |", exchange.name, counted.count_total, counted.bytes_total);
    }
}

impl Exchange {
    /// Does the work of the spec for one request. Returns the status of the response.
    fn run(&self) -> u16 {
        let head = Head::new(&self.parts, &self.realm);
        let RouteMatch::Match(mut call) = self.spec.begin(&head) else { return 404 };
        black_box(call.credentials());
        let change = call
            .authorize(&self.caller)
            .and_then(|()| call.read(black_box(self.body.as_bytes()), self.caller.clone()));
        let reply = match &change {
            Ok(_) => call.respond(Ok(&self.changed)),
            Err(reply) => reply.clone(),
        };
        black_box(&reply).status().as_u16()
    }

    /// Checks that the request succeeds, since a refused one would be cheaper.
    fn assert_succeeds(&self) {
        assert_eq!(self.run(), 200, "{}", self.name);
    }
}

fn exchanges() -> Vec<Exchange> {
    let json = "application/json";
    let with = |name, spec, method, path: &str, headers: &[(&str, &str)], body: String| {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let realm: Realm = "default".parse().unwrap();
        let user_id = if path.contains("Customer") { GUID } else { "1001" };
        Exchange {
            name,
            spec,
            parts,
            body,
            caller: caller(&realm),
            changed: changed(&realm, user_id),
            realm,
        }
    };
    let bearer = ("authorization", "Bearer aW5zZWN1cmUtdG9rZW4taW5zZWN1cmUtdG9rZW4tMTIz");
    let site = r#"{"account":"1234abcd5678efgh9ijklmno"}"#;
    vec![
        with(
            "ecom, JSON",
            Box::new(EcomSpec::new(Arc::new(SystemRandomness))),
            Method::POST,
            "/api/rest/v1/ecom/integrations/updateUserChangePasswrod",
            &[bearer, ("content-type", json)],
            serde_json::json!({
                "conversationRequest": { "userInfo": { "uid": "1001" } },
                "languageCode": "en-US",
                "queryInfo": { "parameters": { "params": { "accountInfo": {
                    "oldPassword": OLD, "newPassword": NEW, "confirmPassword": NEW } } } },
            })
            .to_string(),
        ),
        with(
            "etna, JSON",
            Box::new(EtnaSpec::new()),
            Method::PUT,
            "/v1.0/users/@me/password/change",
            &[bearer, ("et-app-key", "a2V5"), ("content-type", json)],
            serde_json::json!({ "OldPassword": OLD, "Password": NEW, "PasswordConfirm": NEW })
                .to_string(),
        ),
        with(
            "zap, JSON",
            Box::new(ZapSpec::new(SecureOtp::default())),
            Method::POST,
            "/v1/changePassword",
            &[bearer, ("content-type", json)],
            serde_json::json!({
                "userId": "1001", "email": "pat@example.org",
                "oldPassword": OLD, "newPassword": NEW })
            .to_string(),
        ),
        with(
            "customer, JSON",
            Box::<CustomerSpec>::default(),
            Method::POST,
            "/api/Customer/UpdateUserPassword",
            &[("content-type", json)],
            serde_json::json!({ "UserId": GUID, "OldPassword": OLD, "NewPassword": NEW })
                .to_string(),
        ),
        with(
            "customer, XML",
            Box::<CustomerSpec>::default(),
            Method::POST,
            "/api/Customer/UpdateUserPassword",
            &[("content-type", "application/xml"), ("accept", "application/xml")],
            repass_spec_customer::UpdateUserPasswordRequest {
                user_id: GUID.parse().unwrap(),
                old_password: Some(OLD.into()),
                new_password: Some(NEW.into()),
                ..Default::default()
            }
            .to_xml()
            .unwrap()
            .expose()
            .to_owned(),
        ),
        with(
            "fabric, JSON",
            Box::new(FabricSpec::new()),
            Method::PATCH,
            "/api-commerceIdentity/auth/change-password",
            &[("x-api-key", "a2V5"), ("x-site-context", site), ("content-type", json)],
            serde_json::json!({ "userId": "1001", "resetToken": "dG9rZW4", "newPassword": NEW })
                .to_string(),
        ),
    ]
}

/// Returns a caller with all kinds of credentials.
fn caller(realm: &Realm) -> Caller {
    let key = KeyIdentity { id: KeyId(Uuid::nil()), realm: realm.clone(), kind: KeyKind::App };
    let token = TokenIdentity {
        id: TokenId(Uuid::nil()),
        issuer: None,
        account: AccountId(Uuid::nil()),
        realm: realm.clone(),
        user_id: "1001".parse().unwrap(),
        roles: Vec::new(),
    };
    Caller { key: Some(key), token: Some(token) }
}

fn changed(realm: &Realm, user_id: &str) -> Changed {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let user_id = user_id.parse().unwrap();
    let mut account = Account::new(AccountId(Uuid::nil()), realm.clone(), user_id, at);
    account.email = "pat@example.org".parse().ok();
    account.username = Some("pat".to_owned());
    Changed { account, at, version: 2 }
}
