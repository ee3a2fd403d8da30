use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use repass_core::{Engine, Peppers, Policy, Realm};

/// Options of the [`AdminApi`](crate::AdminApi).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The policies of realms that differ from that of the engine.
    pub policies: BTreeMap<Realm, Policy>,
    /// Whether keys with the scope `passwords:set` may set passwords. ASVS 6.4.6 advises against
    /// it: an operator who sets a password knows it. `false` by default.
    pub allow_setting_passwords: bool,
    /// Whether a sign-in reports that the policy would refuse the password (`must_change`). `false`
    /// by default.
    pub evaluate_at_sign_in: bool,
    /// The longest lifetime of access tokens; 30 days by default.
    pub max_token_lifetime: Duration,
    /// The most reset links that an account gets by mail in an hour; 5 by default.
    pub resets_per_hour: u32,
    /// The time-out of the whole body of a call, imports excepted; 10 seconds by default.
    pub body_timeout: Duration,
    /// Whether the server sends mails with reset links.
    pub mails_resets: bool,
    /// The name of the service in authenticator apps.
    pub issuer: String,
    /// The known pepper keys, for imports. A server does not start if a stored hash needs an
    /// unknown one.
    pub peppers: Arc<Peppers>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policies: BTreeMap::new(),
            allow_setting_passwords: false,
            evaluate_at_sign_in: false,
            max_token_lifetime: Duration::from_secs(30 * 24 * 60 * 60),
            resets_per_hour: 5,
            body_timeout: Duration::from_secs(10),
            mails_resets: false,
            issuer: "repass".to_owned(),
            peppers: Arc::new(Peppers::none()),
        }
    }
}

/// The state of all handlers.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) options: Arc<Options>,
    /// All running calls, including those whose clients have disconnected.
    pub(crate) tasks: TaskTracker,
}
