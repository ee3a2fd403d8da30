use http::Method;
use repass_openapi_tests::Document;
use serde_json::Value;

use crate::{AdminContext, Answer, Client, Server};

/// The admin API of a running server, with a key of all realms with all scopes. Every answer is
/// compared with the document that the server serves.
#[derive(Debug)]
pub struct AdminApi {
    /// The client without the key.
    pub client: Client,
    /// The key.
    pub key: String,
    document: Document,
}

impl AdminApi {
    /// Issues a key for the admin API of `server`, and reads its document.
    pub async fn of(server: &Server, operator: &AdminContext) -> Self {
        let (client, key) = (server.admin_api(), operator.admin_key().await);
        let headers = [("authorization", format!("Bearer {key}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let document = client.send(Method::GET, "/admin/v1/openapi.json", &headers, "").await;
        Self { client, key, document: Document::new(document.json()) }
    }

    /// Calls it with a body of JSON. `path` is below the realms.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, "application/json", body.to_string()).await
    }

    /// Calls it with a body of another type.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: String,
    ) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        let headers = [("authorization", authorization.as_str()), ("content-type", content_type)];
        let path = format!("/admin/v1/realms{path}");
        let answer = self.client.send(method.clone(), &path, &headers, body).await;
        let Answer { status, headers, body } = &answer;
        let path = path.split('?').next().unwrap_or_default();
        self.document.assert_describes(&method, path, *status, headers, body);
        answer
    }

    /// Reads a path, and returns the body.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Posts a body, and returns that of the answer with this status.
    pub async fn post(&self, path: &str, status: u16, body: Value) -> Value {
        let answer = self.call(Method::POST, path, &body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        answer.json()
    }
}
