use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum CompromisedCommand {
    /// Build a corpus from a list of SHA-1 digests. Needs no database.
    #[command(after_help = "\
The list is the text file of Pwned Passwords with a line SHA1:COUNT for each password, ordered by
digest; a folder or a tar archive of the files of its range API, such as 00000.txt; or stdin (-). A text
file or an archive may be compressed by gzip or Zstandard. A compressed archive is unpacked first, to
CORPUS.partial.tar, which takes about twice its size. The corpus of a large list takes about 3 bytes
for each digest. A build that was interrupted is continued by the same command, unless the list is on
stdin. A server opens the new file at SIGHUP.

Examples:
  repass compromised build pwned-passwords-sha1-ordered-by-hash.txt corpus
  repass compromised build ranges/ corpus --min-count 5
  repass compromised build ranges.tar.gz corpus")]
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
    /// The list, folder or archive; - for stdin.
    #[arg(value_name = "LIST")]
    pub(crate) list: PathBuf,
    /// The file of the corpus. An existing corpus is replaced at the end.
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
    /// The fewest times that a password was seen to be in the corpus.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) min_count: u64,
}

#[derive(Args)]
pub(crate) struct NamedCorpus {
    /// The file of the corpus.
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
}
