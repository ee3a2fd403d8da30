use std::net::IpAddr;

use http::Uri;
use http::request::Parts;
use repass_core::Realm;

/// The head of a request, as a spec receives it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Head<'a> {
    /// Method, URI and headers as received.
    pub parts: &'a Parts,
    /// The path below the mount's prefix, with its leading slash, as received (percent-encoded).
    pub path: &'a str,
    /// The URI as the client sent it, before an outer router removed a part of it.
    pub original_uri: &'a Uri,
    /// The realm that the mount serves.
    pub realm: &'a Realm,
    /// The id of the request in the log and in the answer; empty if there is none.
    pub request_id: &'a str,
    /// The address of the peer of the connection, if it is known.
    pub peer: Option<IpAddr>,
}

impl<'a> Head<'a> {
    /// Returns the head of a request to an API that is mounted without a prefix.
    pub fn new(parts: &'a Parts, realm: &'a Realm) -> Self {
        Self {
            parts,
            path: parts.uri.path(),
            original_uri: &parts.uri,
            realm,
            request_id: "",
            peer: None,
        }
    }

    /// Sets the path below the mount's prefix.
    #[must_use]
    pub fn with_path(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    /// Sets the realm that the mount serves.
    #[must_use]
    pub fn with_realm(self, realm: &'a Realm) -> Self {
        Self { realm, ..self }
    }

    /// Sets the URI that the client sent.
    #[must_use]
    pub fn with_original_uri(self, original_uri: &'a Uri) -> Self {
        Self { original_uri, ..self }
    }

    /// Sets the id of the request and the address of its peer.
    #[must_use]
    pub fn with_origin(self, request_id: &'a str, peer: Option<IpAddr>) -> Self {
        Self { request_id, peer, ..self }
    }
}
