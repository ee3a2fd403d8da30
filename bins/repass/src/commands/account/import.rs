//! `repass account import`

mod interrupt;
mod progress;
mod reading;
mod row;
mod tally;

use std::path::Path;

use repass_account_file::FileError;
use repass_core::{Administration, ImportOutcome};

use self::interrupt::Interrupt;
use self::progress::Progress;
use self::reading::{Batch, Opened};
use self::row::Defaults;
use self::tally::Tally;
use crate::cli::{DatabaseOptions, FileFormat, ImportAccounts};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::hashing;
use crate::output::Output;

pub(super) async fn run(
    import: ImportAccounts,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let interrupt = Interrupt::default();
    tokio::select! {
        // In this order: the first look at a signal is what makes it heard.
        biased;
        failure = interrupt.before_the_first_batch() => Err(failure),
        result = import_file(import, database, output, &interrupt) => result,
    }
}

async fn import_file(
    import: ImportAccounts,
    database: &DatabaseOptions,
    output: &Output,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let ImportAccounts { file, format, realm, hash_format, pepper_keys, dry_run } = import;
    let peppers = hashing::peppers(&pepper_keys, None)?;
    let path = (file != Path::new("-")).then_some(file.as_path());
    let named = path.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let format = format.or_else(|| path.and_then(FileFormat::of_name)).ok_or_else(|| {
        Failure::Usage(format!("say with --format what {named} is, csv or jsonl"))
    })?;
    let opened = reading::open(path, format).await.map_err(|error| unread(&named, error))?;
    // A dry run writes nothing, so it makes no database either.
    let missing = if dry_run { Migration::Refuse } else { Migration::Create };
    with_database(database, missing, output, async |admin| {
        interrupt.begin();
        let admin = admin.administration()?;
        let run = Run { named, admin, output, interrupt, dry_run };
        run.all(opened, Defaults { realm, hash_format, peppers }).await
    })
    .await
}

/// Why a file was not read, or no further.
fn unread(file: &str, error: FileError) -> Failure {
    let file = file.to_owned();
    match error {
        FileError::Read(source) => Failure::File { file, source },
        other => Failure::AccountsFile { file, reason: other.to_string() },
    }
}

/// One import.
struct Run<'a> {
    /// How the file is called.
    named: String,
    admin: Administration,
    output: &'a Output,
    interrupt: &'a Interrupt,
    dry_run: bool,
}

impl Run<'_> {
    async fn all(&self, opened: Opened, defaults: Defaults) -> Result<(), Failure> {
        let mut progress = Progress::begin(opened.length, self.output);
        let mut batches = reading::batches(opened.reader, defaults);
        let mut tally = Tally { dry_run: self.dry_run, ..Tally::default() };
        let ended = loop {
            let next = tokio::select! {
                // In this order: between two batches a signal comes first.
                biased;
                () = self.interrupt.heard() => break Err(Failure::Interrupted),
                next = batches.recv() => next,
            };
            match next {
                None => break Ok(()),
                Some(Err(error)) => break Err(unread(&self.named, error)),
                Some(Ok(batch)) => {
                    let bytes_read = batch.bytes_read;
                    if let Err(failure) = self.write(batch, &mut tally, &progress).await {
                        break Err(failure);
                    }
                    progress.advance(bytes_read, &tally, self.output);
                }
            }
        };
        progress.end();
        tally.complete = ended.is_ok();
        self.output.answer(&tally, &tally.summary())?;
        ended?;
        if tally.refused == 0 { Ok(()) } else { Err(Failure::RowsRefused(tally.refused)) }
    }

    /// Writes a batch, and tells of the rows in it that are not simply added.
    async fn write(
        &self,
        batch: Batch,
        tally: &mut Tally,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut accounts = Vec::with_capacity(batch.rows.len());
        let mut lines = Vec::with_capacity(batch.rows.len());
        for (line, row) in batch.rows {
            lines.push((line, row.map(|account| accounts.push(account))));
        }
        let outcomes = self.admin.import_accounts(accounts, self.dry_run).await?;
        let mut outcomes = outcomes.into_iter();
        for (line, row) in lines {
            tally.read += 1;
            let outcome = match row {
                Ok(()) => outcomes.next().unwrap_or(ImportOutcome::Added),
                Err(reason) => ImportOutcome::Refused(reason),
            };
            match outcome {
                ImportOutcome::Added => tally.added += 1,
                ImportOutcome::Present { differing } => {
                    tally.present += 1;
                    if !differing.is_empty() {
                        progress.aside(|| self.differs(line, &differing));
                    }
                }
                ImportOutcome::Refused(reason) => {
                    tally.refused += 1;
                    progress.aside(|| self.output.refused_row(&self.named, line, &reason));
                }
            }
        }
        Ok(())
    }

    fn differs(&self, line: u64, members: &[&str]) {
        let text = format!(
            "the account is present with another {}, and was left as it is",
            members.join(", ")
        );
        self.output.row_warning(&self.named, line, "account-differs", &text);
    }
}
