//! A server of one spec with an account and a good request, for the tests of vendors.

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

/// The password that the good requests set.
pub(crate) const NEW: &str = "a new one, and a good one";

/// A lockout policy with a threshold that no test reaches.
pub(crate) const NEVER_LOCKED_OUT: &str = "[lockout]\nthreshold = 100\n";

/// A lockout policy that locks an account out for ten minutes after the first failure.
pub(crate) const SOON_LOCKED_OUT: &str = "[lockout]\nthreshold = 1\ninitial_delay = '10m'\n";

/// A lockout policy that locks an account out for ten minutes after the third failure.
pub(crate) const LOCKED_OUT_FOR_LONG: &str = "[lockout]\ninitial_delay = '10m'\n";

/// Slow hashes, one hashing thread and a queue of one, so that 16 requests at once overload the
/// server.
pub(crate) const EASILY_OVERLOADED: &str =
    "[lockout]\nthreshold = 100\n[hashing]\nprofile = 'rfc-9106-second'\nthreads = 1\nqueue = 1\n";

/// A policy that accepts any password after any other, for tests with many changes.
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

    /// Sends the good request many times at once, asserts that exactly one changes the password,
    /// and returns the answers to the others.
    pub(crate) async fn losers_of_one_change(&self) -> Vec<Answer> {
        let answers = self.flood(&self.good, 12).await;
        let (made, others): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(made.len(), 1);
        assert!(self.is_password(NEW).await);
        others
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

    /// Sends the same request `count` times at once.
    pub(crate) async fn flood(&self, wire: &Wire, count: usize) -> Vec<Answer> {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (client, wire) = (self.client.clone(), wire.clone());
            tasks.spawn(async move { wire.send(&client).await });
        }
        tasks.join_all().await
    }

    /// Returns whether `password` is the account's present password.
    pub(crate) async fn is_password(&self, password: &str) -> bool {
        self.operator.is_password(self.spec, self.user_id, password).await
    }

    /// Returns the account's number of failures in a row.
    pub(crate) async fn failures(&self) -> u32 {
        self.failures_of(self.user_id).await
    }

    pub(crate) async fn failures_of(&self, user_id: &str) -> u32 {
        let realm = self.operator.realm(self.spec);
        self.operator.administration.show_account(&realm, user_id).await.unwrap().1.failures
    }

    /// Asserts that the account still has its first password, and that no failure was counted.
    pub(crate) async fn assert_untouched(&self) {
        assert!(self.is_password(FIRST_PASSWORD).await, "the password was changed");
        assert_eq!(self.failures().await, 0, "a failure was counted");
    }

    /// Returns the newest audit record of an attempt to change or reset a password.
    pub(crate) async fn last_attempt(&self) -> AuditRecord {
        let trail = self.operator.audit().await;
        let is_attempt = |record: &AuditRecord| {
            ["password.change", "password.reset"].contains(&record.action.as_str())
        };
        trail.into_iter().find(is_attempt).expect("an attempt")
    }

    /// Returns whether the database has an access token as not revoked.
    pub(crate) async fn counts(&self, token: &str) -> bool {
        let digest = TokenDigest::from_secret(&Plaintext::from(token));
        let held = self.operator.store.access_token(&digest).await.unwrap().expect("a token");
        held.token.revoked_at.is_none()
    }

    /// Returns the operator's administration with a clock that is `ago` behind.
    pub(crate) fn operator_of_the_past(&self, ago: Duration) -> Administration {
        let ago = SignedDuration::try_from(ago).unwrap();
        self.operator
            .engine(self.server.database().key())
            .clock(Arc::new(ManualClock::new(now() - ago)))
            .build()
            .administration()
            .clone()
    }

    /// Returns values of `Authorization` that are refused, each with the reason.
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

    /// Returns keys that are refused where one of `kind` is required, each with the reason.
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

    /// Returns the value of a header of the good request.
    pub(crate) fn good_header(&self, name: &str) -> &str {
        let header = self.good.headers.iter().find(|(own, _)| own == name);
        &header.expect("the header").1
    }

    /// Renames `table` while `during` runs, so that the server does not find it.
    pub(crate) async fn without_table<T>(&self, table: &str, during: impl Future<Output = T>) -> T {
        let (database, elsewhere) = (self.server.database(), format!("{table}_renamed"));
        database.rename_table(table, &elsewhere).await;
        let result = during.await;
        database.rename_table(&elsewhere, table).await;
        result
    }

    /// Floods an [`EASILY_OVERLOADED`] server with `wrong` guesses until it answers some by 503,
    /// and returns these answers. All others must have the status `verified`.
    ///
    /// The server must have hashed the account's password: only then is the hash slow to verify.
    pub(crate) async fn overload(&self, wrong: &Wire, verified: u16) -> Vec<Answer> {
        let mut failures = self.failures().await;
        for _ in 0..5 {
            let answers = self.flood(wrong, 16).await;
            let (busy, others): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 503);
            for answer in &others {
                assert_eq!(answer.status, verified, "{}", answer.text());
            }
            failures += u32::try_from(others.len()).unwrap();
            assert_eq!(self.failures().await, failures, "each verified guess and no other counts");
            if !busy.is_empty() {
                return busy;
            }
        }
        panic!("one thread and one place in the queue were enough for 16 requests at once");
    }
}

impl Wire {
    /// Returns the same request with members of the body changed.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let mut body = serde_json::from_str(&self.body).unwrap();
        change(&mut body);
        Self { body: body.to_string(), ..self.clone() }
    }
}

/// Asserts the answer of an account that is locked out for at most ten minutes.
#[track_caller]
pub(crate) fn assert_locked_out(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
    answer.assert_common_headers();
}

/// Asserts the status, content type and body of an answer.
#[track_caller]
pub(crate) fn assert_bytes(answer: &Answer, status: u16, content_type: &str, body: &str) {
    assert_eq!((answer.status.as_u16(), answer.text()), (status, body));
    assert_eq!(answer.header("content-type"), content_type);
    assert_eq!(answer.header("content-length"), body.len().to_string());
    answer.assert_common_headers();
}

/// Returns the present time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}
