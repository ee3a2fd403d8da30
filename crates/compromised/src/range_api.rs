//! The range API of Pwned Passwords, or of a mirror.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use repass_core::jiff::Timestamp;
use repass_core::{Clock, Plaintext};
use repass_endpoint::{Endpoint, EndpointError, EndpointOptions, InvalidEndpoint};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use crate::corpus::SeenAtLeast;
use crate::format::magnitude;

/// The address of the API of Pwned Passwords.
pub const PWNED_PASSWORDS: &str = "https://api.pwnedpasswords.com";

/// The largest answer, in bytes. A range has about 1,000 lines of 40 bytes, with padding more.
const MAX_BYTES: usize = 1024 * 1024;

/// The most ranges that are kept.
const MAX_CACHED: usize = 256;

/// How long a range is kept.
const KEEP_FOR: Duration = Duration::from_secs(60 * 60);

/// A client of the range API: it sends the first five of the forty hexadecimal digits of the SHA-1
/// digest, and compares the rest with the answer itself (k-anonymity). Answers are padded, so that
/// their length does not tell the range.
pub struct RangeApi {
    endpoint: Endpoint,
    retries: u32,
    clock: Arc<dyn Clock>,
    cache: Mutex<HashMap<u32, Cached>>,
}

/// The rest of each digest, with its magnitude, in ascending order.
type Range = Vec<([u8; 18], u8)>;

struct Cached {
    digests: Arc<Range>,
    at: Timestamp,
}

/// The range API cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RangeApiError {
    /// There is no answer.
    #[error("the range API cannot be asked")]
    Endpoint(#[from] EndpointError),
    /// The answer is not that of a range API.
    #[error("the answer is not that of a range API")]
    Malformed,
}

impl RangeApi {
    /// Creates a client. The URL of `endpoint` is that of the API without `/range`, such as
    /// [`PWNED_PASSWORDS`]. A request that fails is repeated `retries` times.
    ///
    /// # Errors
    /// When the endpoint is not valid.
    pub fn new(
        endpoint: &EndpointOptions,
        retries: u32,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidEndpoint> {
        let (endpoint, cache) = (Endpoint::new(endpoint)?, Mutex::default());
        Ok(Self { endpoint, retries, clock, cache })
    }

    /// Returns how often a password was seen, at least.
    ///
    /// # Errors
    /// When there is no answer in time.
    pub async fn find(&self, password: &Plaintext) -> Result<Option<SeenAtLeast>, RangeApiError> {
        let digest: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(password.expose()).into());
        let [a, b, c, ..] = *digest;
        // The first 20 bits; the third byte is part of both.
        let prefix = (u32::from(a) << 12) | (u32::from(b) << 4) | (u32::from(c) >> 4);
        let mut rest = Zeroizing::new([0; 18]);
        rest.copy_from_slice(&digest[2..]);
        rest[0] &= 0x0f;
        let digests = match self.cached(prefix) {
            Some(digests) => digests,
            None => self.fetch(prefix).await?,
        };
        let found = digests.binary_search_by(|(own, _)| own.cmp(&*rest)).ok();
        Ok(found.map(|at| SeenAtLeast(10_u64.pow(u32::from(digests[at].1)))))
    }

    fn cached(&self, prefix: u32) -> Option<Arc<Range>> {
        let now = self.clock.now();
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = cache.get(&prefix)?;
        let age = Duration::try_from(now.duration_since(cached.at));
        age.is_ok_and(|age| age < KEEP_FOR).then(|| Arc::clone(&cached.digests))
    }

    async fn fetch(&self, prefix: u32) -> Result<Arc<Range>, RangeApiError> {
        let at = self.clock.now();
        let path = format!("{prefix:05X}");
        let mut tries = 0;
        let body = loop {
            let headers = [("add-padding", "true"), ("accept", "text/plain")];
            match self.endpoint.get_below(&["range", &path], &headers, MAX_BYTES).await {
                Ok(body) => break body,
                Err(error) if tries == self.retries || !may_pass(&error) => {
                    return Err(error.into());
                }
                Err(_) => tries += 1,
            }
        };
        let digests = Arc::new(parse(&body).ok_or(RangeApiError::Malformed)?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            let oldest = cache.iter().min_by_key(|(_, own)| own.at).map(|(prefix, _)| *prefix);
            oldest.map(|prefix| cache.remove(&prefix));
        }
        cache.insert(prefix, Cached { digests: Arc::clone(&digests), at });
        Ok(digests)
    }
}

/// Returns whether another request may succeed.
fn may_pass(error: &EndpointError) -> bool {
    match error {
        EndpointError::Request(_) => true,
        EndpointError::Status(status) => status.is_server_error(),
        _ => false,
    }
}

/// Returns the digests of a range without padding, which has the count 0. `None` if it is no range;
/// the answer of the API is never empty, since it is padded.
fn parse(body: &[u8]) -> Option<Range> {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.trim().is_empty())?;
    let mut digests = Vec::with_capacity(text.len() / 40);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (hex, count) = line.split_once(':')?;
        let count: u64 = count.parse().ok()?;
        if hex.len() != 35 || !hex.is_ascii() {
            return None;
        }
        let mut rest = [0; 18];
        for (at, byte) in rest.iter_mut().enumerate() {
            // The first byte has one digit.
            let digits = if at == 0 { &hex[..1] } else { &hex[2 * at - 1..=2 * at] };
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        if count > 0 {
            digests.push((rest, magnitude(count)));
        }
    }
    digests.sort_unstable();
    Some(digests)
}

impl fmt::Debug for RangeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RangeApi({})", self.endpoint)
    }
}
