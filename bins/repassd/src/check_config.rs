//! `repassd check-config`.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use jiff::SignedDuration;
use repass_core::{
    Clock, ErrorChain, SystemClock, SystemRandomness, compare_keys, has_installation_key_check,
};
use repass_store::{Accounts, SqlName, Store};

use crate::assemble::{KeysDoNotMatch, open_error};
use repass_config::{Config, ConfigError, ListenAddress};

pub(crate) async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let unchecked = check_database(config).await?;
    let out = &mut std::io::stdout().lock();
    let hasher = &config.hasher;
    let profile = hasher.profile;
    let lockout = &config.lockout;
    writeln!(out, "The configuration is valid. `repassd serve` would:")?;
    let protocol = |tls: &Option<_>| if tls.is_some() { "TLS" } else { "plain HTTP" };
    writeln!(out, "  listen on      {} ({})", list(&config.listen), protocol(&config.tls))?;
    if let Some((tls, acme)) = config.tls.as_ref().and_then(|tls| Some((tls, tls.acme()?))) {
        let kept = match tls.expires() {
            Some(expires) => format!("has one until {expires}"),
            None => "has none yet".to_owned(),
        };
        writeln!(
            out,
            "  order certs    for {} at {}; {} {kept}",
            acme.domains.join(", "),
            acme.directory,
            acme.folder.display()
        )?;
    }
    if !config.admin.is_empty() {
        writeln!(
            out,
            "  answer probes  on {} ({}; /healthz, /readyz, /metrics)",
            list(&config.admin),
            protocol(&config.admin_tls)
        )?;
    }
    if !config.admin_api.listen.is_empty() {
        writeln!(
            out,
            "  serve back ends on {} ({}; the admin API)",
            list(&config.admin_api.listen),
            protocol(&config.admin_api.tls)
        )?;
    }
    if config.proxies.unix || !config.proxies.networks.is_empty() {
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
    if let Some(compromised) = &config.compromised {
        compromised.open()?;
        writeln!(out, "  look up breaches in {compromised}")?;
    }
    if let Some(traces) = &config.traces {
        writeln!(out, "  export traces  to {}", traces.endpoint)?;
    }
    let outbox = &config.outbox;
    for channel in &outbox.channels {
        writeln!(out, "  deliver events {}", channel.summary)?;
    }
    if !outbox.channels.is_empty() {
        writeln!(out, "  give up        after {} failed tries", outbox.options.max_tries)?;
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
        if let Some(tokens) = &mount.tokens {
            writeln!(out, "              access tokens: {tokens}")?;
        }
    }
    if let Some(pages) = &config.pages {
        let mails = if pages.mails_resets { "with" } else { "without" };
        writeln!(
            out,
            "    pages     at {}, realm {}, {mails} reset mails",
            pages.base_url, pages.realm
        )?;
    }
    for warning in config.warnings(SystemClock.now()).into_iter().chain(unchecked) {
        writeln!(out, "Warning: {warning}")?;
    }
    Ok(())
}

/// Returns the addresses with commas between them.
pub(crate) fn list(addresses: &[ListenAddress]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Checks that the server could use an existing database with these keys. Changes nothing. Returns
/// a warning if the database cannot be reached.
async fn check_database(config: &Config) -> Result<Option<String>, Box<dyn Error>> {
    let mut options = config.store.options.clone();
    options.migrate = false;
    let store = match Store::open(config.store.url.expose(), &options).await {
        Ok(store) => store,
        // The server creates or migrates it.
        Err(error)
            if config.store.options.migrate && (error.is_absent() || error.is_out_of_date()) =>
        {
            return Ok(None);
        }
        Err(error) if error.is_configuration() => return Err(open_error(error)),
        Err(error) => {
            let error = ErrorChain(&error);
            return Ok(Some(format!("the database could not be checked: {error}")));
        }
    };
    let checked = check_keys_of(config, &store).await;
    store.close().await?;
    checked.map(|()| None)
}

async fn check_keys_of(config: &Config, store: &Store) -> Result<(), Box<dyn Error>> {
    let ports = store.ports();
    let needed = ports.peppers().await?;
    config.hasher.peppers.require(&needed).map_err(ConfigError::from)?;
    // Otherwise the first start creates the key.
    if has_installation_key_check(&*ports).await? {
        let key_file = config.store.key_file.as_deref();
        let loaded = store.installation_key(key_file, &SystemRandomness).await?;
        let checked = compare_keys(&*ports, &loaded.key, &config.hasher.peppers).await;
        checked.map_err(KeysDoNotMatch)?;
    }
    Ok(())
}

/// Formats a duration as in the configuration, such as `15m`.
fn format_duration(duration: Duration) -> String {
    SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |duration| format!("{duration:#}"))
}
