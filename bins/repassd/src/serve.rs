//! `repassd serve`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use crate::assemble::App;
use crate::signals::StopSignals;
use crate::sockets::{ListenError, Listeners, PassedSockets};
use crate::{admin, listen, logging, reload, retention, systemd};
use repass_config::{Config, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP};

pub(crate) async fn run(config: &Config, mut passed: PassedSockets) -> Result<(), Box<dyn Error>> {
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
    // Before `listen`, which may take all sockets that are left.
    let admin = Listeners::bind(&config.admin, config.unix_socket, &mut passed).await?;
    let listeners = Listeners::bind(&config.listen, config.unix_socket, &mut passed).await?;
    passed.warn_of_unused();
    match listeners.public_passed.filter(|_| config.tls.is_none()) {
        Some(address) if !config.allow_plain_http => {
            return Err(ListenError::PlainHttp(address).into());
        }
        Some(_) => tracing::warn!("{PUBLIC_PLAIN_HTTP}"),
        None => {}
    }
    if admin.public_passed.is_some() {
        tracing::warn!("{PUBLIC_ADMIN}");
    }
    let stopping = Arc::new(AtomicBool::new(false));
    for address in admin.addresses() {
        tracing::info!(address, "answering health probes");
    }
    let probes = admin::Probes { store: app.store.clone(), stopping: Arc::clone(&stopping) };
    let admin = tokio::spawn(admin::serve(admin, config.admin_tls.clone(), probes));
    for mount in &config.mounts {
        let (api, vendor) = (mount.name.as_str(), mount.spec.name());
        tracing::info!(api, vendor, realm = %mount.realm, prefix = %mount.prefix, "serving");
    }
    for address in listeners.addresses() {
        tracing::info!(address, "listening");
    }
    systemd::ready();
    let watchdog = tokio::spawn(systemd::watch());
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher = app.dispatcher(config).map(|dispatcher| {
        tokio::spawn(async move {
            // Completes when the sender is dropped.
            dispatcher.run(async { stopped.await.unwrap_or_default() }).await;
        })
    });
    let certificates = tokio::spawn(reload::run(config.all_tls().cloned().collect()));
    let administration = app.engine.administration().clone();
    let retention = tokio::spawn(retention::run(administration, config.retention));
    let shutdown = async {
        signals.next().await;
        stopping.store(true, Ordering::Relaxed);
        systemd::stopping();
        let delay = config.server.shutdown_delay;
        tracing::info!(?delay, "not ready; new connections are accepted until the delay ends");
        // A second signal ends the delay.
        let _ = tokio::time::timeout(delay, signals.next()).await;
    };
    let (tls, proxies) = (config.tls.clone(), config.proxies.clone());
    listen::serve(listeners, tls, proxies, app.service.clone(), &config.server, shutdown).await;
    drop(stop);
    certificates.abort();
    retention.abort();
    if let Some(dispatcher) = dispatcher
        && tokio::time::timeout(config.server.shutdown_timeout, dispatcher).await.is_err()
    {
        tracing::warn!("some deliveries of events were aborted; they will be repeated");
    }
    admin.abort();
    watchdog.abort();
    app.close().await?;
    tracing::info!("stopped");
    Ok(())
}
