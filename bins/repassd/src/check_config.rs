//! `repassd check-config`.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use jiff::SignedDuration;
use repass_core::{Clock, SystemClock};
use repass_store::{Accounts, SqlName};

use repass_config::{Config, ListenAddress, TrustedProxies};

pub(crate) fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let out = &mut std::io::stdout().lock();
    let hasher = &config.hasher;
    let profile = hasher.profile;
    let lockout = &config.lockout;
    writeln!(out, "The configuration is valid. `repassd serve` would:")?;
    let protocol = |tls: &Option<_>| if tls.is_some() { "TLS" } else { "plain HTTP" };
    writeln!(out, "  listen on      {} ({})", list(&config.listen), protocol(&config.tls))?;
    if !config.admin.is_empty() {
        writeln!(
            out,
            "  answer probes  on {} ({}; /healthz, /readyz, /metrics)",
            list(&config.admin),
            protocol(&config.admin_tls)
        )?;
    }
    if *config.proxies != TrustedProxies::default() {
        writeln!(out, "  trust proxies  {}", config.proxies)?;
    }
    let store = &config.store;
    if store.is_on_a_server {
        let schema = store.options.schema.as_ref().map_or("repass", SqlName::as_str);
        writeln!(out, "  keep data in   the PostgreSQL database of store.url, schema {schema}")?;
    } else {
        writeln!(out, "  keep data in   {}", store.url.expose())?;
    }
    if let Accounts::Mapped(table) = &store.options.accounts {
        writeln!(out, "  find accounts  {table}")?;
    }
    let pepper = hasher.peppers.current().map(|id| format!("pepper key {id}; "));
    let pepper = pepper.unwrap_or_default();
    writeln!(
        out,
        "  hash with      Argon2id, memory {} KiB, passes {}, lanes {}; {pepper}kernel {}; threads \
         {}, with {} MiB in total; queue {}, deadline {}",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism(),
        hasher.kernel,
        hasher.threads,
        hasher.arena_bytes() / (1024 * 1024),
        hasher.queue,
        format_duration(hasher.deadline),
    )?;
    writeln!(
        out,
        "  lock accounts  after {} failures in a row for {}, doubling to {}; after {} until a reset",
        lockout.threshold(),
        format_duration(lockout.initial_delay()),
        format_duration(lockout.max_delay()),
        lockout.max_failures(),
    )?;
    let outbox = &config.outbox;
    if outbox.webhook.is_some() {
        writeln!(
            out,
            "  deliver events to the webhook, and give up after {} tries",
            outbox.options.max_tries,
        )?;
    }
    if let Some(mail) = &outbox.mail {
        writeln!(out, "  send mail      {}", mail.summary)?;
    }
    writeln!(out, "  serve")?;
    for mount in &config.mounts {
        let policy = mount.policy.rules();
        let vendor = mount.spec.name();
        let of_vendor =
            if mount.name == vendor { String::new() } else { format!("vendor {vendor}, ") };
        writeln!(
            out,
            "    {:<9} {of_vendor}under '{}/', realm {}, passwords of {} to {} characters{}",
            mount.name,
            mount.prefix,
            mount.realm,
            policy.min_length,
            policy.max_length,
            if mount.summary.is_empty() { String::new() } else { format!("; {}", mount.summary) },
        )?;
    }
    for warning in config.warnings(SystemClock.now()) {
        writeln!(out, "Warning: {warning}")?;
    }
    Ok(())
}

/// Returns the addresses with commas between them.
pub(crate) fn list(addresses: &[ListenAddress]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Formats a duration as in the configuration, such as `15m`.
fn format_duration(duration: Duration) -> String {
    SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |duration| format!("{duration:#}"))
}
