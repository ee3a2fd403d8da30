use std::cmp::Reverse;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use repass_core::{CallerAuthenticator, Randomness, SystemRandomness};
use repass_spec::Head;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::body::Limits;
use crate::exchange;
use crate::mount::{Mount, MountError};
use crate::original_uri::original_uri;
use crate::peer::Peer;
use crate::request_id::RequestId;
use crate::route;

/// Any error, as bodies give them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An answer on its way.
pub type Answering =
    Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

/// Serves every mounted API. Cheap to clone; always ready; never fails, whatever goes wrong is an
/// answer in the shape of the API that was asked.
#[derive(Clone)]
pub struct PasswordService {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) authenticator: Arc<dyn CallerAuthenticator>,
    pub(crate) limits: Limits,
    /// Changes under way, those of clients that have hung up among them.
    pub(crate) changes: TaskTracker,
    /// Memory for requests that are being read, in KiB.
    pub(crate) reading: Semaphore,
    /// Room for changes under way.
    pub(crate) room: Arc<Semaphore>,
    /// The longest prefix first.
    mounts: Vec<Arc<Mount>>,
    /// The first that was mounted.
    fallback: Arc<Mount>,
    randomness: Arc<dyn Randomness>,
}

impl PasswordService {
    /// Starts to put a service together. `authenticator` knows the keys and tokens of all mounts.
    pub fn builder(authenticator: Arc<dyn CallerAuthenticator>) -> PasswordServiceBuilder {
        PasswordServiceBuilder {
            authenticator,
            mounts: Vec::new(),
            limits: Limits::default(),
            randomness: Arc::new(SystemRandomness),
        }
    }

    /// Waits until every change that was begun has ended, those of clients that have hung up among
    /// them; no connection waits for these.
    ///
    /// For shutting down: call it when no more requests come in, and before the store is closed.
    pub async fn drain(&self) {
        self.shared.changes.close();
        self.shared.changes.wait().await;
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
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
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
        let request_id = RequestId::of(&parts.headers, &*self.randomness);
        let peer = Peer::address(&parts.extensions);
        let head = Head::new(&parts, self.fallback.realm())
            .with_original_uri(original_uri(&parts))
            .with_origin(request_id.as_str(), peer);
        let routed = route::find(&self.mounts, &self.fallback, &parts, &head);
        exchange::run(&self, routed, parts, request_id, peer, body).await
    }
}

/// Puts a [`PasswordService`] together.
#[must_use]
pub struct PasswordServiceBuilder {
    authenticator: Arc<dyn CallerAuthenticator>,
    mounts: Vec<Mount>,
    limits: Limits,
    randomness: Arc<dyn Randomness>,
}

impl PasswordServiceBuilder {
    /// Adds an API. The order counts where two would answer a path that is neither's: the one with the
    /// longer prefix does, then the one that was added first.
    pub fn mount(mut self, mount: Mount) -> Self {
        self.mounts.push(mount);
        self
    }

    /// How much a request may take.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where the random bytes of request ids come from; the machine by default.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.randomness = randomness;
        self
    }

    /// The finished service.
    ///
    /// # Errors
    /// When nothing is mounted, or one API twice under the same prefix.
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
            reading: Semaphore::new((self.limits.reading_bytes / 1024).min(Semaphore::MAX_PERMITS)),
            room: Arc::new(Semaphore::new(self.limits.changes.min(Semaphore::MAX_PERMITS))),
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
