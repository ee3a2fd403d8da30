//! Reloads certificates when their files change, and at SIGHUP these and the log, and reports
//! certificates that expire soon.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use repass_compromised::Compromised;
use repass_config::tls::Tls;
use repass_config::{Config, ConfigError};
use repass_core::{Blocklist, Clock, ErrorChain, SystemClock};

use crate::logging::Log;
use crate::signals::Hangups;
use crate::systemd;

/// How often the files are checked for changes.
const INTERVAL: Duration = Duration::from_secs(10);

/// How often the near expiry of a certificate is reported.
const REMINDER: Duration = Duration::from_secs(24 * 3600);

/// Runs until it is dropped. `load` reads the configuration again.
pub(crate) async fn run(
    mut hangups: Hangups,
    listeners: Vec<Arc<Tls>>,
    compromised: Option<Arc<Compromised>>,
    config: &Config,
    log: &Log,
    load: impl Fn() -> Result<Config, ConfigError>,
) {
    let mut checks = tokio::time::interval(INTERVAL);
    let mut reminders = tokio::time::interval(REMINDER);
    // At the start, expiry is reported with the other warnings.
    reminders.tick().await;
    let reload = |force| listeners.iter().for_each(|tls| tls.reload(force, SystemClock.now()));
    loop {
        tokio::select! {
            _ = checks.tick() => reload(false),
            () = hangups.next() => {
                systemd::reloading();
                reload(true);
                if let Some(compromised) = &compromised {
                    reload_corpus(compromised);
                }
                reload_blocklists(config);
                reload_log(log, &load);
                systemd::ready();
            }
            _ = reminders.tick() => {
                for warning in listeners.iter().filter_map(|tls| tls.warning(SystemClock.now())) {
                    tracing::warn!("{warning}");
                }
            }
        }
    }
}

/// Opens the corpus of compromised passwords again. If it cannot be opened, the one before stays in
/// use.
fn reload_corpus(compromised: &Compromised) {
    // Reading files blocks the thread.
    match tokio::task::block_in_place(|| compromised.reload()) {
        Ok(()) => {
            if let Some(corpus) = compromised.corpus() {
                let digests = corpus.info().digests;
                tracing::info!(digests, "SIGHUP: compromised.file is opened again");
            }
        }
        Err(error) => {
            let error = ErrorChain(&error).to_string();
            tracing::error!(
                error,
                "SIGHUP: compromised.file could not be opened; the one before stays in use"
            );
        }
    }
}

/// Reads the lists of `blocklist_files` again.
fn reload_blocklists(config: &Config) {
    let mut lists: Vec<&Arc<dyn Blocklist>> = Vec::new();
    for list in config.policies().flat_map(|policy| &policy.rules().blocklists) {
        // APIs share the lists of `[policy]`.
        if !lists.iter().any(|own| Arc::ptr_eq(own, list)) {
            lists.push(list);
        }
    }
    for list in lists {
        // Reading files blocks the thread.
        if let Err(error) = tokio::task::block_in_place(|| list.reload()) {
            let error = error.to_string();
            tracing::error!(
                error,
                "SIGHUP: a file of blocklist_files could not be read; its list stays as it was"
            );
        }
    }
}

/// Opens `log.file` again, and reads the configuration again for `log.filter`.
fn reload_log(log: &Log, load: impl Fn() -> Result<Config, ConfigError>) {
    // Reading files blocks the thread.
    let reloaded = tokio::task::block_in_place(|| -> Result<(), Box<dyn Error>> {
        // First, so that an error in the configuration does not keep the old file in use.
        log.reopen()?;
        Ok(log.set_filter(load()?.log.filter)?)
    });
    match reloaded {
        Ok(()) => tracing::info!(
            "SIGHUP: log.file is opened again, log.filter and certificates are read again; restart for other changes"
        ),
        Err(error) => {
            // An error of the configuration has a line for each key.
            let error = ErrorChain(error.as_ref()).to_string().replace('\n', "; ");
            tracing::error!(
                error,
                "SIGHUP: the log could not be reloaded; log.filter stays as it was"
            );
        }
    }
}
