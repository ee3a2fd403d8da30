//! Requests that several tests send.

use http::Method;
use repass_core::KeyKind;
use repass_tests::{AdminContext, Answer, Client, FIRST_PASSWORD};
use serde_json::json;

use crate::openapi::Description;

pub(crate) const CUSTOMER: &str = "/api/Customer/UpdateUserPassword";
pub(crate) const GUID: &str = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// A customer request in JSON.
pub(crate) fn customer_body(user_id: &str, old: &str, new: &str) -> String {
    json!({ "UserId": user_id, "OldPassword": old, "NewPassword": new }).to_string()
}

/// Changes a password by the customer API.
pub(crate) async fn change(client: &Client, user_id: &str, old: &str, new: &str) -> Answer {
    client.send(Method::POST, CUSTOMER, &[JSON], customer_body(user_id, old, new)).await
}

/// The outcome of a customer request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Changed,
    WrongPassword,
    Refused,
    TooMany,
}

/// Reads the outcome from an answer of the customer API.
pub(crate) fn outcome(answer: &Answer) -> Outcome {
    match answer.status.as_u16() {
        200 => {
            let body = answer.json();
            match (body["Success"].as_bool(), body["InvalidPassword"].as_bool()) {
                (Some(true), Some(false)) => Outcome::Changed,
                (Some(false), Some(true)) => Outcome::WrongPassword,
                (Some(false), Some(false)) => Outcome::Refused,
                _ => panic!("unexpected body: {}", answer.text()),
            }
        }
        429 => Outcome::TooMany,
        other => panic!("unexpected status {other}: {}", answer.text()),
    }
}

/// A complete request to one of the specs, for tests to vary.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) spec: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) async fn send(&self, client: &Client) -> Answer {
        self.send_body(client, self.body.clone().into_bytes()).await
    }

    pub(crate) async fn send_body(&self, client: &Client, body: Vec<u8>) -> Answer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = client.send(self.method.clone(), &self.path, &headers, body).await;
        let Answer { status, headers, body } = &answer;
        Description::of(self.spec).assert_describes(&self.method, *status, headers, body);
        answer
    }

    /// Returns the same request with a header set or removed.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        other.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        other
    }

    /// Returns the same request with a text in the body replaced.
    pub(crate) fn replace(&self, from: &str, to: &str) -> Self {
        assert!(self.body.contains(from), "{from} is not in {}", self.body);
        Self { body: self.body.replace(from, to), ..self.clone() }
    }

    /// Returns the same request to a path that no API has. A server that mounts all of them without
    /// a prefix answers it as the first one, customer.
    pub(crate) fn to_unknown_path(&self, path: String) -> Self {
        Self { spec: "customer", path, ..self.clone() }
    }

    /// Returns whether an answer says that the password was changed.
    pub(crate) fn changed(&self, answer: &Answer) -> bool {
        match self.spec {
            "customer" => answer.status == 200 && answer.text().contains("\"Success\":true"),
            _ => answer.status == 200,
        }
    }
}

/// The site account that the tests' `x-site-context` names.
pub(crate) const SITE: &str = "1234abcd5678efgh9ijklmno";

/// Makes a good request for each spec: each changes the password of an account of its own from
/// [`FIRST_PASSWORD`] to `new`, with keys and tokens that are issued for it.
pub(crate) async fn good_requests(operator: &AdminContext, new: &str) -> Vec<Wire> {
    let mut wires = Vec::new();
    for spec in ["ecom", "etna", "zap", "customer", "fabric"] {
        wires.push(good_request(operator, spec, new).await);
    }
    wires
}

/// Makes the good request of one spec; see [`good_requests`].
pub(crate) async fn good_request(operator: &AdminContext, spec: &'static str, new: &str) -> Wire {
    let old = FIRST_PASSWORD;
    let bearer = |secret: String| ("authorization".to_owned(), format!("Bearer {secret}"));
    let json_type = (JSON.0.to_owned(), JSON.1.to_owned());
    let (method, path, mut headers, body) = match spec {
        "ecom" => {
            operator.add("ecom", "ram123@gmail.com").await;
            let key = operator.key("ecom", KeyKind::Service).await;
            let info = json!({ "oldPassword": old, "newPassword": new, "confirmPassword": new });
            let body = json!({
                "conversationRequest": { "userInfo": { "uid": "ram123@gmail.com" } },
                "languageCode": "en-US",
                "queryInfo": { "parameters": { "params": { "accountInfo": info } } },
            });
            let path = "/api/rest/v1/ecom/integrations/updateUserChangePasswrod";
            (Method::POST, path, vec![bearer(key)], body)
        }
        "etna" => {
            operator.add("etna", "1001").await;
            let key = operator.key("etna", KeyKind::App).await;
            let token = operator.token("etna", "1001", &[]).await;
            let body = json!({ "OldPassword": old, "Password": new, "PasswordConfirm": new });
            let headers = vec![("et-app-key".to_owned(), key), bearer(token)];
            (Method::PUT, "/v1.0/users/@me/password/change", headers, body)
        }
        "zap" => {
            let added = operator.add("zap", "43af9a8989ffb63cc9cdd0537").await;
            let token = operator.token("zap", &added.user_id, &[]).await;
            let body = json!({
                "userId": added.user_id,
                "email": added.email,
                "oldPassword": old,
                "newPassword": new,
            });
            (Method::POST, "/v1/changePassword", vec![bearer(token)], body)
        }
        "customer" => {
            operator.add("customer", GUID).await;
            let body = json!({ "UserId": GUID, "OldPassword": old, "NewPassword": new });
            (Method::POST, CUSTOMER, vec![], body)
        }
        "fabric" => {
            let user_id = "6169b2d892a5f30009d76480";
            operator.add("fabric", user_id).await;
            let key = operator.key("fabric", KeyKind::Api).await;
            let lifetime = std::time::Duration::from_secs(600);
            let token = operator.reset_token("fabric", user_id, lifetime).await;
            let body = json!({ "userId": user_id, "resetToken": token, "newPassword": new });
            let context = json!({ "account": SITE }).to_string();
            let headers =
                vec![("x-api-key".to_owned(), key), ("x-site-context".to_owned(), context)];
            (Method::PATCH, "/api-commerceIdentity/auth/change-password", headers, body)
        }
        other => panic!("no spec {other}"),
    };
    headers.push(json_type);
    Wire { spec, method, path: path.to_owned(), headers, body: body.to_string() }
}
