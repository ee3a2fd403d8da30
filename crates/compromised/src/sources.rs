//! The sources that the engine asks.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use repass_core::{CompromisedPasswords, CompromisedUnavailable, ErrorChain, Plaintext};

use crate::corpus::{Corpus, CorpusError, SeenAtLeast};
use crate::range_api::RangeApi;

/// What is done about a new password if the last source that must be asked fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// It is accepted, with a warning in the log.
    #[default]
    Accept,
    /// The change is refused as unavailable.
    Refuse,
}

/// A corpus, the range API, or both: the API is asked about passwords that the corpus does not have,
/// or if the corpus cannot be read.
pub struct Compromised {
    corpus: Option<Reloadable>,
    range_api: Option<RangeApi>,
    on_failure: OnFailure,
    status: Counts,
}

struct Reloadable {
    path: PathBuf,
    current: RwLock<Arc<Corpus>>,
}

#[derive(Default)]
struct Counts {
    found: AtomicU64,
    not_found: AtomicU64,
    failed: AtomicU64,
}

/// Counts of the look-ups since the start, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CompromisedStatus {
    /// Passwords that were found.
    pub found: u64,
    /// Passwords that were not found.
    pub not_found: u64,
    /// Look-ups in which no source found the password, and the last one failed.
    pub failed: u64,
}

impl Compromised {
    /// Creates a source without a corpus and without an API, which finds nothing.
    pub fn new(on_failure: OnFailure) -> Self {
        Self { corpus: None, range_api: None, on_failure, status: Counts::default() }
    }

    /// Opens a corpus.
    ///
    /// # Errors
    /// As [`Corpus::open`].
    pub fn with_corpus(self, path: &Path) -> Result<Self, CorpusError> {
        let current = RwLock::new(Arc::new(Corpus::open(path)?));
        Ok(Self { corpus: Some(Reloadable { path: path.to_owned(), current }), ..self })
    }

    /// Asks the range API too.
    #[must_use]
    pub fn with_range_api(self, range_api: RangeApi) -> Self {
        Self { range_api: Some(range_api), ..self }
    }

    /// Opens the file of the corpus again, which may have been replaced. Look-ups that run use the
    /// file that they began with. If it cannot be opened, the one before stays in use.
    ///
    /// # Errors
    /// As [`Corpus::open`].
    pub fn reload(&self) -> Result<(), CorpusError> {
        let Some(Reloadable { path, current }) = &self.corpus else { return Ok(()) };
        let new = Arc::new(Corpus::open(path)?);
        *current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Returns the corpus in use.
    pub fn corpus(&self) -> Option<Arc<Corpus>> {
        let corpus = self.corpus.as_ref()?;
        Some(Arc::clone(&corpus.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Returns the counts of look-ups.
    pub fn status(&self) -> CompromisedStatus {
        let Counts { found, not_found, failed } = &self.status;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CompromisedStatus {
            found: count(found),
            not_found: count(not_found),
            failed: count(failed),
        }
    }

    async fn find(&self, password: &Arc<Plaintext>) -> Result<Option<SeenAtLeast>, Failure> {
        let offline = match self.corpus() {
            Some(corpus) => look_up(corpus, Arc::clone(password)).await.map(Some),
            None => Ok(None),
        };
        match (offline, &self.range_api) {
            (Ok(Some(Some(seen))), _) => Ok(Some(seen)),
            (Ok(_), None) => Ok(None),
            (Err(error), None) => Err(error),
            (offline, Some(api)) => {
                if let Err(error) = offline {
                    let error = ErrorChain(&*error).to_string();
                    tracing::warn!(error, "the corpus of compromised passwords cannot be read");
                }
                Ok(api.find(password).await?)
            }
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Looks a password up on a thread that may block.
async fn look_up(
    corpus: Arc<Corpus>,
    password: Arc<Plaintext>,
) -> Result<Option<SeenAtLeast>, Failure> {
    let found = tokio::task::spawn_blocking(move || corpus.find(password.expose())).await?;
    Ok(found?)
}

#[async_trait]
impl CompromisedPasswords for Compromised {
    async fn seen(
        &self,
        candidate: &Arc<Plaintext>,
    ) -> Result<Option<u64>, CompromisedUnavailable> {
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match self.find(candidate).await {
            Ok(Some(SeenAtLeast(seen))) => {
                count(&self.status.found);
                Ok(Some(seen))
            }
            Ok(None) => {
                count(&self.status.not_found);
                Ok(None)
            }
            Err(error) => {
                count(&self.status.failed);
                if self.on_failure == OnFailure::Refuse {
                    return Err(CompromisedUnavailable(error));
                }
                let error = ErrorChain(&*error).to_string();
                tracing::warn!(
                    error,
                    "a new password was accepted without looking it up among compromised ones"
                );
                Ok(None)
            }
        }
    }
}

impl fmt::Debug for Compromised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compromised")
            .field("corpus", &self.corpus.as_ref().map(|own| &own.path))
            .field("range_api", &self.range_api)
            .field("on_failure", &self.on_failure)
            .finish()
    }
}
