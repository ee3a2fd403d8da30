mod search;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use bytesize::ByteSize;
use repass_core::{HashProfile, HasherOptions};
use serde_json::{Value, json};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use self::search::{Goal, search};
use super::measure::{Measured, measure};
use crate::cli::TuneHash;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

pub(super) async fn run(tune: TuneHash, output: &Output) -> Result<ExitCode, Failure> {
    let threads = tune.threads.unwrap_or(HasherOptions::default().threads);
    let limit = match tune.memory_limit {
        Some(limit) => limit.as_u64(),
        None => machine_memory().ok_or_else(unknown_memory)? / 2,
    };
    let kib_per_thread = limit / 1024 / threads.get() as u64;
    let goal = Goal {
        target: tune.target,
        max_kib: u32::try_from(kib_per_thread).unwrap_or(u32::MAX),
        parallelism: tune.parallelism,
    };
    let spinner = output.spinner();
    let found = search(&goal, async |profile| {
        spinner.set_message(format!("measuring {} …", describe(profile)));
        measure(profile, threads).await
    })
    .await;
    spinner.finish_and_clear();
    let found = found?.ok_or_else(|| too_little_memory(limit, threads))?;
    let fits = found.proposal.time <= goal.target;
    let text = format!(
        "{}\nkernel: {}\n\n{}",
        table(&found, threads),
        kernel(),
        toml(&found.proposal, threads)
    );
    output.result(&value(&goal, &found, threads), &text)?;
    if fits {
        return Ok(ExitCode::SUCCESS);
    }
    output.warning(
        "target-not-met",
        &format!(
            "OWASP's minimum takes longer than {:?} on this machine; nothing weaker is proposed",
            goal.target
        ),
    );
    Ok(ExitCode::FAILURE)
}

/// Returns the memory of the machine or container in bytes, if known.
fn machine_memory() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    let machine = system.total_memory();
    Some(container.map_or(machine, |container| container.min(machine)))
}

fn unknown_memory() -> Failure {
    let reason = "the memory of this machine is unknown; give --memory-limit";
    Failure::Usage(reason.to_owned())
}

fn too_little_memory(limit: u64, threads: NonZeroUsize) -> Failure {
    let min = HashProfile::OWASP_MINIMUMS.map(|profile| profile.memory_kib());
    let min = min.into_iter().min().unwrap_or_default();
    Failure::Usage(format!(
        "--memory-limit: {} is too little for {threads} threads; OWASP's minimum needs at least {} \
         each",
        ByteSize::b(limit),
        ByteSize::kib(min.into()),
    ))
}

fn options(profile: HashProfile, threads: NonZeroUsize) -> HasherOptions {
    HasherOptions { profile, threads, ..HasherOptions::default() }
}

/// Returns the name of the Argon2 kernel of this machine.
fn kernel() -> &'static str {
    HasherOptions::default().kernel.as_str()
}

fn describe(profile: HashProfile) -> String {
    format!(
        "{} × {}, lanes {}",
        ByteSize::kib(profile.memory_kib().into()),
        profile.iterations(),
        profile.parallelism()
    )
}

fn table(found: &search::SearchResult, threads: NonZeroUsize) -> String {
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

/// Returns the section for the configuration of `repassd`.
fn toml(proposal: &Measured, threads: NonZeroUsize) -> String {
    let profile = proposal.profile;
    format!(
        "[hashing]\nmemory_kib = {}\niterations = {}\nparallelism = {}\nthreads = {threads}\n",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism()
    )
}

fn value(goal: &Goal, found: &search::SearchResult, threads: NonZeroUsize) -> Value {
    let cost = |measured: &Measured| {
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
        "proposal": cost(&found.proposal),
        "minimum": cost(&found.minimum),
        "toml": toml(&found.proposal, threads),
    })
}

fn milliseconds(measured: &Measured) -> f64 {
    measured.time.as_secs_f64() * 1000.0
}
