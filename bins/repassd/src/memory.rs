//! Returns memory to the system after many connections have ended.

use std::sync::Arc;
use std::time::Duration;

use crate::metrics::Metrics;

/// How often the connections are counted.
const PERIOD: Duration = Duration::from_secs(1);

/// Fewer connections leave little memory.
const MANY: usize = 100;

/// Returns the memory of connections to the system when half of them have ended, until it is
/// dropped.
pub(crate) async fn run(metrics: Arc<Metrics>) {
    let mut most = 0;
    loop {
        tokio::time::sleep(PERIOD).await;
        most = metrics.take_most_connections().max(most);
        if most >= MANY && metrics.open_connections() <= most / 2 {
            most = 0;
            // A failure means that the runtime ends.
            let _ = tokio::task::spawn_blocking(repass_malloc_trim::malloc_trim).await;
        }
    }
}
