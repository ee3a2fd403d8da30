use std::num::NonZeroUsize;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Subcommand};

use super::values;

#[derive(Subcommand)]
pub(crate) enum HashCommand {
    /// Measure this machine, and propose Argon2 parameters for it. Needs no database.
    #[command(after_help = "\
All threads hash during the measurement, as on a busy server. As RFC 9106 (section 4) recommends, the
memory is maximized first, within target and limit, and then the number of passes. Nothing weaker than
OWASP's minimum is proposed; if that takes longer than the target, the exit status is 1. Run this on an
otherwise idle machine.

Examples:
  repass hash tune
  repass hash tune --target 100ms --memory-limit 512MiB --threads 4
  repass hash tune --json")]
    Tune(TuneHash),
}

#[derive(Args)]
pub(crate) struct TuneHash {
    /// Maximum time of one hash, such as 100ms or 1s; at most 60s.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "250ms",
        value_parser = values::hash_target
    )]
    pub(crate) target: Duration,
    /// Maximum memory of all threads together, such as 512MiB or 2GiB [default: half the memory of
    /// the machine or container].
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<ByteSize>,
    /// Number of hashing threads, 1 to 1024 [default: the number of available cores].
    #[arg(long, value_name = "NUMBER", value_parser = values::threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Number of lanes of a hash, 1 to 64.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=64)
    )]
    pub(crate) parallelism: u32,
}
