//! The metrics, which the admin listener serves.
//!
//! Requests are counted as they end, and connections while they are open. All other values are read
//! from the parts of the server at each scrape.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Response, header};
use jiff::Timestamp;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use repass_compromised::{Compromised, CompromisedStatus};
use repass_config::tls::Tls;
use repass_core::{
    Argon2idHasher, Backlog, Clock, Engine, EngineStatus, HasherStatus, OperationStatus,
    StoreStatus, SystemClock,
};
use repass_http::{Outcome, PasswordService};
use repass_outbox::{DeliveryCounts, OutboxDispatcher};
use repass_store::Store;

use crate::logging::LostLines;

/// The longest wait for the store at a scrape. Without its answer, the values of the outbox are
/// left out.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);

/// The upper bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

type Labels = Vec<(&'static str, String)>;

/// The counts of requests and connections.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
    /// Shared with each open connection.
    connections: Arc<()>,
    /// The largest number of them since it was last read.
    most_connections: AtomicUsize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            connections: Arc::default(),
            most_connections: AtomicUsize::default(),
        }
    }
}

impl Metrics {
    /// Begins to count a request.
    pub(crate) fn request(self: &Arc<Self>) -> MeasuredRequest {
        let metrics = Arc::clone(self);
        MeasuredRequest { metrics, started: Instant::now(), is_answered: false }
    }

    /// Counts a connection until the returned value is dropped.
    pub(crate) fn connection(&self) -> Arc<()> {
        let connection = Arc::clone(&self.connections);
        self.most_connections.fetch_max(self.open_connections(), Ordering::Relaxed);
        connection
    }

    /// Returns the number of open connections.
    pub(crate) fn open_connections(&self) -> usize {
        Arc::strong_count(&self.connections) - 1
    }

    /// Returns the largest number of open connections since the last call.
    pub(crate) fn take_most_connections(&self) -> usize {
        self.most_connections.swap(self.open_connections(), Ordering::Relaxed)
    }

    fn count(&self, api: &str, outcome: &str, status: &str, took: Duration) {
        let api = ("api", api.to_owned());
        self.durations.get_or_create(&vec![api.clone()]).observe(took.as_secs_f64());
        let labels = vec![api, ("outcome", outcome.to_owned()), ("status", status.to_owned())];
        self.requests.get_or_create(&labels).inc();
    }
}

/// A request. If it is dropped without an answer, the client has disconnected.
pub(crate) struct MeasuredRequest {
    metrics: Arc<Metrics>,
    started: Instant,
    is_answered: bool,
}

impl MeasuredRequest {
    /// Counts the answer.
    pub(crate) fn answered<B>(mut self, response: &Response<B>) {
        self.is_answered = true;
        let (api, outcome) = outcome(response);
        let status = response.status();
        self.metrics.count(api, outcome, status.as_str(), self.started.elapsed());
    }
}

/// Returns the API of an answer, empty if there is none, and its outcome.
pub(crate) fn outcome<B>(response: &Response<B>) -> (&str, &'static str) {
    match response.extensions().get::<Outcome>() {
        // No API has the path.
        Some(Outcome { code: "not-found", .. }) => ("", "not-found"),
        Some(outcome) => (outcome.api.as_str(), outcome.code),
        None => match response.extensions().get::<repass_admin_api::Outcome>() {
            Some(repass_admin_api::Outcome(outcome)) => ("admin", *outcome),
            None => match response.extensions().get::<repass_pages::Outcome>() {
                Some(outcome) => ("pages", outcome.code),
                None => ("", "invalid-head"),
            },
        },
    }
}

impl Drop for MeasuredRequest {
    fn drop(&mut self) {
        if !self.is_answered {
            self.metrics.count("", "disconnected", "", self.started.elapsed());
        }
    }
}

/// The parts of the server whose values are read at each scrape.
pub(crate) struct Sources {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) service: PasswordService,
    pub(crate) engine: Engine,
    pub(crate) hasher: Arc<Argon2idHasher>,
    pub(crate) compromised: Option<Arc<Compromised>>,
    pub(crate) store: Store,
    pub(crate) dispatcher: Option<Arc<OutboxDispatcher>>,
    /// By the key of the listener.
    pub(crate) tls: Vec<(&'static str, Arc<Tls>)>,
    pub(crate) lost_log_lines: Arc<LostLines>,
}

