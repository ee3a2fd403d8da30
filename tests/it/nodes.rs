//! Several servers on one PostgreSQL database: they behave as one, and no outage of a server or of
//! the database loses a change or leaves a partial one.

mod crash;
mod load;
mod one;
mod outages;

use std::time::Duration;

use repass_tests::{Client, Server, ServerBuilder};

/// The longest that a test waits; far longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(180);

/// Two servers on the same database.
struct Nodes {
    a: Server,
    b: Server,
}

impl Nodes {
    async fn start(builder: &ServerBuilder) -> Self {
        Self { a: builder.start().await, b: builder.start().await }
    }

    /// For number `n` of many clients: one node for the even ones, the other for the odd ones.
    fn client(&self, n: usize) -> Client {
        if n.is_multiple_of(2) { self.a.client() } else { self.b.client() }
    }
}

/// Waits for a future, at most [`PATIENCE`].
async fn in_time<T>(what: &str, happening: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, happening).await;
    waited.unwrap_or_else(|_| panic!("did not happen in time: {what}"))
}
