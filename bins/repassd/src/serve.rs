//! `repassd serve`.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repass_core::{ErrorChain, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::assemble::App;
use crate::config::{Config, ConfigError};
use crate::logging::Log;
use crate::metrics::{Metrics, Sources};
use crate::signals::{Hangups, StopSignals};
use crate::{admin, listen, logging, retention, tls};

/// The server cannot listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct ListenError {
    pub(crate) address: SocketAddr,
    #[source]
    pub(crate) source: std::io::Error,
}

/// Serves until a signal stops it. At SIGHUP, `reload` reads the configuration again.
pub(crate) async fn run(
    config: &Config,
    reload: impl Fn() -> Result<Config, ConfigError>,
) -> Result<(), Box<dyn Error>> {
    // Dropped last, so that the last lines are written.
    let log = logging::start(&config.log)?;
    log_summary(config);
    for variable in &config.ignored_variables {
        tracing::debug!(
            variable,
            "ignored an environment variable that Kubernetes sets for a Service"
        );
    }
    // Before "listening" is logged, so that a signal after that line is handled.
    let mut signals = StopSignals::new()?;
    let mut hangups = Hangups::new()?;
    let app = App::open(config).await?;
    let listener = bind(config.listen).await?;
    let address = listener.local_addr()?;
    let admin = match config.admin {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let dispatcher = app.dispatcher(config).map(Arc::new);
    let metrics = Arc::<Metrics>::default();
    let stopping = Arc::new(AtomicBool::new(false));
    let admin = admin.map(|listener| {
        let tls = [("listen", &config.tls), ("admin.listen", &config.admin_tls)];
        let sources = Sources {
            metrics: Arc::clone(&metrics),
            engine: app.engine.clone(),
            hasher: Arc::clone(&app.hasher),
            store: app.store.clone(),
            dispatcher: dispatcher.clone(),
            tls: tls.into_iter().filter_map(|(key, tls)| Some((key, tls.clone()?))).collect(),
            lost_log_lines: log.lost_lines(),
        };
        let probes = admin::Probes {
            store: app.store.clone(),
            stopping: Arc::clone(&stopping),
            metrics: Arc::new(sources),
        };
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "answering health probes and scrapes");
        }
        tokio::spawn(admin::serve(listener, config.admin_tls.clone(), probes))
    });
    for mount in &config.mounts {
        let (api, vendor) = (mount.name.as_str(), mount.spec.name());
        tracing::info!(api, vendor, realm = %mount.realm, prefix = %mount.prefix, "serving");
    }
    tracing::info!(%address, "listening");
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher = dispatcher.map(|dispatcher| {
        tokio::spawn(async move {
            // Completes when the sender is dropped.
            dispatcher.run(async { stopped.await.unwrap_or_default() }).await;
        })
    });
    let certificates = tokio::spawn(tls::reload_when_changed(
        config.all_tls().cloned().collect(),
        Arc::new(SystemClock),
    ));
    let administration = app.engine.administration().clone();
    let retention = tokio::spawn(retention::run(administration, config.retention));
    let shutdown = async {
        signals.next().await;
        stopping.store(true, Ordering::Relaxed);
        let delay = config.server.shutdown_delay;
        tracing::info!(?delay, "not ready; new connections are accepted until the delay ends");
        // A second signal ends the delay.
        let _ = tokio::time::timeout(delay, signals.next()).await;
    };
    let (tls, service) = (config.tls.clone(), app.service.clone());
    let serving = listen::serve(listener, tls, service, metrics, &config.server, shutdown);
    let reloading = async {
        loop {
            hangups.next().await;
            reload_log(&log, &reload);
        }
    };
    tokio::select! {
        () = serving => {}
        () = reloading => {}
    }
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

fn log_summary(config: &Config) {
    let apis = config.mounts.iter().map(|mount| mount.name.as_str()).collect::<Vec<_>>();
    let channels = config.outbox.channels();
    let channels = channels.iter().map(|channel| channel.name()).collect::<Vec<_>>();
    let profile = config.hasher.profile;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %config.listen,
        tls = config.tls.is_some(),
        admin = config.admin.map(tracing::field::display),
        store = if config.store.is_on_a_server { "postgres" } else { "sqlite" },
        apis = apis.join(","),
        policy = config.policy_preset,
        memory_kib = profile.memory_kib(),
        iterations = profile.iterations(),
        parallelism = profile.parallelism(),
        threads = config.hasher.threads,
        kernel = config.hasher.kernel.as_str(),
        channels = channels.join(","),
        "starting"
    );
}

/// Opens `log.file` again, and reads the configuration again for `log.filter`.
fn reload_log(log: &Log, reload: impl Fn() -> Result<Config, ConfigError>) {
    // Reading files blocks the thread.
    let reloaded = tokio::task::block_in_place(|| -> Result<(), Box<dyn Error>> {
        // First, so that an error in the configuration does not keep the old file in use.
        log.reopen()?;
        Ok(log.set_filter(reload()?.log.filter)?)
    });
    match reloaded {
        Ok(()) => tracing::info!(
            "SIGHUP: log.filter, log.file and certificates are reloaded; restart for other changes"
        ),
        Err(error) => {
            let error = ErrorChain(error.as_ref());
            tracing::error!(%error, "SIGHUP: the log is not reloaded; its old settings stay in use");
        }
    }
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
}
