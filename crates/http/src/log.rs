//! Logs one line per request, and one more for each failure.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};
use repass_core::{AccountId, ErrorChain};
use repass_spec::reply;
use tokio::time::Instant;

use crate::mount::Mount;
use crate::panics::Panicked;
use crate::peer::Proxy;
use crate::request_id::RequestId;
use crate::trace_parent::TraceParent;

/// The log line of one request. Written by [`end`](Self::end), or on drop if the request was not
/// answered.
#[derive(Debug)]
pub(crate) struct RequestLog {
    mount: Arc<Mount>,
    /// The template of the path with the mount's prefix, if the request is routed.
    route: Option<String>,
    /// The path of a request that no mount has. Its line names no mount.
    unknown_path: Option<String>,
    method: &'static str,
    request_id: RequestId,
    trace_parent: Option<TraceParent>,
    peer: Option<IpAddr>,
    proxy: Option<Proxy>,
    started: Instant,
    is_written: bool,
}

impl RequestLog {
    pub(crate) fn begin(
        mount: Arc<Mount>,
        parts: &Parts,
        request_id: RequestId,
        peer: Option<IpAddr>,
    ) -> Self {
        Self {
            mount,
            route: None,
            unknown_path: None,
            method: name_of(&parts.method),
            request_id,
            trace_parent: TraceParent::from_headers(&parts.headers),
            peer,
            proxy: parts.extensions.get().copied(),
            started: Instant::now(),
            is_written: false,
        }
    }

    /// Sets the template of the path below the mount's prefix.
    pub(crate) fn route(&mut self, template: &str) {
        let route = format!("{}{template}", self.mount.prefix());
        self.route = Some(route).filter(|_| !template.is_empty());
    }

    /// Says that no mount has the request's path.
    pub(crate) fn unknown_path(&mut self, path: &str) {
        self.unknown_path = Some(reply::quoted(path).to_owned());
    }

    /// Returns the place of the request in a trace.
    pub(crate) fn trace_parent(&self) -> Option<&TraceParent> {
        self.trace_parent.as_ref()
    }

    /// Logs an answered request. Returns its route.
    pub(crate) fn end(
        mut self,
        status: StatusCode,
        outcome: &'static str,
        account: Option<AccountId>,
    ) -> Option<String> {
        self.write(Some(status), outcome, account);
        self.route.take()
    }

    /// Logs an internal error.
    pub(crate) fn fault(&self, error: &(dyn Error + 'static)) {
        tracing::error!(
            target: "repass::fault",
            api = self.mount.name(),
            vendor = self.mount.spec().name(),
            realm = self.mount.realm().as_str(),
            request_id = self.request_id.as_str(),
            trace_id = self.trace_parent.as_ref().map(TraceParent::trace_id),
            error = ErrorChain(error).to_string(),
            "request failed"
        );
    }

    /// Logs a panic without its message, which may quote a secret.
    pub(crate) fn panicked(&self, step: &'static str, panicked: &Panicked) {
        tracing::error!(
            target: "repass::fault",
            api = self.mount.name(),
            vendor = self.mount.spec().name(),
            realm = self.mount.realm().as_str(),
            request_id = self.request_id.as_str(),
            trace_id = self.trace_parent.as_ref().map(TraceParent::trace_id),
            step,
            location = panicked.location.as_deref(),
            "panicked"
        );
    }

    fn write(
        &mut self,
        status: Option<StatusCode>,
        outcome: &'static str,
        account: Option<AccountId>,
    ) {
        self.is_written = true;
        let duration = self.started.elapsed().as_millis();
        let mount = self.unknown_path.is_none().then_some(&*self.mount);
        tracing::info!(
            target: "repass::request",
            api = mount.map(Mount::name),
            vendor = mount.map(|mount| mount.spec().name()),
            realm = mount.map(|mount| mount.realm().as_str()),
            route = self.route,
            path = self.unknown_path.as_deref(),
            method = self.method,
            status = status.map(|status| status.as_u16()),
            outcome,
            account = account.map(tracing::field::display),
            duration_ms = u64::try_from(duration).unwrap_or(u64::MAX),
            request_id = self.request_id.as_str(),
            trace_id = self.trace_parent.as_ref().map(TraceParent::trace_id),
            peer = self.peer.map(tracing::field::display),
            proxy = self.proxy.map(tracing::field::display),
            "request"
        );
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(None, "incomplete", None);
        }
    }
}

/// Returns the name of a method of RFC 9110 or 5789, and "other" for extension methods, which can
/// be any text.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_methods_are_not_logged() {
        assert_eq!(name_of(&Method::PATCH), "PATCH");
        assert_eq!(name_of(&Method::from_bytes(b"SECRET").unwrap()), "other");
    }
}
