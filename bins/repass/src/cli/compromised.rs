use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum CompromisedCommand {
    /// Build a corpus from a list of SHA-1 digests. Needs no database.
    #[command(after_help = "\
The list is ordered by digest: the text file of Pwned Passwords with a line SHA1:COUNT for each
password, a folder of the files of its range API, or stdin (-). The corpus takes less than 3 bytes for
each digest. A build that was interrupted is continued by the same command, unless the list is on
stdin. A server opens the new file at SIGHUP.

Examples:
  repass compromised build pwned-passwords-sha1-ordered-by-hash.txt corpus
  repass compromised build ranges/ corpus --min-count 5")]
    Build(BuildCorpus),
    /// Show what is in a corpus.
    #[command(after_help = "Example:\n  repass compromised show corpus")]
    Show(NamedCorpus),
    /// Read the whole corpus, and compare it with its checksums.
    #[command(after_help = "Example:\n  repass compromised verify corpus")]
    Verify(NamedCorpus),
}

#[derive(Args)]
pub(crate) struct BuildCorpus {
    /// The list or the folder; - for stdin.
    #[arg(value_name = "LIST")]
    pub(crate) list: PathBuf,
    /// The file of the corpus. An existing one is replaced at the end.
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
    /// The fewest times that a password was seen to be in the corpus.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) min_count: u64,
}

#[derive(Args)]
pub(crate) struct NamedCorpus {
    /// The file of the corpus.
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
}
