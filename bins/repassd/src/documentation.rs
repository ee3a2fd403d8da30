//! `repassd completions` and `repassd man`.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The man pages cannot be written to this folder.
#[derive(Debug, thiserror::Error)]
#[error("{folder}")]
pub(crate) struct ManPagesError {
    folder: String,
    source: io::Error,
}

pub(crate) fn completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "repassd", &mut script);
    io::stdout().write_all(&script)
}

pub(crate) fn man_pages(folder: &Path) -> Result<(), ManPagesError> {
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|source| ManPagesError { folder: folder.display().to_string(), source })
}
