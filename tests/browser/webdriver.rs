//! The commands of [WebDriver](https://www.w3.org/TR/webdriver2/) that the tests need, and those of
//! chromedriver for its logs and for the DevTools protocol.

use http::Method;
use repass_tests::Client;
use serde_json::{Value, json};

use crate::chromedriver;

/// The member that marks a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The code points that stand for keys.
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{E004}";
    pub(crate) const ENTER: &str = "\u{E007}";
    pub(crate) const CONTROL: &str = "\u{E009}";
    pub(crate) const SPACE: &str = "\u{E00D}";
}

/// An error as WebDriver answers it.
pub(crate) type CommandError = Value;

/// A session of chromedriver.
pub(crate) struct Session {
    client: Client,
    path: String,
}

impl Session {
    /// Starts a browser with these options.
    pub(crate) async fn start(options: Value) -> Self {
        let client = Client::new(chromedriver::address().await);
        let capabilities = json!({ "capabilities": { "alwaysMatch": options } });
        let new = Self { client, path: "/session".to_owned() };
        let session = new.post("", capabilities).await.unwrap();
        let id = session["sessionId"].as_str().unwrap();
        Self { path: format!("/session/{id}"), ..new }
    }

    /// Sends a command with parameters, and returns its value.
    pub(crate) async fn post(&self, name: &str, parameters: Value) -> Result<Value, CommandError> {
        self.command(Method::POST, name, parameters.to_string()).await
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Value, CommandError> {
        self.command(Method::GET, name, String::new()).await
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<Value, CommandError> {
        self.command(Method::DELETE, name, String::new()).await
    }

    async fn command(&self, method: Method, name: &str, body: String) -> Result<Value, Value> {
        let path = format!("{}{name}", self.path);
        let headers = [("content-type", "application/json")];
        let answer = self.client.send(method, &path, &headers, body).await;
        let value = answer.json()["value"].take();
        if answer.status.is_success() { Ok(value) } else { Err(value) }
    }

    /// Returns the first element that matches a selector.
    pub(crate) async fn find(&self, css: &str) -> Element<'_> {
        let parameters = json!({ "using": "css selector", "value": css });
        let element = self.post("/element", parameters).await.unwrap();
        Element { session: self, path: format!("/element/{}", element[ELEMENT].as_str().unwrap()) }
    }

    /// Runs a script; one that is asynchronous calls its last argument with the result.
    pub(crate) async fn execute(&self, kind: &str, script: &str) -> Result<Value, CommandError> {
        self.post(&format!("/execute/{kind}"), json!({ "script": script, "args": [] })).await
    }

    /// Presses and releases keys one after another, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] });
        self.post("/actions", actions).await.unwrap();
    }
}

/// An element of a page.
pub(crate) struct Element<'a> {
    session: &'a Session,
    path: String,
}

impl Element<'_> {
    /// Asks for a state, such as `text`, `name`, `displayed`, `property/value` or `attribute/href`.
    pub(crate) async fn get(&self, state: &str) -> Result<Value, CommandError> {
        self.session.get(&format!("{}/{state}", self.path)).await
    }

    pub(crate) async fn text(&self, state: &str) -> String {
        self.get(state).await.unwrap().as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn is(&self, state: &str) -> bool {
        self.get(state).await.unwrap() == true
    }

    pub(crate) async fn click(&self) {
        self.post("click", json!({})).await;
    }

    pub(crate) async fn clear(&self) {
        self.post("clear", json!({})).await;
    }

    /// Types a text. A modifier in it is held to its end.
    pub(crate) async fn send_keys(&self, text: &str) {
        self.post("value", json!({ "text": text })).await;
    }

    async fn post(&self, name: &str, parameters: Value) {
        self.session.post(&format!("{}/{name}", self.path), parameters).await.unwrap();
    }
}
