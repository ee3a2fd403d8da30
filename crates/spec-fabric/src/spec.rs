use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::StatusCode;
use repass_core::{Realm, SignedTokenVerifier};
use repass_spec::{Head, Reply, RouteMatch, Spec, header, reply};
use serde_json::Value;

use crate::call::{CONTENT_TYPE, FabricCall, Site, failure};
use crate::{METHOD, PATH, SiteContext};

/// The fabric API.
///
/// A site account selects a realm. Without [accounts](Self::with_accounts) and a
/// [default](Self::with_default_realm), all site accounts have the realm of the mount.
#[derive(Debug, Clone, Default)]
pub struct FabricSpec {
    accounts: BTreeMap<String, Realm>,
    default_realm: Option<Realm>,
    signed_tokens: BTreeMap<Realm, Arc<dyn SignedTokenVerifier>>,
}

impl FabricSpec {
    /// Creates the API with one realm, that of the mount, and without signed tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the realms of site accounts ([24 letters and digits](crate::is_site_account)). Others
    /// are unknown, unless there is a [default](Self::with_default_realm).
    #[must_use]
    pub fn with_accounts(mut self, accounts: BTreeMap<String, Realm>) -> Self {
        self.accounts = accounts;
        self
    }

    /// Sets the realm of all site accounts that have no other.
    #[must_use]
    pub fn with_default_realm(mut self, realm: Realm) -> Self {
        self.default_realm = Some(realm);
        self
    }

    /// Accepts signed reset tokens for accounts of `realm`.
    ///
    /// A signed token names a user and no realm. Use a different issuer or audience for each realm,
    /// unless equal user ids are the same person in all of them.
    #[must_use]
    pub fn with_signed_tokens(
        mut self,
        realm: Realm,
        verifier: Arc<dyn SignedTokenVerifier>,
    ) -> Self {
        self.signed_tokens.insert(realm, verifier);
        self
    }

    /// Returns every realm that a request can select on a mount of the realm `mount`.
    pub fn realms(&self, mount: &Realm) -> BTreeSet<Realm> {
        let named: BTreeSet<Realm> =
            self.accounts.values().chain(&self.default_realm).cloned().collect();
        if named.is_empty() { BTreeSet::from([mount.clone()]) } else { named }
    }

    fn realm_for(&self, site_account: &str, mount: &Realm) -> Option<Realm> {
        match self.accounts.get(site_account).or(self.default_realm.as_ref()) {
            Some(realm) => Some(realm.clone()),
            None if self.accounts.is_empty() => Some(mount.clone()),
            None => None,
        }
    }

    fn site(&self, context: SiteContext, mount: &Realm) -> Site {
        let realm = self.realm_for(&context.account, mount);
        let verifier = realm.as_ref().and_then(|realm| self.signed_tokens.get(realm)).cloned();
        Site { account: context.account, channel: context.channel, realm, verifier }
    }
}

impl Spec for FabricSpec {
    fn name(&self) -> &'static str {
        "fabric"
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        let headers = &head.parts.headers;
        RouteMatch::at(head, METHOD, PATH, || FabricCall {
            api_key: header::secret(headers, "x-api-key"),
            site: SiteContext::read(headers).map(|context| self.site(context, head.realm)),
            is_json: header::media_type(headers).as_deref() == Some(CONTENT_TYPE),
        })
    }

    fn openapi(&self) -> Option<Value> {
        serde_json::from_str(include_str!("../openapi.json")).ok()
    }

    fn takes_access_tokens(&self) -> bool {
        false
    }

    fn not_found(&self, _: &Head<'_>) -> Reply {
        failure(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found.")
    }

    fn method_not_allowed(&self, _: &Head<'_>, allow: &str) -> Reply {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        reply::with_allow(failure(status, "METHOD_NOT_ALLOWED", "Method not allowed."), allow)
    }
}

#[cfg(test)]
mod tests;
