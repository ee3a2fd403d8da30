//! One spec, one server, one account with its good request: what the vendors' suites start from.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use repass_core::{
    Administration, AuditRecord, Clock, KeyKind, Plaintext, SystemClock, TokenDigest,
};
use repass_testkit::ManualClock;
use repass_tests::{AdminContext, Answer, Client, FIRST_PASSWORD, Server, ServerBuilder};
use tokio::task::JoinSet;

use crate::requests::{GUID, Wire, good_request};

/// What every account's password is changed to.
pub(crate) const NEW: &str = "a new one, and a good one";

/// Attempts that never close an account, for suites of many wrong guesses.
pub(crate) const NEVER_LOCKED_OUT: &str = "[lockout]\nthreshold = 100\n";

/// Attempts that close an account for long after the first failure.
pub(crate) const SOON_LOCKED_OUT: &str = "[lockout]\nthreshold = 1\ninitial_delay = '10m'\n";

/// Costly hashes for few, so that a handful of requests at once are too many.
pub(crate) const EASILY_OVERLOADED: &str =
    "[lockout]\nthreshold = 100\n[hashing]\nprofile = 'rfc-9106-second'\nthreads = 1\nqueue = 1\n";

/// The policy under which any password may follow any other, for suites of many successes.
pub(crate) const ANY_PASSWORD: &str = "[policy]\npreset = 'vendor-fabric'\n";

/// A server of one spec, with an account and the good request that changes its password to [`NEW`].
pub(crate) struct TestContext {
    pub(crate) server: Server,
    pub(crate) operator: AdminContext,
    pub(crate) client: Client,
    pub(crate) spec: &'static str,
    pub(crate) user_id: &'static str,
    pub(crate) good: Wire,
}

impl TestContext {
    pub(crate) async fn start(spec: &'static str) -> Self {
        Self::open(spec, Server::builder()).await
    }

    pub(crate) async fn open(spec: &'static str, builder: ServerBuilder) -> Self {
        let user_id = match spec {
            "ecom" => "ram123@gmail.com",
            "etna" => "1001",
            "zap" => "43af9a8989ffb63cc9cdd0537",
            "customer" => GUID,
            "fabric" => "6169b2d892a5f30009d76480",
            other => panic!("no test for {other}"),
        };
        let server = builder.only(spec).start().await;
        let operator = server.operator().await;
        let good = good_request(&operator, spec, NEW).await;
        let client = server.client();
        Self { server, operator, client, spec, user_id, good }
    }

    pub(crate) async fn send(&self, wire: &Wire) -> Answer {
        wire.send(&self.client).await
    }

    /// Sends the good request with another body.
    pub(crate) async fn send_body(&self, body: &str) -> Answer {
        self.good.send_body(&self.client, body.as_bytes().to_vec()).await
    }

    /// Sends the good request by another method.
    pub(crate) async fn send_as(&self, method: Method) -> Answer {
        self.send(&Wire { method, ..self.good.clone() }).await
    }

    /// Sends the good request to another path.
    pub(crate) async fn send_to(&self, path: &str) -> Answer {
        self.send(&Wire { path: path.to_owned(), ..self.good.clone() }).await
    }

