//! `repass completions` and `repass man`

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn completions(shell: Shell, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "repass", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.result(&json!({ "script": script }), &script)
}

pub(super) fn man_pages(folder: &Path, output: &Output) -> Result<(), Failure> {
    let file = folder.display().to_string();
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|source| Failure::File { file: file.clone(), source })?;
    output.result(&json!({ "folder": file }), &format!("man pages written to {file}\n"))
}