impl Sources {
    /// Answers a scrape.
    pub(crate) async fn scrape(&self, headers: &HeaderMap) -> Result<Response<String>, fmt::Error> {
        let registry = self.read().await.registry(&self.metrics);
        let mut body = String::new();
        let content_type = if accepts_openmetrics(headers) {
            text::encode(&mut body, &registry)?;
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            prometheus_text::encode(&mut body, &registry)?;
            "text/plain; version=0.0.4; charset=utf-8"
        };
        let mut answer = Response::new(body);
        let content_type = HeaderValue::from_static(content_type);
        answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
        Ok(answer)
    }

    async fn read(&self) -> Values {
        let ports = self.store.ports();
        let backlog = match &self.dispatcher {
            Some(_) => tokio::time::timeout(STORE_TIMEOUT, ports.backlog()).await,
            // Without a channel, all events are pending until they are deleted.
            None => Ok(Ok(Backlog::default())),
        };
        let expiry = |(listener, tls): &(_, Arc<Tls>)| Some((*listener, tls.expires()?));
        Values {
            waiting_changes: self.service.waiting_changes(),
            engine: self.engine.status(),
            hasher: self.hasher.status(),
            compromised: self.compromised.as_ref().map(|own| own.status()),
            store: self.store.status(),
            backlog: backlog.ok().and_then(Result::ok),
            deliveries: self.dispatcher.as_ref().map(|own| own.counts()).unwrap_or_default(),
            certificates: self.tls.iter().filter_map(expiry).collect(),
            lost_log_lines: self.lost_log_lines.total(),
            now: SystemClock.now(),
        }
    }
}

/// Prometheus accepts both formats, and prefers OpenMetrics.
fn accepts_openmetrics(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    accept.contains("application/openmetrics-text") || !accept.contains("text/plain")
}

/// The values of one scrape.
struct Values {
    waiting_changes: usize,
    engine: EngineStatus,
    hasher: HasherStatus,
    /// `None` without a source.
    compromised: Option<CompromisedStatus>,
    store: StoreStatus,
    backlog: Option<Backlog>,
    deliveries: BTreeMap<&'static str, DeliveryCounts>,
    certificates: Vec<(&'static str, Timestamp)>,
    lost_log_lines: u64,
    now: Timestamp,
}

impl Values {
    fn registry(&self, metrics: &Metrics) -> Registry {
        let mut registry = Registry::with_prefix("repass");
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        registry.register("build", "The running version", Info::new(version));
        registry.register(
            "requests",
            "Requests, by API, outcome as in the log, and status. `api` is empty if no API has the path; the outcome \
             is also `invalid-head`, or `disconnected` if the client did not wait for the answer",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "The time from the head of a request to its answer",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        let connections = gauge(metrics.open_connections());
        registry.register("connections", "Open connections to the APIs", connections);
        registry.register(
            "waiting_changes",
            "Changes that wait for their turn",
            gauge(self.waiting_changes),
        );
        let lost = ConstCounter::new(self.lost_log_lines);
        registry.register("log_lines_lost", "Log lines that could not be written", lost);
        self.engine(&mut registry);
        self.hasher(&mut registry);
        self.compromised(&mut registry);
        self.store(&mut registry);
        self.outbox(&mut registry);
        let expiry = Family::<Labels, Gauge>::default();
        for (listener, expires) in &self.certificates {
            let listener = vec![("listener", (*listener).to_owned())];
            expiry.get_or_create(&listener).set(expires.as_second());
        }
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the certificate of a listener expires, in Unix time",
            Unit::Seconds,
            expiry,
        );
        registry
    }

    fn engine(&self, registry: &mut Registry) {
        let verifications =
            counters(self.engine.verifications.iter().map(|(&(family, result), count)| {
                ([("family", family), ("result", result)], *count)
            }));
        registry.register(
            "verifications",
            "Comparisons of a password with a stored hash, old passwords of the history and the dummy hash included; \
             the result is `match`, `mismatch` or `unverifiable`",
            verifications,
        );
        registry.register(
            "rehashes",
            "Stored hashes that were replaced without a change of the password",
            ConstCounter::new(self.engine.rehashes),
        );
        registry.register(
            "lockouts",
            "Failures that locked out an account, or an identifier without an account",
            ConstCounter::new(self.engine.lockouts),
        );
        let violations = self.engine.violations.iter();
        let violations = counters(violations.map(|(code, count)| ([("code", *code)], *count)));
        let help = "Rules of the policy that a new password broke";
        registry.register("policy_violations", help, violations);
    }

    fn compromised(&self, registry: &mut Registry) {
        let Some(status) = self.compromised else { return };
        let results =
            [("found", status.found), ("not-found", status.not_found), ("failed", status.failed)];
        let lookups =
            counters(results.into_iter().map(|(result, count)| ([("result", result)], count)));
        let help = "Look-ups of new passwords among those from breaches; the result is `found`, \
                    `not-found` or `failed`";
        registry.register("compromised_lookups", help, lookups);
    }

