use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use repass_core::{
    AdministrationStore, AuditFilter, AuditRecord, Engine, EngineBuilder, InstallationKey,
    NewAccount, Plaintext, Profile, Realm, SignIn, SignInName,
};
use repass_http::Peer;
use repass_pages::{Options, Outcome, Pages};
use repass_testkit::{ManualClock, MemoryStore, fixtures};
use tower::ServiceExt;

pub(crate) const OLD: &str = "correct horse battery staple";
pub(crate) const NEW: &str = " another long phrase ";
pub(crate) const URL: &str = "https://example.org/account";
pub(crate) const PAT: &str = "pat@example.org";

type Builder = EngineBuilder<Arc<dyn AdministrationStore>>;

/// The pages with the account `pat` of the realm `shop`.
pub(crate) struct TestContext {
    pub(crate) store: MemoryStore,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: Arc<InstallationKey>,
    pub(crate) pages: Pages,
}

impl TestContext {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::with_url(URL, change).await
    }

    pub(crate) async fn with_url(url: &str, change: impl FnOnce(&mut Options)) -> Self {
        let store = MemoryStore::new();
        let test = Self::on(store.clone(), Arc::new(store), |builder| builder, url, change);
        test.add("pat", PAT).await;
        test
    }

    /// The pages on another store, without an account. `build` changes the engine.
    pub(crate) fn on(
        store: MemoryStore,
        ports: Arc<dyn AdministrationStore>,
        build: impl FnOnce(Builder) -> Builder,
        url: &str,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-28T08:00:00Z".parse().unwrap()));
        let key = Arc::new(InstallationKey::from_bytes([3; 32]));
        let hasher = Arc::new(fixtures::hasher());
        let builder = Engine::builder(ports, hasher, Arc::clone(&key)).clock(clock.clone());
        let engine = build(builder).build();
        let mut options = Options::new(url.parse().unwrap(), realm());
        options.product = "Example Shop".to_owned();
        options.support_email = Some("help@example.org".to_owned());
        options.mails_resets = true;
        change(&mut options);
        let pages = Pages::new(engine.clone(), options);
        Self { store, engine, clock, key, pages }
    }

    /// The pages with another engine.
    pub(crate) async fn with_engine(build: impl FnOnce(Builder) -> Builder) -> Self {
        let store = MemoryStore::new();
        let test = Self::on(store.clone(), Arc::new(store), build, URL, |_| {});
        test.add("pat", PAT).await;
        test
    }

    pub(crate) async fn add(&self, user_id: &str, email: &str) {
        let new = NewAccount {
            realm: realm(),
            user_id: user_id.parse().unwrap(),
            email: email.parse().ok(),
            username: None,
            profile: Profile::default(),
        };
        let administration = self.engine.administration();
        administration.add_account(new, Some(OLD.into())).await.unwrap();
    }

    /// Returns whether the password is that of `pat`.
    pub(crate) async fn is_password(&self, password: &str) -> bool {
        let name = SignInName::UserId("pat".to_owned());
        self.engine.sign_in(SignIn::new(realm(), name, password.into())).await.is_ok()
    }

    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let all = AuditFilter { limit: u32::MAX, ..AuditFilter::default() };
        self.engine.administration().store().audit(&all).await.unwrap()
    }

    /// Returns the tokens of all mails, the oldest first.
    pub(crate) async fn mailed(&self) -> Vec<Plaintext> {
        let events = fixtures::events(&self.store).await;
        let sealed = events.iter().filter(|event| event.sealed_token_expires_at().is_some());
        sealed.map(|event| event.open_token(&self.key).unwrap()).collect()
    }

    /// Mails a token to `pat` as an operator, and returns it.
    pub(crate) async fn token(&self) -> String {
        let minute = Duration::from_secs(60);
        self.engine.administration().mail_reset(&realm(), "pat", minute).await.unwrap();
        self.mailed().await.pop().unwrap().expose().to_owned()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            pages: self.pages.clone(),
            origin: self.pages.base_url().origin().to_owned(),
            peer: "192.0.2.1".to_owned(),
            language: String::new(),
            cookie: Mutex::default(),
        }
    }
}

pub(crate) fn realm() -> Realm {
    "shop".parse().unwrap()
}

/// A browser without scripts that keeps one cookie.
pub(crate) struct Browser {
    pages: Pages,
    pub(crate) origin: String,
    pub(crate) peer: String,
    pub(crate) language: String,
    pub(crate) cookie: Mutex<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) outcome: &'static str,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty(), &[]).await
    }

    /// Opens the form, fills it in, and sends it to its path.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = self.get(path).await;
        assert_eq!(form.status, StatusCode::OK, "{path}");
        let token = form.attribute("name=\"form_token\" value=\"");
        let action = form.attribute("<form method=\"post\" action=\"");
        let fields = [fields, &[("form_token", token.as_str())]].concat();
        self.post(&action, &fields, &[(ORIGIN.as_str(), &self.origin)]).await
    }

    /// Sends fields as they are.
    pub(crate) async fn post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.send(Method::POST, path, Body::from(body.finish()), headers).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT_LANGUAGE, &self.language)
            .header(COOKIE, self.cookie.lock().unwrap().as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).unwrap();
        if let Ok(peer) = self.peer.parse() {
            request.extensions_mut().insert(Peer(peer));
        }
        let response = self.pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(cookie) = parts.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            cookie.clone_into(&mut self.cookie.lock().unwrap());
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            outcome: parts.extensions.get::<Outcome>().unwrap().code,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: impl AsRef<str>) -> &str {
        self.headers.get(name.as_ref()).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header(LOCATION)
    }

    /// Returns the text after `begin` up to the next quotation mark.
    #[track_caller]
    pub(crate) fn attribute(&self, begin: &str) -> String {
        let (_, rest) = self.body.split_once(begin).unwrap_or_else(|| panic!("{}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }

    /// Returns the page with the value of the hidden field replaced, which is random.
    pub(crate) fn page(&self) -> String {
        let begin = "name=\"form_token\" value=\"";
        match self.body.contains(begin) {
            true => self.body.replace(&self.attribute(begin), "FORM-TOKEN"),
            false => self.body.clone(),
        }
    }
}
