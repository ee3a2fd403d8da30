//! `[server]`.

use std::num::NonZeroUsize;
use std::time::Duration;

use validator::Validate;

use super::KeyError;
use super::checked::{at_least_one, delay, timeout};
use super::raw::RawServer;

/// The limits for connections and requests.
#[derive(Debug, Clone, Validate)]
pub struct ServerLimits {
    /// The largest number of connections, 1 to 100,000.
    #[validate(range(min = 1, max = 100_000, message = "must be 1 to 100000"))]
    pub max_connections: u32,
    /// The largest number of connections of one client.
    #[validate(range(min = 1, max = 100_000, message = "must be 1 to 100000"))]
    pub max_connections_per_client: u32,
    /// The largest number of changes that run at one time, 1 to 100,000.
    pub concurrent_changes: NonZeroUsize,
    /// The time-out for the head of a connection's first request.
    pub header_timeout: Duration,
    /// The time-out for a whole body.
    pub body_timeout: Duration,
    /// The time-out for the next request, and for the next byte of a request.
    pub idle_timeout: Duration,
    /// How long new connections are accepted after SIGTERM.
    pub shutdown_delay: Duration,
    /// How long active requests may take to finish after SIGTERM.
    pub shutdown_timeout: Duration,
}

impl RawServer {
    pub(super) fn check(self, hashing_threads: NonZeroUsize) -> Result<ServerLimits, KeyError> {
        let seconds = |member: &str, value, default| {
            timeout(&format!("server.{member}"), value, Duration::from_secs(default))
        };
        let max_connections = self.max_connections.unwrap_or(1000);
        let limits = ServerLimits {
            max_connections,
            max_connections_per_client: self
                .max_connections_per_client
                .unwrap_or(max_connections.div_ceil(2).max(1)),
            concurrent_changes: at_least_one(
                "server.concurrent_changes",
                self.concurrent_changes,
                hashing_threads.saturating_mul(NonZeroUsize::MIN.saturating_add(7)),
                100_000,
            )?,
            header_timeout: seconds("header_timeout", self.header_timeout, 10)?,
            body_timeout: seconds("body_timeout", self.body_timeout, 10)?,
            idle_timeout: seconds("idle_timeout", self.idle_timeout, 75)?,
            shutdown_delay: delay(
                "server.shutdown_delay",
                self.shutdown_delay,
                Duration::from_secs(5),
            )?,
            shutdown_timeout: seconds("shutdown_timeout", self.shutdown_timeout, 30)?,
        };
        limits.validate().map_err(|errors| first_of("server", &errors))?;
        Ok(limits)
    }
}

fn first_of(table: &str, errors: &validator::ValidationErrors) -> KeyError {
    let first = errors.field_errors().into_iter().next();
    let (field, reason) = first.map_or_else(
        || ("?".to_owned(), errors.to_string()),
        |(field, errors)| {
            let message = errors.first().and_then(|error| error.message.as_ref());
            (field.to_string(), message.map_or_else(|| errors_text(errors), ToString::to_string))
        },
    );
    KeyError::new(format!("{table}.{field}"), reason)
}

fn errors_text(errors: &[validator::ValidationError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
