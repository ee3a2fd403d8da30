mod measure;
mod search;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use bytesize::ByteSize;
use repass_core::{HashProfile, HasherOptions};
use serde_json::{Value, json};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use self::measure::measure;
use self::search::{Goal, Measured, search};
use crate::cli::TuneHash;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

pub(super) async fn run(wanted: TuneHash, output: &Output) -> Result<ExitCode, Failure> {
    let threads = wanted.threads.unwrap_or(HasherOptions::default().threads);
    let limit = match wanted.memory_limit {
        Some(limit) => limit.as_u64(),
        None => machine_memory().ok_or_else(unknown_memory)? / 2,
    };
    let each_kib = limit / 1024 / threads.get() as u64;
    let goal = Goal {
        target: wanted.target,
        most_kib: u32::try_from(each_kib).unwrap_or(u32::MAX),
        parallelism: wanted.parallelism,
    };
    let spinner = output.spinner();
    let found = search(&goal, async |profile| {
        spinner.set_message(format!("measuring {} …", in_words(profile)));
        measure(profile, threads).await
    })
    .await;
    spinner.finish_and_clear();
    let found = found?.ok_or_else(|| too_little(limit, threads))?;
    let fits = found.proposal.time <= goal.target;
    let text = format!(
        "{}\nkernel: {}\n\n{}",
        table(&found, threads),
        kernel(),
        toml(&found.proposal, threads)
    );
    output.answer(&value(&goal, &found, threads), &text)?;
    if fits {
        return Ok(ExitCode::SUCCESS);
    }
    output.warning(
        "target-not-met",
        &format!(
            "OWASP's minimum takes longer than {:?} here; nothing weaker is proposed",
            goal.target
        ),
    );
    Ok(ExitCode::FAILURE)
}

/// What this machine has, or the container may use, in bytes; `None` when that cannot be found out.
fn machine_memory() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    let machine = system.total_memory();
    Some(container.map_or(machine, |container| container.min(machine)))
}

fn unknown_memory() -> Failure {
    let reason = "--memory-limit is required here, since this machine does not tell its memory";
    Failure::Usage(reason.to_owned())
}

fn too_little(limit: u64, threads: NonZeroUsize) -> Failure {
    let least = HashProfile::OWASP_MINIMUMS.map(|profile| profile.memory_kib());
    let least = least.into_iter().min().unwrap_or_default();
    Failure::Usage(format!(
        "--memory-limit: {} is too little for {threads} threads; OWASP's minimum takes at least {} \
         each",
        ByteSize::b(limit),
        ByteSize::kib(least.into()),
    ))
}

fn options(profile: HashProfile, threads: NonZeroUsize) -> HasherOptions {
    HasherOptions { profile, threads, ..HasherOptions::default() }
}

/// What computes the hashes on this machine.
fn kernel() -> &'static str {
    HasherOptions::default().kernel.as_str()
}

fn in_words(profile: HashProfile) -> String {
    format!(
        "{} × {}, lanes {}",
        ByteSize::kib(profile.memory_kib().into()),
        profile.iterations(),
        profile.parallelism()
    )
}

fn table(found: &search::AccountWithCredential, threads: NonZeroUsize) -> String {
    let mut table =
        Table::new(&["", "MEMORY", "PASSES", "LANES", "TIME", "HASHES/S", "MEMORY OF ALL THREADS"]);
    for (name, measured) in [("proposed", &found.proposal), ("minimum", &found.minimum)] {
        let profile = measured.profile;
        table.row([
            name,
            &ByteSize::kib(profile.memory_kib().into()).to_string(),
            &profile.iterations().to_string(),
            &profile.parallelism().to_string(),
            &format!("{:.1} ms", milliseconds(measured)),
            &format!("{:.1}", measured.per_second),
            &ByteSize::b(options(profile, threads).arena_bytes()).to_string(),
        ]);
    }
    table.render()
}

/// What to paste into the configuration of `repassd`.
fn toml(proposal: &Measured, threads: NonZeroUsize) -> String {
    let profile = proposal.profile;
    format!(
        "[hashing]\nmemory_kib = {}\niterations = {}\nparallelism = {}\nthreads = {threads}\n",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism()
    )
}

fn value(goal: &Goal, found: &search::AccountWithCredential, threads: NonZeroUsize) -> Value {
    let told = |measured: &Measured| {
        let profile = measured.profile;
        json!({
            "memory_kib": profile.memory_kib(),
            "iterations": profile.iterations(),
            "parallelism": profile.parallelism(),
            "time_ms": milliseconds(measured),
            "hashes_per_second": measured.per_second,
            "memory_bytes": options(profile, threads).arena_bytes(),
        })
    };
    json!({
        "target_ms": goal.target.as_secs_f64() * 1000.0,
        "target_met": found.proposal.time <= goal.target,
        "threads": threads,
        "kernel": kernel(),
        "proposal": told(&found.proposal),
        "minimum": told(&found.minimum),
        "toml": toml(&found.proposal, threads),
    })
}

fn milliseconds(measured: &Measured) -> f64 {
    measured.time.as_secs_f64() * 1000.0
}
