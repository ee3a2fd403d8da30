use std::num::NonZeroUsize;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Subcommand};
use repass_hash_families::ImportFormat;

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
    /// Say what a stored hash is, what its verification costs, and how to import it. Needs no
    /// database.
    #[command(after_help = "\
The hash is read from the prompt, or from the only line of stdin. It is never printed. It is read as in
`account import`, so that a refusal has the same reason there. Its time is that of a verification with
the longest password on one thread: an estimate by its parameters, relative to a new hash of the
default profile, which is measured on this machine. The exit status is 1 if the hash cannot be imported
in the given format.

Examples:
  repass hash identify < hash.txt
  repass hash identify --hash-format spring < hash.txt
  repass hash identify --json < hash.txt")]
    Identify(IdentifyHash),
}

#[derive(Args)]
pub(crate) struct IdentifyHash {
    /// The format of the hash, as in `account import`.
    #[arg(long, value_name = "FORMAT", default_value = "self-describing")]
    pub(crate) hash_format: ImportFormat,
    /// The salt, if the format has it in a column of its own.
    #[arg(long, value_name = "SALT")]
    pub(crate) hash_salt: Option<String>,
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