    /// Sends the same request so many times at once.
    pub(crate) async fn flood(&self, wire: &Wire, count: usize) -> Vec<Answer> {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (client, wire) = (self.client.clone(), wire.clone());
            tasks.spawn(async move { wire.send(&client).await });
        }
        tasks.join_all().await
    }

    /// Whether this is the password of the account now.
    pub(crate) async fn is_password(&self, password: &str) -> bool {
        self.operator.is_password(self.spec, self.user_id, password).await
    }

    /// Failures in a row that the account is charged with.
    pub(crate) async fn failures(&self) -> u32 {
        self.failures_of(self.user_id).await
    }

    pub(crate) async fn failures_of(&self, user_id: &str) -> u32 {
        let realm = self.operator.realm(self.spec);
        self.operator.administration.show_account(&realm, user_id).await.unwrap().1.failures
    }

    /// Asserts that the account's password is the first one still, and that no try was charged.
    pub(crate) async fn assert_untouched(&self) {
        assert!(self.is_password(FIRST_PASSWORD).await, "the password was changed");
        assert_eq!(self.failures().await, 0, "a try was charged");
    }

    /// The newest record of a try to change or reset a password.
    pub(crate) async fn last_attempt(&self) -> AuditRecord {
        let trail = self.operator.audit().await;
        let is_attempt = |record: &AuditRecord| {
            ["password.change", "password.reset"].contains(&record.action.as_str())
        };
        trail.into_iter().find(is_attempt).expect("a try")
    }

    /// Whether an access token counts, asked of the database.
    pub(crate) async fn counts(&self, token: &str) -> bool {
        let digest = TokenDigest::of(&Plaintext::from(token));
        let held = self.operator.store.access_token(&digest).await.unwrap().expect("a token");
        held.token.revoked_at.is_none()
    }

    /// The operator's admin context as it was so long ago.
    pub(crate) fn operator_of_the_past(&self, ago: Duration) -> Administration {
        let ago = SignedDuration::try_from(ago).unwrap();
        self.operator
            .engine(self.server.database().key())
            .clock(Arc::new(ManualClock::new(now() - ago)))
            .build()
            .administration()
            .clone()
    }

    /// Values of `Authorization` that no access token stands in, with what is wrong with each.
    pub(crate) async fn bad_tokens(&self) -> Vec<(&'static str, Option<String>)> {
        let operator = &self.operator;
        let (own, hour) = (operator.realm(self.spec), Duration::from_secs(3600));
        let good = self.good_header("authorization").to_owned();
        let secret = good.trim_start_matches("Bearer ").to_owned();

        let past = self.operator_of_the_past(2 * hour);
        let expired = past.issue_token(&own, self.user_id, vec![], hour).await.unwrap().1;
        let issued = operator.administration.issue_token(&own, self.user_id, vec![], hour).await;
        let (token, revoked) = issued.unwrap();
        operator.administration.revoke_token(token.id).await.unwrap();
        operator.add("elsewhere", self.user_id).await;
        let of_other_realm = operator.token("elsewhere", self.user_id, &["admin"]).await;
        operator.add(self.spec, "77").await;
        let of_inactive = operator.token(self.spec, "77", &["admin"]).await;
        operator.administration.set_active(&own, "77", false).await.unwrap();
        let key = operator.key(self.spec, KeyKind::Service).await;

        let bearer = |secret: &str| Some(format!("Bearer {secret}"));
        vec![
            ("missing", None),
            ("empty", Some(String::new())),
            ("only a scheme", Some("Bearer".to_owned())),
            ("another scheme", Some(format!("Basic {secret}"))),
            ("no scheme", Some(secret.clone())),
            ("two tokens", bearer(&format!("{secret} {secret}"))),
            ("unknown", bearer(&"x".repeat(43))),
            ("cut short", bearer(&secret[..42])),
            ("in another case", bearer(&swap_case(&secret))),
            ("expired", bearer(expired.expose())),
            ("revoked", bearer(revoked.expose())),
            ("of another realm", bearer(&of_other_realm)),
            ("of an inactive account", bearer(&of_inactive)),
            ("a key", bearer(&key)),
        ]
    }

    /// Keys that do not count as one of `kind`, with what is wrong with each.
    pub(crate) async fn bad_keys(&self, kind: KeyKind) -> Vec<(&'static str, String)> {
        let operator = &self.operator;
        let own = operator.realm(self.spec);
        let (key, revoked) = operator.administration.issue_key(&own, kind, "old").await.unwrap();
        operator.administration.revoke_key(key.id).await.unwrap();
        let other_kind = KeyKind::ALL.into_iter().find(|other| *other != kind).unwrap();
        vec![
            ("unknown", "x".repeat(43)),
            ("revoked", revoked.expose().to_owned()),
            ("of another kind", operator.key(self.spec, other_kind).await),
            ("of another realm", operator.key("elsewhere", kind).await),
            ("an access token", operator.token(self.spec, self.user_id, &["admin"]).await),
        ]
    }

    /// The value of a header of the good request.
    pub(crate) fn good_header(&self, name: &str) -> &str {
        let header = self.good.headers.iter().find(|(own, _)| own == name);
        &header.expect("the header").1
    }

    /// Makes the database lack `table` while `during` runs; then it is whole again.
    pub(crate) async fn without_table<T>(&self, table: &str, during: impl Future<Output = T>) -> T {
        let (database, elsewhere) = (self.server.database(), format!("{table}_renamed"));
        database.rename_table(table, &elsewhere).await;
        let result = during.await;
        database.rename_table(&elsewhere, table).await;
        result
    }

    /// Floods a [`EASILY_OVERLOADED`] server with `wrong` guesses until some found no room, and gives those
    /// answers. All others must have the status `verified`.
    ///
    /// The account's password must be hashed by the server already, for only then is it costly.
    pub(crate) async fn overload(&self, wrong: &Wire, verified: u16) -> Vec<Answer> {
        let mut charged = self.failures().await;
        for _ in 0..5 {
            let answers = self.flood(wrong, 16).await;
            let (busy, others): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 503);
            for answer in &others {
                assert_eq!(answer.status, verified, "{}", answer.text());
            }
            charged += u32::try_from(others.len()).unwrap();
            assert_eq!(
                self.failures().await,
                charged,
                "each verified guess and no other is charged"
            );
            if !busy.is_empty() {
                return busy;
            }
        }
        panic!("one thread and one place in the queue were enough for 16 requests at once");
    }
}

impl Wire {
    /// The same with members of the body changed.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let mut body = serde_json::from_str(&self.body).unwrap();
        change(&mut body);
        Self { body: body.to_string(), ..self.clone() }
    }
}

/// Asserts that an account is closed for a while, and says so in seconds.
#[track_caller]
pub(crate) fn assert_locked_out(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
    answer.assert_common_headers();
}

/// Asserts status, type and bytes of an answer.
#[track_caller]
pub(crate) fn assert_bytes(answer: &Answer, status: u16, content_type: &str, body: &str) {
    assert_eq!((answer.status.as_u16(), answer.text()), (status, body));
    assert_eq!(answer.header("content-type"), content_type);
    assert_eq!(answer.header("content-length"), body.len().to_string());
    answer.assert_common_headers();
}

/// The present moment.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}
