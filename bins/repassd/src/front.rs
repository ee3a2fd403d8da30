//! The service of `listen`: the pages, and the APIs for all other paths.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use repass_http::PasswordService;
use repass_pages::Pages;
use tower::Service;

use crate::demo::MailCatcher;
use crate::listen::Serve;

/// The pages take their own paths and the well-known ones. The APIs take all others, also those that
/// do not exist.
#[derive(Clone)]
pub(crate) struct Front {
    apis: PasswordService,
    pages: Option<Pages>,
    /// The mails of a demo.
    mails: Option<MailCatcher>,
}

impl Front {
    pub(crate) fn new(apis: PasswordService, pages: Option<Pages>) -> Self {
        Self { apis, pages, mails: None }
    }

    /// Serves the mails of a demo too.
    pub(crate) fn with_mails(self, mails: MailCatcher) -> Self {
        Self { mails: Some(mails), ..self }
    }
}

impl Service<Request<Incoming>> for Front {
    type Response = Response<Either<Full<Bytes>, axum::body::Body>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // All parts are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let path = request.uri().path();
        if let Some(mails) = self.mails.as_ref().filter(|_| path == MailCatcher::PATH) {
            let page = mails.page();
            return Box::pin(async move { Ok(page.map(Either::Left)) });
        }
        match self.pages.as_mut().filter(|pages| pages.base_url().serves(path)) {
            Some(pages) => {
                let answer = pages.call(request);
                Box::pin(async move { answer.await.map(|answer| answer.map(Either::Right)) })
            }
            None => {
                let answer = self.apis.call(request);
                Box::pin(async move { answer.await.map(|answer| answer.map(Either::Left)) })
            }
        }
    }
}

impl Serve for Front {
    type Body = Either<Full<Bytes>, axum::body::Body>;

    fn body(body: Full<Bytes>) -> Self::Body {
        Either::Left(body)
    }

    async fn drain(&self) {
        if let Some(pages) = &self.pages {
            pages.drain().await;
        }
        self.apis.drain().await;
    }
}
