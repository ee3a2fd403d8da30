use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;
use repass_tests::workspace;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::webdriver::{Element, Session};

/// The longest that a page may take to reach a state.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

static PLACES: Semaphore = Semaphore::const_new(2);

/// A session of Chromium without any state of another one.
pub(crate) struct Browser {
    session: Session,
    origin: String,
    _place: SemaphorePermit<'static>,
}

/// What differs between browsers.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// The languages in the order of the user's preference.
    pub(crate) languages: &'static str,
    pub(crate) scripts: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { languages: "en", scripts: true }
    }
}

/// A request of the browser.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    /// The names and values of all headers.
    pub(crate) headers: String,
}

impl Browser {
    /// Starts a browser for the pages of this origin.
    pub(crate) async fn start(origin: &str, settings: Settings) -> Self {
        let place = PLACES.acquire().await.unwrap();
        let scripts = if settings.scripts { 1 } else { 2 };
        // The sandbox does not run as root, and /dev/shm is small in containers.
        let session = Session::start(json!({
            "goog:chromeOptions": {
                "args": ["--headless", "--no-sandbox", "--disable-dev-shm-usage"],
                "prefs": {
                    "intl.accept_languages": settings.languages,
                    "profile.managed_default_content_settings.javascript": scripts,
                },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }));
        let session = session.await;
        Self { session, origin: origin.to_owned(), _place: place }
    }

    /// Opens a path, or a whole URL.
    pub(crate) async fn open(&self, url: &str) {
        // A URL that differs in the fragment only would not be loaded again.
        let url = if url.starts_with('/') { self.origin.clone() + url } else { url.to_owned() };
        for url in ["about:blank", &url] {
            self.session.post("/url", json!({ "url": url })).await.unwrap();
        }
    }

    /// Waits until the address has this path and query, and returns the heading of the page.
    pub(crate) async fn arrives_at(&self, path: &str) -> String {
        let url = format!("{}{path}", self.origin);
        self.wait_for(&format!("location.href === '{url}' && document.readyState === 'complete'"))
            .await;
        self.text("h1").await
    }

    /// Waits until this expression is true.
    pub(crate) async fn wait_for(&self, expression: &str) {
        let script = format!("return Boolean({expression});");
        let waited = tokio::time::timeout(PATIENCE, async {
            // A page that is being left has no result.
            while !self.session.execute("sync", &script).await.is_ok_and(|it| it == true) {
                tokio::time::sleep(POLL).await;
            }
        });
        if waited.await.is_err() {
            panic!("never true: {expression}\n{}", self.session.get("/source").await.unwrap());
        }
    }

    pub(crate) async fn find(&self, css: &str) -> Element<'_> {
        self.session.find(css).await
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.text("text").await
    }

    pub(crate) async fn value(&self, css: &str) -> String {
        self.find(css).await.text("property/value").await
    }

    /// Replaces the text of the fields with these ids.
    pub(crate) async fn fill(&self, fields: &[(&str, &str)]) {
        for (id, text) in fields {
            let field = self.find(&format!("#{id}")).await;
            field.clear().await;
            field.send_keys(text).await;
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await;
    }

    /// Fills in the form and sends it, and waits for the next page.
    pub(crate) async fn submit(&self, fields: &[(&str, &str)]) {
        self.fill(fields).await;
        let form = self.find("form").await;
        self.click("button[type=submit]").await;
        let waited = tokio::time::timeout(PATIENCE, async {
            while form.get("name").await.is_ok() {
                tokio::time::sleep(POLL).await;
            }
        });
        waited.await.expect("the form is sent");
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        self.session.press(keys).await;
    }

    /// Runs a script and returns its result.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.session.execute("sync", script).await.unwrap()
    }

    /// Runs a script, and returns what it gives to the function `done`.
    pub(crate) async fn run_async(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.session.execute("async", &script).await.unwrap()
    }

    pub(crate) async fn set_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.painted().await;
    }

    /// Shows the page in a viewport of this size in CSS pixels, magnified by a whole factor.
    pub(crate) async fn set_size(&self, width: u32, height: u32, zoom: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        self.painted().await;
    }

    /// Shows the page in the size of the window again.
    pub(crate) async fn reset_size(&self) {
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.painted().await;
    }

    pub(crate) async fn forget_cookies(&self) {
        self.session.delete("/cookie").await.unwrap();
    }

    /// Writes an image of the whole page in this width to `target/screenshots`.
    pub(crate) async fn screenshot(&self, width: u32, name: &str) {
        self.set_size(width, 1, 1).await;
        let height = self.run("return document.documentElement.scrollHeight").await;
        self.set_size(width, u32::try_from(height.as_u64().unwrap()).unwrap(), 1).await;
        let image = self.session.get("/screenshot").await.unwrap();
        let image = BASE64.decode(image.as_str().unwrap().as_bytes()).unwrap();
        let folder: PathBuf = workspace().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), image).unwrap();
    }

    /// Waits until the page is painted as it is now.
    async fn painted(&self) {
        self.run_async("requestAnimationFrame(() => requestAnimationFrame(() => done()));").await;
    }

    async fn devtools(&self, method: &str, parameters: Value) {
        let command = json!({ "cmd": method, "params": parameters });
        self.session.post("/goog/cdp/execute", command).await.unwrap();
    }

    /// Returns the messages of a log since the last call.
    async fn log(&self, kind: &str) -> Vec<String> {
        let log = self.session.post("/se/log", json!({ "type": kind })).await.unwrap();
        let message = |entry: &Value| entry["message"].as_str().unwrap().to_owned();
        log.as_array().unwrap().iter().map(message).collect()
    }

    /// Returns the requests since the last call.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        let log = self.log("performance").await;
        let event = |message: &String| {
            let event: Value = serde_json::from_str(message).unwrap();
            (event["message"]["method"].clone(), event["message"]["params"].clone())
        };
        let events: Vec<_> = log.iter().map(event).collect();
        // The headers that the network stack adds are an event of their own.
        let added = |id: &Value| {
            let of_request = events.iter().filter(move |(method, event)| {
                method == "Network.requestWillBeSentExtraInfo" && event["requestId"] == *id
            });
            of_request.map(|(_, event)| event["headers"].to_string()).collect::<String>()
        };
        let sent = events.iter().filter(|(method, _)| method == "Network.requestWillBeSent");
        let request = sent.map(|(_, event)| {
            let text = |name: &str| event["request"][name].as_str().unwrap().to_owned();
            let headers = format!("{}{}", event["request"]["headers"], added(&event["requestId"]));
            Request { method: text("method"), url: text("url"), headers }
        });
        request.filter(|request| request.url != "about:blank").collect()
    }

    /// Ends the session. The browser has asked this server only, and has reported nothing: no error
    /// of a script, no violation of the Content Security Policy, no remark on the forms.
    pub(crate) async fn finish(self) {
        for request in self.requests().await {
            assert!(request.url.starts_with(&self.origin), "{request:?}");
        }
        // A page with the status of an error is such a report too.
        let expected = ["of 403 ", "of 404 ", "of 422 ", "of 429 "];
        for message in self.log("browser").await {
            let is_status = message.contains("the server responded with a status ")
                && expected.iter().any(|status| message.contains(status));
            assert!(is_status, "{message}");
        }
        self.session.delete("").await.unwrap();
    }
}
