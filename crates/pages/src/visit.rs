use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::request::Parts;
use repass_core::{AccountId, Context, Plaintext, Randomness, RandomnessError, token};
use repass_http::{Peer, RequestId, TraceParent};
use repass_messages::Language;

use crate::base_url::BaseUrl;
use crate::forgery;

/// The name of the parameter of the query with the language.
pub(crate) const LANGUAGE: &str = "lang";

/// A request, as far as all pages need it.
#[derive(Clone)]
pub(crate) struct Visit {
    /// The language of the page.
    pub(crate) language: Language,
    /// The language that the query names, which links keep.
    pub(crate) chosen: Option<Language>,
    /// Whether the query says that a link is not valid any more.
    pub(crate) has_dead_link: bool,
    /// The value of the cookie and of the hidden field of forms; empty if the random source fails.
    pub(crate) form_token: Arc<Plaintext>,
    /// Whether the request had no such cookie.
    pub(crate) is_new: bool,
    /// Whether the headers say that a page of ours sent the request.
    pub(crate) is_own: bool,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) request_id: RequestId,
    pub(crate) trace_parent: Option<TraceParent>,
    user_agent: Option<String>,
    /// The account of a change, for the log.
    pub(crate) account: Arc<OnceLock<AccountId>>,
}

impl Visit {
    /// Reads the head of a request. Returns the error too if the random source fails.
    pub(crate) fn new(
        parts: &Parts,
        base_url: &BaseUrl,
        randomness: &dyn Randomness,
    ) -> (Self, Option<RandomnessError>) {
        let headers = &parts.headers;
        let query = parts.uri.query().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(own, _)| own == name).map(|(_, value)| value)
        };
        let chosen = parameter(LANGUAGE).and_then(|code| Language::from_code(&code));
        let accepted = || text(headers, ACCEPT_LANGUAGE.as_str());
        let preferred = || accepted().and_then(Language::from_accept_language);
        let known = forgery::cookie(headers, base_url);
        let is_new = known.is_none();
        let (form_token, failure) = match known.map(Ok).unwrap_or_else(|| issue(randomness)) {
            Ok(token) => (token, None),
            Err(error) => (Plaintext::from(""), Some(error)),
        };
        let visit = Self {
            language: chosen.or_else(preferred).unwrap_or_default(),
            chosen,
            has_dead_link: parameter("dead").is_some(),
            form_token: Arc::new(form_token),
            is_new,
            is_own: forgery::is_own(headers, base_url),
            peer: Peer::address(&parts.extensions),
            request_id: RequestId::from_headers(headers, randomness),
            trace_parent: TraceParent::from_headers(headers),
            user_agent: text(headers, USER_AGENT.as_str()).map(str::to_owned),
            account: Arc::default(),
        };
        (visit, failure)
    }

    /// Returns the origin of a change or request, for audit records and events.
    pub(crate) fn context(&self) -> Context {
        Context {
            request_id: Some(self.request_id.as_str().to_owned()),
            traceparent: self.trace_parent.as_ref().map(|own| own.as_str().to_owned()),
            peer: self.peer.map(|peer| peer.to_string()),
            user_agent: self.user_agent.clone(),
            language: Some(self.language.subtag().to_owned()),
            ..Context::new("pages")
        }
    }
}

fn issue(randomness: &dyn Randomness) -> Result<Plaintext, RandomnessError> {
    token::issue(randomness).map(|(token, _)| token)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
