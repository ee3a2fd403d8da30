use repass_core::{AccountId, Realm};

/// What became of a request: an extension of every response, for an application's own log lines and
/// metrics. Some vendors answer 200 whatever happened, so the status does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The mount's name.
    pub api: String,
    /// The vendor.
    pub vendor: &'static str,
    /// The realm that the mount serves.
    pub realm: Realm,
    /// As in the log; see the front page of this crate.
    pub code: &'static str,
    /// The account that the request named, if it was found. Do not tell callers.
    pub account: Option<AccountId>,
}
