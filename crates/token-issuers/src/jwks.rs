//! Keys at the address of an issuer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{Clock, ErrorChain};
use repass_jwt::{InvalidPublicKeys, JwtAlgorithm, JwtHeader, JwtKey, public_keys};

use repass_endpoint::{Endpoint, EndpointError};

/// The keys at an address. They are fetched when they are first needed, again ten minutes later,
/// and when a token names another key. Requests to the address are at least ten seconds apart.
pub(crate) struct RemoteKeys(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    algorithms: Vec<JwtAlgorithm>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held during a request, so that there is one at a time.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<(Arc<[JwtKey]>, Timestamp)>,
    tried_at: Option<Timestamp>,
    /// Why the last request failed.
    failure: Option<String>,
}

/// After this time the keys are fetched again. If that fails, the known ones stay in use.
const REFRESH_AFTER: Duration = Duration::from_secs(10 * 60);

/// After this time the known keys are not used any more.
const KEEP_FOR: Duration = Duration::from_secs(60 * 60);

/// The shortest time between two requests, so that tokens with invented key ids do not cause more.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(10);

/// The largest set of keys, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The keys cannot be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the keys cannot be fetched: {0}")]
pub(crate) struct KeysUnavailable(String);

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("the answer is not valid: it {0}")]
    Keys(#[from] InvalidPublicKeys),
}

impl RemoteKeys {
    pub(crate) fn new(
        endpoint: Endpoint,
        algorithms: Vec<JwtAlgorithm>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (state, fetching) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { endpoint, algorithms, clock, state, fetching }))
    }

    /// Returns the keys, which are up to date if none of them may have signed a token with this
    /// header.
    pub(crate) async fn keys(&self, header: &JwtHeader) -> Result<Arc<[JwtKey]>, KeysUnavailable> {
        let shared = &self.0;
        let known = shared.known(header);
        if let Some(keys) = known
            && !shared.is_due()
        {
            return Ok(keys);
        }
        // A task, since a request whose client disconnects must not interrupt it. If it fails, it
        // leaves the reason in the state.
        let _ = tokio::spawn(Arc::clone(shared).fetch(header.clone())).await;
        if let Some(keys) = shared.known(header) {
            return Ok(keys);
        }
        let state = shared.state();
        match (state.usable(shared.clock.now()), state.failure) {
            (Some(keys), None) => Ok(keys),
            (_, failure) => Err(KeysUnavailable(failure.unwrap_or_else(|| "no answer".to_owned()))),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    pub(crate) fn algorithms(&self) -> &[JwtAlgorithm] {
        &self.0.algorithms
    }
}

impl Shared {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the keys if one of them may have signed a token with this header.
    fn known(&self, header: &JwtHeader) -> Option<Arc<[JwtKey]>> {
        let keys = self.state().usable(self.clock.now())?;
        keys.iter().any(|key| header.may_be_signed_by(key)).then_some(keys)
    }

    /// Returns whether the keys should be fetched again.
    fn is_due(&self) -> bool {
        let (state, now) = (self.state(), self.clock.now());
        !state.keys.as_ref().is_some_and(|(_, at)| is_within(*at, REFRESH_AFTER, now))
            && state.may_try(now)
    }

    /// Fetches the keys, unless another task just did.
    async fn fetch(self: Arc<Self>, header: JwtHeader) {
        let _one_at_a_time = self.fetching.lock().await;
        let now = self.clock.now();
        if !self.state().may_try(now) || (self.known(&header).is_some() && !self.is_due()) {
            return;
        }
        self.update(|state| {
            state.tried_at = Some(now);
            state.failure = Some("the request was interrupted".to_owned());
        });
        match self.request().await {
            Ok(keys) => self.update(|state| {
                state.keys = Some((keys, now));
                state.failure = None;
            }),
            Err(error) => {
                let failure = ErrorChain(&error).to_string();
                tracing::warn!(endpoint = %self.endpoint, error = failure, "keys of a token issuer could not be fetched");
                self.update(|state| state.failure = Some(failure));
            }
        }
    }

    async fn request(&self) -> Result<Arc<[JwtKey]>, FetchError> {
        let body = self.endpoint.get(MAX_BYTES).await?;
        let text = std::str::from_utf8(&body).map_err(|_| InvalidPublicKeys::Malformed)?;
        Ok(public_keys(text, &self.algorithms)?.into())
    }
}

impl State {
    fn usable(&self, now: Timestamp) -> Option<Arc<[JwtKey]>> {
        let (keys, at) = self.keys.as_ref()?;
        is_within(*at, KEEP_FOR, now).then(|| Arc::clone(keys))
    }

    fn may_try(&self, now: Timestamp) -> bool {
        !self.tried_at.is_some_and(|at| is_within(at, BETWEEN_REQUESTS, now))
    }
}

/// Returns whether `now` is less than `duration` after `at`. A clock that was set back ends the
/// time too.
fn is_within(at: Timestamp, duration: Duration, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(at)).is_ok_and(|passed| passed < duration)
}
