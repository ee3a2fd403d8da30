use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{CompromisedRule, ContextWords, Plaintext, Policy, PolicyContext, Violation};

/// The port that knows passwords from breaches (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.12).
///
/// The engine asks it about a new password before the hash, and about the password of a sign-in that
/// is [evaluated](crate::SignIn::evaluated), unless the policy has the rule
/// [off](crate::CompromisedRule::Off).
#[async_trait]
pub trait CompromisedPasswords: Send + Sync + fmt::Debug {
    /// Returns how often `candidate` was seen in breaches, at least; `None` if it was not seen. A
    /// look-up that blocks must not run on the calling thread.
    ///
    /// # Errors
    /// When the source cannot be asked. The engine then refuses a new password as unavailable; a
    /// sign-in succeeds without this part of its evaluation. A port whose operator prefers to accept
    /// such passwords returns `None` instead.
    async fn seen(&self, candidate: &Arc<Plaintext>)
    -> Result<Option<u64>, CompromisedUnavailable>;
}

/// The source of compromised passwords cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the compromised passwords cannot be looked up")]
pub struct CompromisedUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Policy {
    /// Returns what the policy refuses in a password that is not set. `source` is asked only if the
    /// policy [refuses](CompromisedRule::Refuse) passwords from breaches, since its answer counts for
    /// no other rule.
    ///
    /// # Errors
    /// When the source cannot be asked.
    pub async fn evaluate_with(
        &self,
        candidate: &Arc<Plaintext>,
        words: ContextWords<'_>,
        source: Option<&dyn CompromisedPasswords>,
    ) -> Result<Vec<Violation>, CompromisedUnavailable> {
        let seen_in_breaches = match source {
            Some(source) if self.rules().compromised == CompromisedRule::Refuse => {
                source.seen(candidate).await?
            }
            _ => None,
        };
        let context = PolicyContext { words, seen_in_breaches, ..PolicyContext::default() };
        Ok(self.evaluate(candidate, &context))
    }
}
