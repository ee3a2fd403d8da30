use std::cmp::Reverse;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use repass_core::{CallerAuthenticator, Randomness, SystemRandomness};
use repass_spec::Head;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::admission::{Admission, Permit};
use crate::body::Limits;
use crate::exchange;
use crate::fair_queue::Source;
use crate::mount::{Mount, MountError};
use crate::original_uri::original_uri;
use crate::peer::Peer;
use crate::reading::Reading;
use crate::request_id::RequestId;
use crate::route;

/// The error of a request body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The future of [`PasswordService`].
pub type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

/// Serves every mounted API. It is cheap to clone, always ready and never fails: errors are
/// responses in the format of the requested API.
#[derive(Clone)]
pub struct PasswordService {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) authenticator: Arc<dyn CallerAuthenticator>,
    pub(crate) limits: Limits,
    /// All running changes, including those whose clients have disconnected.
    pub(crate) changes: TaskTracker,
    pub(crate) reading: Reading,
    pub(crate) admission: Arc<Admission>,
    /// Sorted by the length of the prefix, longest first.
    mounts: Vec<Arc<Mount>>,
    /// The first mount added.
    fallback: Arc<Mount>,
    randomness: Arc<dyn Randomness>,
}

impl PasswordService {
    /// Returns a builder. `authenticator` checks the keys and tokens of all mounts that have no
    /// [authenticator of their own](Mount::with_authenticator).
    pub fn builder(authenticator: Arc<dyn CallerAuthenticator>) -> PasswordServiceBuilder {
        PasswordServiceBuilder {
            authenticator,
            mounts: Vec::new(),
            limits: Limits::default(),
            randomness: Arc::new(SystemRandomness),
        }
    }

    /// Returns the number of changes that wait for their turn; see [`Limits::changes`].
    pub fn waiting_changes(&self) -> usize {
        self.shared.admission.waiting()
    }

    /// Waits for the turn of a change that this service does not read itself, such as one of a web
    /// page: it waits in the same queue as those of the APIs, as a caller without credentials.
    /// `source` takes turns with the names of the mounts, and the clients of each source with one
    /// another. Returns `None` if too many changes wait, or at [`Limits::queue_timeout`].
    pub async fn admit(&self, source: &str, peer: Option<IpAddr>) -> Option<ChangePermit> {
        let source = Source::new(source, false, peer);
        self.shared.admission.admit(source).await.map(ChangePermit)
    }

    /// Waits until every running change has ended, including those whose clients have disconnected.
    ///
    /// For a shutdown: call this after the last request and before the store is closed.
    pub async fn drain(&self) {
        self.shared.changes.close();
        self.shared.changes.wait().await;
    }
}

/// One running change of [`PasswordService::admit`], until it is dropped.
#[must_use = "the change's turn ends when the permit is dropped"]
pub struct ChangePermit(#[expect(dead_code, reason = "its drop ends the turn")] Permit);

impl fmt::Debug for ChangePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangePermit(..)")
    }
}

impl fmt::Debug for PasswordService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordService")
            .field("mounts", &self.shared.mounts)
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for PasswordService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(shared.answer(request).await) })
    }
}

impl Shared {
    async fn answer<B>(self: Arc<Self>, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers, &*self.randomness);
        let peer = Peer::address(&parts.extensions);
        let head = Head::new(&parts, self.fallback.realm())
            .with_original_uri(original_uri(&parts))
            .with_origin(request_id.as_str(), peer);
        let routed = route::find(&self.mounts, &self.fallback, &parts, &head);
        exchange::run(&self, routed, parts, request_id, peer, body).await
    }
}

/// Builds a [`PasswordService`].
#[must_use]
pub struct PasswordServiceBuilder {
    authenticator: Arc<dyn CallerAuthenticator>,
    mounts: Vec<Mount>,
    limits: Limits,
    randomness: Arc<dyn Randomness>,
}

impl PasswordServiceBuilder {
    /// Adds an API. An unknown path is answered by the mount with the longest matching prefix, and
    /// among equals by the one added first.
    pub fn mount(mut self, mount: Mount) -> Self {
        self.mounts.push(mount);
        self
    }

    /// Sets the limits on requests.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the random source of request ids; [`SystemRandomness`] by default.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.randomness = randomness;
        self
    }

    /// Builds the service.
    ///
    /// # Errors
    /// If nothing is mounted, or one vendor is mounted twice below the same prefix.
    pub fn build(self) -> Result<PasswordService, MountError> {
        let mut mounts: Vec<Arc<Mount>> = Vec::with_capacity(self.mounts.len());
        for mount in self.mounts {
            let vendor = mount.spec().name();
            let is_same = |other: &Arc<Mount>| {
                other.spec().name() == vendor && other.prefix() == mount.prefix()
            };
            if mounts.iter().any(is_same) {
                return Err(MountError::Twice { vendor, prefix: mount.prefix().clone() });
            }
            mounts.push(Arc::new(mount));
        }
        let fallback = Arc::clone(mounts.first().ok_or(MountError::NoMounts)?);
        mounts.sort_by_key(|mount| Reverse(mount.prefix().as_str().len()));
        let shared = Shared {
            authenticator: self.authenticator,
            limits: self.limits,
            changes: TaskTracker::new(),
            reading: Reading::new(self.limits),
            admission: Admission::new(self.limits),
            mounts,
            fallback,
            randomness: self.randomness,
        };
        Ok(PasswordService { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for PasswordServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordServiceBuilder")
            .field("mounts", &self.mounts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
