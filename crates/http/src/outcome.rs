use repass_core::{AccountId, Realm};

/// The outcome of a request, as an extension of every response, for an application's own logs and
/// metrics. The status is not enough: some vendors answer errors with 200.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The mount's name.
    pub api: String,
    /// The vendor.
    pub vendor: &'static str,
    /// The realm that the mount serves.
    pub realm: Realm,
    /// The template of the path with the mount's prefix, if the request was routed.
    pub route: Option<String>,
    /// As in the log; see the front page of this crate.
    pub code: &'static str,
    /// The account that the request named, if it was found. Do not disclose it to callers.
    pub account: Option<AccountId>,
}
