//! What all handlers share.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use repass_core::{Engine, Policy};
use repass_messages::PAGES;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::assets;
use crate::limits::ClientLimit;
use crate::options::Options;
use crate::page::{Page, PageKind, Problem};
use crate::respond::Code;
use crate::visit::Visit;

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) shared: Arc<Shared>,
    /// All running calls, including those whose clients have disconnected.
    pub(crate) tasks: TaskTracker,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) policy: Policy,
    /// The stylesheet, with the colors of the operator.
    pub(crate) style: String,
    /// Changes with the stylesheet, the script and the images.
    pub(crate) version: String,
    /// The requests for a mail, of each client.
    pub(crate) forgot: ClientLimit,
    /// The requests of the script, of each client.
    pub(crate) script: ClientLimit,
    /// Places for requests for a mail, which are answered before they are worked on.
    pub(crate) mailing: Arc<Semaphore>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl State {
    pub(crate) fn new(engine: Engine, options: Options) -> Self {
        let style = assets::style(&options.accent);
        let mut hasher = DefaultHasher::new();
        let logo = options.logo.as_ref().map(|logo| &logo.image);
        (&style, assets::SCRIPT, assets::ICON, logo).hash(&mut hasher);
        let shared = Shared {
            policy: engine.policy().clone(),
            style,
            version: format!("{:016x}", hasher.finish()),
            // Enough for an office behind one address.
            forgot: ClientLimit::new(30, 60 * MINUTE),
            script: ClientLimit::new(60, MINUTE),
            mailing: Arc::new(Semaphore::new(64)),
            options,
        };
        Self { engine, shared: Arc::new(shared), tasks: TaskTracker::new() }
    }

    pub(crate) fn page(&self, kind: PageKind, visit: &Visit) -> Page {
        Page::new(kind, visit, Arc::clone(&self.shared))
    }

    /// Returns the page with a status and an outcome for the log.
    pub(crate) fn answer(&self, status: StatusCode, code: &'static str, page: &Page) -> Response {
        let html = self.shared.options.templates.render(page);
        let mut response = (status, Html(html)).into_response();
        response.extensions_mut().insert(Code(code));
        response
    }

    /// Returns a form that is shown for the first time.
    pub(crate) fn show(&self, kind: PageKind, visit: &Visit) -> Response {
        self.answer(StatusCode::OK, "ok", &self.page(kind, visit))
    }

    /// Returns a form, with an error if the query says that a link is not valid any more.
    pub(crate) fn show_after_link(&self, kind: PageKind, visit: &Visit) -> Response {
        let mut page = self.page(kind, visit);
        if visit.has_dead_link {
            page.problems.push(Problem::new(None, page.text("dead-link")));
        }
        self.answer(StatusCode::OK, "ok", &page)
    }

    /// Returns a page about a request that is refused as a whole.
    pub(crate) fn refuse(
        &self,
        visit: &Visit,
        status: StatusCode,
        code: &'static str,
        message: &str,
    ) -> Response {
        let mut page = self.page(PageKind::Error, visit);
        page.problems.push(Problem::new(None, page.text(message)));
        self.answer(status, code, &page)
    }

    /// Returns a page with this problem and the time after which to try again.
    pub(crate) fn wait(
        &self,
        mut page: Page,
        status: StatusCode,
        code: &'static str,
        message: &str,
        delay: Duration,
    ) -> Response {
        let minutes = delay.as_secs().div_ceil(60).max(1);
        let wait = PAGES.text(page.language, "wait", [("count", minutes.into())]);
        page.problems.push(Problem::new(None, format!("{} {wait}", page.text(message))));
        let mut response = self.answer(status, code, &page);
        // Whole seconds, and not fewer than needed.
        let seconds = delay.as_millis().div_ceil(1000).max(1);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        response
    }
}

/// Returns a redirection after a POST, with the outcome `ok`.
pub(crate) fn see_other(url: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(url) = HeaderValue::try_from(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response.extensions_mut().insert(Code("ok"));
    response
}
