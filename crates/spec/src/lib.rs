//! What a vendor's password-change API is, seen from the server: the [`Spec`] trait.
//!
//! A spec is pure. It gets the head of a request, later its body, and makes of them a
//! [`Change`]; it gets the result and makes of it an answer. It opens no socket
//! and asks no database. What all vendors share in reading and writing stands here as well:
//! [`json`], [`field`], [`header`], [`reply`].

pub mod field;
pub mod header;
pub mod json;
pub mod reply;

use std::time::Duration;

use http::Method;
use http::request::Parts;
use repass_core::{Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Realm};

pub use reply::Reply;

/// The head of a request, as a spec sees it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Method, URI and headers as received.
    pub parts: &'a Parts,
    /// The path below the mount's prefix, with its leading slash, as received (percent-encoded).
    pub path: &'a str,
    /// The realm that the mount serves.
    pub realm: &'a Realm,
    /// The id that stands in the log and in the answer.
    pub request_id: &'a str,
    /// Address of the peer of the connection, when known.
    pub peer: Option<std::net::IpAddr>,
}

/// One vendor's password-change API.
pub trait Spec: Send + Sync + 'static {
    /// The API's name in configuration, logs and audit trail.
    fn name(&self) -> &'static str;

    /// Whether `path` (below the mount's prefix) and `method` are this API's.
    fn route(&self, path: &str, method: &Method) -> Route;

    /// What the request must be authenticated by, in the order in which it is to be checked, with
    /// what it presents. Empty where the API has no authentication of its own.
    fn credentials(&self, head: &Head<'_>) -> Vec<Credential>;

    /// Checks what the head alone decides, once the caller is known and before the body is read.
    ///
    /// # Errors
    /// The answer to a request that is refused by its head.
    fn admit(&self, head: &Head<'_>, caller: &Caller) -> Result<(), Reply> {
        let _ = (head, caller);
        Ok(())
    }

    /// Reads the request. Fills in [`Context::source`] and what the request says of itself; request
    /// id and peer are filled in for it.
    ///
    /// # Errors
    /// The answer to a request that cannot be read.
    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply>;

    /// Writes the answer to a change that was tried. `context` is the one of the change.
    fn write(
        &self,
        head: &Head<'_>,
        context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply;

    /// Writes the answer to a request that never became a change.
    fn refuse(&self, head: &Head<'_>, refusal: Refusal<'_>) -> Reply;
}

/// Whether a request is an API's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It is.
    Here,
    /// The path is, the method is not.
    OtherMethod {
        /// The methods that the path takes, for the `Allow` header.
        allow: &'static str,
    },
    /// The path is not.
    Elsewhere {
        /// How many leading segments of the path are this API's: where several APIs share a prefix,
        /// the nearest one answers for a path that is none's.
        affinity: usize,
    },
}

impl Route {
    /// The route of an API with one resource and one method. `is_own` says whether `path` is the
    /// resource's, as the vendor compares paths; `own` is the path as the vendor writes it.
    pub fn of_resource(
        is_own: bool,
        path: &str,
        own: &str,
        method: &Method,
        allow: &'static str,
    ) -> Self {
        if !is_own {
            Self::Elsewhere { affinity: affinity(path, own) }
        } else if method.as_str() == allow {
            Self::Here
        } else {
            Self::OtherMethod { allow }
        }
    }
}

/// Something a request must present to be let in. `None` where it presents nothing readable.
#[derive(Debug)]
pub enum Credential {
    /// A key of this kind, of the mount's realm.
    Key(KeyKind, Option<Plaintext>),
    /// An access token of an active account of the mount's realm.
    AccessToken(Option<Plaintext>),
}

impl Credential {
    /// Which demand this is, for [`Refusal::Unauthenticated`].
    pub const fn demand(&self) -> Demand {
        match self {
            Self::Key(kind, _) => Demand::Key(*kind),
            Self::AccessToken(_) => Demand::AccessToken,
        }
    }
}

/// What an API demands to let a request in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// A key of this kind.
    Key(KeyKind),
    /// An access token.
    AccessToken,
}

/// Why a request never became a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal<'a> {
    /// No such resource.
    NotFound,
    /// The resource takes other methods.
    MethodNotAllowed {
        /// Which, for the `Allow` header.
        allow: &'a str,
    },
    /// The demanded key or token is missing, unknown, expired or revoked.
    Unauthenticated(Demand),
    /// The body has a content coding such as gzip; the server reads plain bodies alone (RFC 9110,
    /// 15.5.16). The server adds `Accept-Encoding`.
    UnsupportedEncoding,
    /// The body is larger than the server reads.
    BodyTooLarge,
    /// The body did not arrive in time, or broke off.
    BodyIncomplete,
    /// The server cannot serve at the moment.
    Unavailable {
        /// After how long trying again can make sense.
        retry_after: Duration,
    },
    /// The server failed.
    Fault,
}

/// How many leading segments `path` shares with `own`, for [`Route::Elsewhere`]. Compared without
/// regard to case.
pub fn affinity(path: &str, own: &str) -> usize {
    fn segments(path: &str) -> impl Iterator<Item = &str> {
        path.split('/').filter(|part| !part.is_empty())
    }
    segments(path).zip(segments(own)).take_while(|(one, two)| one.eq_ignore_ascii_case(two)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_method() {
        let route = |is_own, method| Route::of_resource(is_own, "/v1/x", "/v1/y", &method, "POST");
        assert_eq!(route(true, Method::POST), Route::Here);
        assert_eq!(route(true, Method::GET), Route::OtherMethod { allow: "POST" });
        assert_eq!(route(false, Method::POST), Route::Elsewhere { affinity: 1 });
    }

    #[test]
    fn affinity_counts_shared_leading_segments() {
        assert_eq!(affinity("/v1/users/5", "/v1/changePassword"), 1);
        assert_eq!(affinity("/api/customer/x", "/api/Customer/UpdateUserPassword"), 2);
        assert_eq!(affinity("/", "/v1"), 0);
    }
}