    fn hasher(&self, registry: &mut Registry) {
        let status = &self.hasher;
        for (name, help, value) in [
            ("hasher_threads", "Hashing threads", status.threads),
            ("hasher_running", "Hashes that are computed", status.running),
            ("hasher_queue", "Hashes that wait for a thread", status.waiting),
        ] {
            registry.register(name, help, gauge(value));
        }
        let jobs = status.jobs.iter().flat_map(|(&(class, family), counts)| {
            let labels = |result| [("class", class), ("family", family), ("result", result)];
            [
                (labels("completed"), counts.completed),
                (labels("refused"), counts.refused),
                (labels("late"), counts.late),
                (labels("abandoned"), counts.abandoned),
            ]
        });
        registry.register(
            "hasher_jobs",
            "Hashes that were `completed`, `refused` as the queue was full, `late` for `hashing.deadline`, or \
             `abandoned` while they waited. `class` is `large` for a stored hash that needs more memory than a thread \
             has, of which one is computed at a time, and else `normal`",
            counters(jobs),
        );
        let (run, wait) = <(Family<Labels, Counter<f64>>, Family<_, Counter<f64>>)>::default();
        for (&(class, family), counts) in &status.jobs {
            let labels = vec![("class", class.to_owned()), ("family", family.to_owned())];
            run.get_or_create(&labels).inc_by(counts.run_time.as_secs_f64());
            wait.get_or_create(&labels).inc_by(counts.wait_time.as_secs_f64());
        }
        for (name, help, times) in [
            ("hasher_run", "The total duration of computed hashes", run),
            ("hasher_wait", "The total wait for a hashing thread", wait),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, times);
        }
    }

    fn store(&self, registry: &mut Registry) {
        let StoreStatus { reads, writes, connections, .. } = self.store;
        let operations = [("read", reads), ("write", writes)].map(|(operation, status)| {
            let OperationStatus { count, failures, .. } = status;
            let labels = |result| [("operation", operation), ("result", result)];
            [(labels("ok"), count.saturating_sub(failures)), (labels("failed"), failures)]
        });
        let operations = counters(operations.into_iter().flatten());
        let seconds = Family::<Labels, Counter<f64>>::default();
        for (operation, status) in [("read", reads), ("write", writes)] {
            let operation = vec![("operation", operation.to_owned())];
            seconds.get_or_create(&operation).inc_by(status.time.as_secs_f64());
        }
        registry.register(
            "store_operations",
            "Operations of the database, `read` or `write`: on PostgreSQL round trips, on SQLite transactions. A try \
             that is repeated is `failed` too",
            operations,
        );
        let help = "The total duration of operations of the database";
        registry.register_with_unit("store_operation", help, Unit::Seconds, seconds);
        if let Some((used, max)) = connections {
            let help = "Connections to PostgreSQL that are in use";
            registry.register("store_connections_used", help, gauge(used));
            let help = "The largest number of connections to PostgreSQL";
            registry.register("store_connections_max", help, gauge(max));
        }
    }

    fn outbox(&self, registry: &mut Registry) {
        if let Some(Backlog { pending, oldest }) = self.backlog {
            let age = oldest.map_or(0.0, |at| self.now.duration_since(at).as_secs_f64().max(0.0));
            let help = "Events that wait for delivery, by all nodes; 0 if no channel is configured";
            registry.register("outbox_pending", help, ConstGauge::new(pending));
            let help = "The age of the oldest event that waits for delivery";
            registry.register_with_unit(
                "outbox_oldest_age",
                help,
                Unit::Seconds,
                ConstGauge::new(age),
            );
        }
        let deliveries = self.deliveries.iter().flat_map(|(channel, counts)| {
            let labels = |result| [("channel", *channel), ("result", result)];
            [
                (labels("delivered"), counts.delivered),
                (labels("failed"), counts.failed),
                (labels("given-up"), counts.given_up),
            ]
        });
        let help = "Tries to deliver an event, by this node: `delivered`, `failed` or `given-up`";
        registry.register("deliveries", help, counters(deliveries));
    }
}

/// Returns counters with these labels and values.
fn counters<'a, const N: usize>(
    values: impl IntoIterator<Item = ([(&'static str, &'a str); N], u64)>,
) -> Family<Labels, Counter> {
    let counters = Family::<Labels, Counter>::default();
    for (labels, count) in values {
        let labels = labels.map(|(name, value)| (name, value.to_owned())).to_vec();
        counters.get_or_create(&labels).inc_by(count);
    }
    counters
}

fn gauge(value: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
