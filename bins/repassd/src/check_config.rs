//! `repassd check-config`.

use std::error::Error;
use std::io::Write;

use crate::config::Config;

pub(crate) fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let out = &mut std::io::stdout().lock();
    let hasher = &config.hasher;
    let profile = hasher.profile;
    let attempts = &config.attempts;
    writeln!(out, "The configuration is good. `repassd serve` would:")?;
    writeln!(out, "  listen on      {} (plain HTTP)", config.listen)?;
    if let Some(admin) = config.admin {
        writeln!(out, "  answer probes  on {admin} (/healthz, /readyz)")?;
    }
    writeln!(out, "  keep data in   {}", config.store_url)?;
    writeln!(
        out,
        "  hash with      Argon2id, {} KiB, {} passes, {} lanes; {} threads, {} may wait, {:?} at most",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism(),
        hasher.threads,
        hasher.queue,
        hasher.deadline,
    )?;
    writeln!(
        out,
        "  close accounts after {} failures for {:?}, doubling to {:?}; after {} until a reset",
        attempts.free, attempts.first_delay, attempts.max_delay, attempts.limit,
    )?;
    let outbox = &config.outbox;
    if outbox.webhook.is_some() {
        writeln!(
            out,
            "  deliver events to the webhook, {} tries before they are given up",
            outbox.options.max_tries,
        )?;
    }
    writeln!(out, "  serve")?;
    for mount in &config.mounts {
        let policy = &mount.policy;
        writeln!(
            out,
            "    {:<9} under '{}/', realm {}, passwords of {} to {} characters{}",
            mount.spec.name(),
            mount.prefix,
            mount.realm,
            policy.min_length,
            policy.max_length,
            if mount.remarks.is_empty() { String::new() } else { format!("; {}", mount.remarks) },
        )?;
    }
    for warning in config.warnings() {
        writeln!(out, "Mind: {warning}")?;
    }
    Ok(())
}
