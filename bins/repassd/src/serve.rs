//! `repassd serve`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repass_config::{ChannelConfig, Config, ConfigError, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP};
use tokio::sync::oneshot;

#[cfg(feature = "acme")]
use crate::acme;
use crate::assemble::App;
use crate::check_config::list;
use crate::metrics::{Metrics, Sources};
use crate::signals::{Hangups, StopSignals};
use crate::sockets::{ListenError, Listeners, PassedSockets};
use crate::traces::Traces;
use crate::{admin, listen, logging, memory, reload, retention, systemd};

/// Serves until a signal stops it. `load` reads the configuration again.
pub(crate) async fn run(
    config: &Config,
    mut passed: PassedSockets,
    load: impl Fn() -> Result<Config, ConfigError>,
) -> Result<(), Box<dyn Error>> {
    let traces = Traces::start(config.traces.as_ref())?;
    // Dropped last, so that the last lines are written.
    let log = logging::start(&config.log, &traces)?;
    log_summary(config);
    for variable in &config.ignored_variables {
        tracing::debug!(
            variable,
            "ignored an environment variable that Kubernetes sets for a Service"
        );
    }
    // Before "listening" is logged, so that a signal after that line is handled.
    let mut signals = StopSignals::new()?;
    let hangups = Hangups::new()?;
    let app = App::open(config).await?;
    // Before `listen`, which may take all sockets that are left.
    let admin = Listeners::bind(&config.admin, config.unix_socket, &mut passed).await?;
    let admin_api =
        Listeners::bind(&config.admin_api.listen, config.unix_socket, &mut passed).await?;
    let listeners = Listeners::bind(&config.listen, config.unix_socket, &mut passed).await?;
    passed.warn_of_unused();
    match listeners.public_passed.filter(|_| config.tls.is_none()) {
        Some(address) if !config.allow_plain_http => {
            return Err(ListenError::PlainHttp(address).into());
        }
        Some(_) => tracing::warn!("{PUBLIC_PLAIN_HTTP}"),
        None => {}
    }
    if let Some(address) = admin_api.public_passed.filter(|_| config.admin_api.tls.is_none()) {
        return Err(ListenError::PlainHttp(address).into());
    }
    if admin.public_passed.is_some() {
        tracing::warn!("{PUBLIC_ADMIN}");
    }
    let stopping = Arc::new(AtomicBool::new(false));
    for address in admin.addresses() {
        tracing::info!(address, "answering health probes and scrapes");
    }
    let dispatcher = app.dispatcher(config).map(Arc::new);
    let metrics = Arc::<Metrics>::default();
    let tls = [
        ("listen", &config.tls),
        ("admin.listen", &config.admin_tls),
        ("admin_api.listen", &config.admin_api.tls),
    ];
    let sources = Sources {
        metrics: Arc::clone(&metrics),
        service: app.service.clone(),
        engine: app.engine.clone(),
        hasher: Arc::clone(&app.hasher),
        compromised: app.compromised.clone(),
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
    let admin = tokio::spawn(admin::serve(admin, config.admin_tls.clone(), probes));
    for mount in &config.mounts {
        let (api, vendor) = (mount.name.as_str(), mount.spec.name());
        tracing::info!(api, vendor, realm = %mount.realm, prefix = %mount.prefix, "serving");
    }
    if let Some(pages) = &config.pages {
        let (url, realm) = (&pages.base_url, &pages.realm);
        tracing::info!(%url, %realm, "serving the pages");
    }
    for address in admin_api.addresses() {
        tracing::info!(address, "serving the admin API");
    }
    for address in listeners.addresses() {
        tracing::info!(address, "listening");
    }
    systemd::ready();
    let watchdog = tokio::spawn(systemd::watch());
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher = dispatcher.map(|dispatcher| {
        tokio::spawn(async move {
            // Completes when the sender is dropped.
            dispatcher.run(async { stopped.await.unwrap_or_default() }).await;
        })
    });
    let administration = app.engine.administration().clone();
    #[cfg(feature = "acme")]
    let acme = config.tls.clone().map(|tls| tokio::spawn(async move { acme::run(&tls).await }));
    let retention = tokio::spawn(retention::run(administration, config.retention));
    let memory = tokio::spawn(memory::run(Arc::clone(&metrics)));
    let (stop_admin_api, mut admin_api_stopped) = oneshot::channel::<()>();
    let serving_admin_api = {
        let (tls, limits) = (config.admin_api.tls.clone(), &config.server);
        let (proxies, metrics) = (config.proxies.clone(), Arc::clone(&metrics));
        let service = app.admin_api(config);
        let stopped = async { (&mut admin_api_stopped).await.unwrap_or_default() };
        listen::serve(admin_api, tls, proxies, service, metrics, limits, stopped)
    };
    let shutdown = async {
        signals.next().await;
        stopping.store(true, Ordering::Relaxed);
        systemd::stopping();
        let delay = config.server.shutdown_delay;
        tracing::info!(?delay, "not ready; new connections are accepted until the delay ends");
        // A second signal ends the delay.
        let _ = tokio::time::timeout(delay, signals.next()).await;
        drop(stop_admin_api);
    };
    let (tls, proxies) = (config.tls.clone(), config.proxies.clone());
    let (service, limits) = (app.front(config), &config.server);
    let serving = listen::serve(listeners, tls, proxies, service, metrics, limits, shutdown);
    tokio::select! {
        _ = async { tokio::join!(serving, serving_admin_api) } => {}
        () = reload::run(
            hangups,
            config.all_tls().cloned().collect(),
            app.compromised.clone(),
            config,
            &log,
            load,
        ) => {}
    }
    drop(stop);
    retention.abort();
    memory.abort();
    #[cfg(feature = "acme")]
    if let Some(acme) = acme {
        acme.abort();
    }
    if let Some(dispatcher) = dispatcher
        && tokio::time::timeout(config.server.shutdown_timeout, dispatcher).await.is_err()
    {
        tracing::warn!("some deliveries of events were aborted; they will be repeated");
    }
    admin.abort();
    watchdog.abort();
    app.close().await?;
    traces.end().await;
    tracing::info!("stopped");
    Ok(())
}

fn log_summary(config: &Config) {
    let apis: Vec<&str> = config.mounts.iter().map(|mount| mount.name.as_str()).collect();
    let channels = &config.outbox.channels;
    let channels: Vec<&str> = channels.iter().map(ChannelConfig::name).collect();
    let profile = config.hasher.profile;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = list(&config.listen),
        tls = config.tls.is_some(),
        admin = list(&config.admin),
        store = if config.store.is_on_a_server { "postgres" } else { "sqlite" },
        apis = apis.join(","),
        policy = config.policy_origin.preset_name(),
        memory_kib = profile.memory_kib(),
        iterations = profile.iterations(),
        parallelism = profile.parallelism(),
        threads = config.hasher.threads,
        kernel = config.hasher.kernel.as_str(),
        channels = channels.join(","),
        "starting"
    );
}
