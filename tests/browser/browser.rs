use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use repass_tests::workspace;
use serde_json::{Value, json};
use thirtyfour::BrowserLogEntry;
use thirtyfour::common::capabilities::desiredcapabilities::Capabilities;
use thirtyfour::prelude::*;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_rustls::rustls::crypto::ring;

use crate::chromedriver;

/// The longest that a page may take to reach a state.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

static PLACES: Semaphore = Semaphore::const_new(2);

/// A session of Chromium without any state of another one.
pub(crate) struct Browser {
    driver: WebDriver,
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
        static PROVIDER: Once = Once::new();
        // The HTTP client of WebDriver has TLS if another crate of the build turns that on.
        PROVIDER.call_once(|| ring::default_provider().install_default().unwrap());
        let place = PLACES.acquire().await.unwrap();
        let scripts = if settings.scripts { 1 } else { 2 };
        let mut capabilities = Capabilities::new();
        // The sandbox does not run as root, and /dev/shm is small in containers.
        let options = json!({
            "args": ["--headless", "--no-sandbox", "--disable-dev-shm-usage"],
            "prefs": {
                "intl.accept_languages": settings.languages,
                "profile.managed_default_content_settings.javascript": scripts,
            },
        });
        capabilities.set("goog:chromeOptions", options).unwrap();
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        capabilities.set("goog:loggingPrefs", logs).unwrap();
        let driver = WebDriver::new(chromedriver::url().await, capabilities).await.unwrap();
        Self { driver, origin: origin.to_owned(), _place: place }
    }

    /// Opens a path, or a whole URL.
    pub(crate) async fn open(&self, url: &str) {
        // A URL that differs in the fragment only would not be loaded again.
        self.driver.goto("about:blank").await.unwrap();
        let url = if url.starts_with('/') { self.origin.clone() + url } else { url.to_owned() };
        self.driver.goto(url).await.unwrap();
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
            while !self.driver.execute(script.as_str(), []).await.is_ok_and(|it| it.json() == true)
            {
                tokio::time::sleep(POLL).await;
            }
        });
        if waited.await.is_err() {
            panic!("never true: {expression}\n{}", self.driver.source().await.unwrap());
        }
    }

    pub(crate) async fn find(&self, css: &str) -> WebElement {
        self.driver.find(By::Css(css)).await.unwrap()
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub(crate) async fn value(&self, css: &str) -> String {
        self.find(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Replaces the text of the fields with these ids.
    pub(crate) async fn fill(&self, fields: &[(&str, &str)]) {
        for (id, text) in fields {
            let field = self.find(&format!("#{id}")).await;
            field.clear().await.unwrap();
            field.send_keys(*text).await.unwrap();
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Fills in the form and sends it, and waits for the next page.
    pub(crate) async fn submit(&self, fields: &[(&str, &str)]) {
        self.fill(fields).await;
        let form = self.find("form").await;
        self.click("button[type=submit]").await;
        let waited = tokio::time::timeout(PATIENCE, async {
            while form.tag_name().await.is_ok() {
                tokio::time::sleep(POLL).await;
            }
        });
        waited.await.expect("the form is sent");
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Runs a script and returns its result.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.driver.execute(script, []).await.unwrap().json().clone()
    }

    /// Runs a script, and returns what it gives to the function `done`.
    pub(crate) async fn run_async(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.driver.execute_async(script, []).await.unwrap().json().clone()
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
        self.driver.delete_all_cookies().await.unwrap();
    }

    /// Writes an image of the whole page in this width to `target/screenshots`.
    pub(crate) async fn screenshot(&self, width: u32, name: &str) {
        self.set_size(width, 1, 1).await;
        let height = self.run("return document.documentElement.scrollHeight").await;
        self.set_size(width, u32::try_from(height.as_u64().unwrap()).unwrap(), 1).await;
        let image = self.driver.screenshot_as_png().await.unwrap();
        let folder: PathBuf = workspace().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), image).unwrap();
    }

    /// Waits until the page is painted as it is now.
    async fn painted(&self) {
        self.run_async("requestAnimationFrame(() => requestAnimationFrame(() => done()));").await;
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.unwrap()
    }

    /// Returns the requests since the last call.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        let log = self.driver.get_log("performance").await.unwrap();
        let message = |entry: &BrowserLogEntry| {
            let event: Value = serde_json::from_str(&entry.message).unwrap();
            (event["message"]["method"].clone(), event["message"]["params"].clone())
        };
        let events: Vec<_> = log.iter().map(message).collect();
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
        for entry in self.driver.browser_log().await.unwrap() {
            let is_status = entry.message.contains("the server responded with a status ")
                && expected.iter().any(|status| entry.message.contains(status));
            assert!(is_status, "{entry:?}");
        }
        self.driver.clone().quit().await.unwrap();
    }
}

impl Drop for Browser {
    /// Leaves the session of a test that has panicked to the end of the process: the driver would
    /// wait for its connections, whose runtime stands still.
    fn drop(&mut self) {
        let _ = self.driver.clone().leak();
    }
}
