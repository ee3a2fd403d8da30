//! `repassd serve`.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repass_core::SystemClock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::assemble::App;
use crate::signals::StopSignals;
use crate::{admin, listen, logging, retention};
use repass_config::Config;

/// The server cannot listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct ListenError {
    pub(crate) address: SocketAddr,
    #[source]
    pub(crate) source: std::io::Error,
}

pub(crate) async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    // Dropped last, so that the last lines are written.
    let _log = logging::start(config.log_format, &config.log_filter)?;
    for variable in &config.ignored_variables {
        tracing::debug!(
            variable,
            "ignored an environment variable that Kubernetes sets for a Service"
        );
    }
    // Before "listening" is logged, so that a signal after that line is handled.
    let mut signals = StopSignals::new()?;
    let app = App::open(config).await?;
    let listener = bind(config.listen).await?;
    let address = listener.local_addr()?;
    let admin = match config.admin {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let stopping = Arc::new(AtomicBool::new(false));
    let admin = admin.map(|listener| {
        let probes = admin::Probes { store: app.store.clone(), stopping: Arc::clone(&stopping) };
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "answering health probes");
        }
        tokio::spawn(admin::serve(listener, config.admin_tls.clone(), probes))
    });
    for mount in &config.mounts {
        let (api, vendor) = (mount.name.as_str(), mount.spec.name());
        tracing::info!(api, vendor, realm = %mount.realm, prefix = %mount.prefix, "serving");
    }
    tracing::info!(%address, "listening");
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher = app.dispatcher(config).map(|dispatcher| {
        tokio::spawn(async move {
            // Completes when the sender is dropped.
            dispatcher.run(async { stopped.await.unwrap_or_default() }).await;
        })
    });
    let certificates = tokio::spawn(repass_config::tls::reload_when_changed(
        config.all_tls().cloned().collect(),
        Arc::new(SystemClock),
    ));
    let administration = app.engine.administration().clone();
    let retention = tokio::spawn(retention::run(administration, config.retention));
    let tls = config.tls.clone();
    let shutdown = async {
        signals.next().await;
        stopping.store(true, Ordering::Relaxed);
        let delay = config.server.shutdown_delay;
        tracing::info!(?delay, "not ready; new connections are accepted until the delay ends");
        // A second signal ends the delay.
        let _ = tokio::time::timeout(delay, signals.next()).await;
    };
    listen::serve(listener, tls, app.service.clone(), &config.server, shutdown).await;
    drop(stop);
    certificates.abort();
    retention.abort();
    if let Some(dispatcher) = dispatcher
        && tokio::time::timeout(config.server.shutdown_timeout, dispatcher).await.is_err()
    {
        tracing::warn!("some deliveries of events were aborted; they will be repeated");
    }
    if let Some(admin) = admin {
        admin.abort();
    }
    app.close().await?;
    tracing::info!("stopped");
    Ok(())
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
}
