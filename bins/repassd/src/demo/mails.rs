//! The mails of a demo, which are shown in place of being sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body_util::Full;
use repass_core::ClaimedEvent;
use repass_outbox::{Channel, DeliveryError, Mail, MailPreview};

/// A channel that keeps the latest mails in memory.
#[derive(Debug, Clone)]
pub(crate) struct MailCatcher {
    mail: Arc<Mail>,
    /// The latest first.
    mails: Arc<Mutex<VecDeque<MailPreview>>>,
}

#[derive(Template)]
#[template(path = "demo_mails.html")]
struct Html<'a> {
    mails: &'a VecDeque<MailPreview>,
}

impl MailCatcher {
    /// The path of the page with the mails.
    pub(crate) const PATH: &'static str = "/demo/mail";

    const KEPT: usize = 20;

    /// Creates a channel for the mails that `mail` would send.
    pub(crate) fn new(mail: Mail) -> Self {
        Self { mail: Arc::new(mail), mails: Arc::default() }
    }

    /// Returns the page with the mails.
    pub(crate) fn page(&self) -> Response<Full<Bytes>> {
        // No method panics while it holds the lock.
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let html = Html { mails: &mails }.render().unwrap_or_default();
        let mut response = Response::new(Full::from(html));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[async_trait]
impl Channel for MailCatcher {
    fn name(&self) -> &'static str {
        self.mail.name()
    }

    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
        if let Some(preview) = self.mail.preview(claimed)? {
            let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
            mails.push_front(preview);
            mails.truncate(Self::KEPT);
        }
        Ok(())
    }
}
