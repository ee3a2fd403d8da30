use std::num::NonZeroUsize;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Subcommand};

use super::values;

#[derive(Subcommand)]
pub(crate) enum HashCommand {
    /// Measure this machine, and propose what a stored hash should cost on it. Needs no database.
    #[command(after_help = "\
All threads hash at once while one hash is timed, as on a server at its busiest. Memory comes first
(RFC 9106, section 4): as much as target and limit allow with one pass, then more passes. Nothing
weaker than OWASP's minimum is proposed; when even that takes longer than the target, the exit status
is 1. Run it when the machine has nothing else to do.

Examples:
  repass hash tune
  repass hash tune --target 100ms --memory-limit 512MiB --threads 4
  repass hash tune --json")]
    Tune(TuneHash),
}

#[derive(Args)]
pub(crate) struct TuneHash {
    /// How long one hash may take, such as 100ms or 1s; at most 60s.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "250ms",
        value_parser = values::hash_target
    )]
    pub(crate) target: Duration,
    /// The most memory for all threads together, such as 512MiB or 2GiB [default: half of what this
    /// machine has, or the container may use].
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<ByteSize>,
    /// Threads that hash at once, 1 to 1024 [default: as many cores as this process may use].
    #[arg(long, value_name = "NUMBER", value_parser = values::threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Lanes of a hash, 1 to 64. More than one makes a hash slower to guess only for those who have
    /// as many cores.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=64)
    )]
    pub(crate) parallelism: u32,
}
