//! Clients that change passwords continuously, and checks of the database afterwards.

use std::sync::Arc;

use http::Method;
use repass_tests::{AdminContext, Client, FIRST_PASSWORD};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::in_time;
use crate::requests::{CUSTOMER, JSON, Outcome, customer_body, outcome};

const LANES: usize = 8;

/// The length of the history under the default policy.
const HISTORY: i64 = 5;

/// Clients that change the passwords of their accounts again and again.
pub(super) struct Load {
    lanes: JoinSet<Lane>,
    tally: watch::Receiver<Vec<Tally>>,
    stop: watch::Sender<bool>,
}

/// Counts of the outcomes for one client.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// Changes that were made.
    pub(super) acknowledged: u64,
    /// Answers that the service is not available.
    pub(super) refused: u64,
    /// Connections that broke.
    pub(super) broken: u64,
}

/// A client and the state that it expects.
pub(super) struct Lane {
    user: String,
    /// The possible passwords: the last acknowledged one, then those whose changes were not
    /// acknowledged, oldest first.
    candidates: Vec<String>,
    tally: Tally,
}

impl Load {
    /// Adds the accounts and starts the clients, which send to these servers in turn.
    pub(super) async fn start(operator: &AdminContext, servers: Vec<Client>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, tally) = watch::channel(vec![Tally::default(); LANES]);
        let tell = Arc::new(tell);
        let mut lanes = JoinSet::new();
        for number in 0..LANES {
            let user = format!("00000000-0000-4000-8000-00000000000{number}");
            operator.add("customer", &user).await;
            let candidates = vec![FIRST_PASSWORD.to_owned()];
            let lane = Lane { user, candidates, tally: Tally::default() };
            let (servers, stopped, tell) = (servers.clone(), stopped.clone(), Arc::clone(&tell));
            lanes.spawn(async move {
                let told = |tally| tell.send_modify(|all| all[number] = tally);
                lane.run(&servers, &stopped, told).await
            });
        }
        Self { lanes, tally, stop }
    }

    /// Waits until what `of` counts has grown by so much for every client.
    pub(super) async fn each(&mut self, more: u64, of: fn(&Tally) -> u64) {
        let before = self.tally.borrow().clone();
        let each = |now: &Vec<Tally>| {
            now.iter().zip(&before).all(|(now, before)| of(now) >= of(before) + more)
        };
        let waited = in_time("each client's progress", self.tally.wait_for(each)).await;
        waited.expect("no client panics");
    }

    /// Waits until one more change of any client is acknowledged.
    pub(super) async fn one(&mut self) {
        let sum = |all: &Vec<Tally>| all.iter().map(|tally| tally.acknowledged).sum::<u64>();
        let before = sum(&self.tally.borrow());
        let waited = self.tally.wait_for(|now| sum(now) > before);
        in_time("any progress", waited).await.expect("no client panics");
    }

    pub(super) async fn stop(self) -> Vec<Lane> {
        self.stop.send_replace(true);
        in_time("the clients' end", self.lanes.join_all()).await
    }
}

impl Lane {
    async fn run(
        mut self,
        servers: &[Client],
        stopped: &watch::Receiver<bool>,
        told: impl Fn(Tally),
    ) -> Self {
        for (n, server) in servers.iter().cycle().enumerate() {
            if *stopped.borrow() {
                break;
            }
            let next = format!("password number {n} of this one");
            let body = customer_body(&self.user, &self.candidates[0], &next);
            match server.try_send(Method::POST, CUSTOMER, &[JSON], body).await {
                Err(_) => {
                    self.tally.broken += 1;
                    self.candidates.push(next);
                }
                Ok(answer) if answer.status == 503 => {
                    answer.assert_common_headers();
                    assert!(answer.json()["Message"].is_string(), "{}", answer.text());
                    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
                    self.tally.refused += 1;
                    self.candidates.push(next);
                }
                Ok(answer) => match outcome(&answer) {
                    Outcome::Changed => {
                        self.tally.acknowledged += 1;
                        self.candidates = vec![next];
                    }
                    // One of the changes that were not acknowledged was made.
                    Outcome::WrongPassword if self.candidates.len() > 1 => {
                        self.candidates.remove(0);
                    }
                    other => panic!("{other:?} for {}: {}", self.user, self.candidates.len()),
                },
            }
            told(self.tally);
        }
        self
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Asserts that every acknowledged change is stored, and that every stored change is
    /// complete: hash, version, history, audit trail and outbox agree.
    pub(super) async fn assert_whole(&self, operator: &AdminContext) {
        let mut current = 0;
        for candidate in &self.candidates {
            current += u32::from(operator.is_password("customer", &self.user, candidate).await);
        }
        assert_eq!(current, 1, "{}: one of {} candidates", self.user, self.candidates.len());

        let facts = format!(
            "SELECT CAST(a.version AS bigint),
                 (SELECT count(*) FROM @audit t WHERE t.account = a.id
                      AND t.action = 'password.change' AND t.outcome = 'ok'),
                 (SELECT count(*) FROM @events o WHERE o.account = a.id
                      AND o.kind = 'password.changed'),
                 (SELECT count(*) FROM @password_history h WHERE h.account = a.id),
                 (SELECT CAST(coalesce(max(h.version), 0) AS bigint)
                      FROM @password_history h WHERE h.account = a.id),
                 (SELECT count(*) FROM @password_history h
                      WHERE h.account = a.id AND h.hash = a.hash)
             FROM @accounts a
             WHERE a.realm = 'customer' AND a.user_id = '{}'",
            self.user
        );
        let facts = operator.database().sql().await.numbers(&facts).await;
        let [version, audited, told, kept, latest, doubled] = facts[..] else {
            panic!("{facts:?}")
        };
        let changes = version - 1;
        let acknowledged = i64::try_from(self.tally.acknowledged).unwrap();
        let unknown = i64::try_from(self.tally.refused + self.tally.broken).unwrap();
        assert!((acknowledged..=acknowledged + unknown).contains(&changes), "{changes}");
        assert_eq!(audited, changes, "the audit trail agrees with the version");
        assert_eq!(told, changes, "the outbox agrees with the version");
        assert_eq!(kept, changes.min(HISTORY), "the history agrees with the version");
        assert_eq!(latest, changes, "the history ends before the current hash");
        assert_eq!(doubled, 0, "the current hash is none of the history's");
    }
}
