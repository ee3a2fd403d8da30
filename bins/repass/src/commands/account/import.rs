//! `repass account import`

mod counts;
mod interrupt;
mod progress;
mod reading;

use std::path::Path;

use repass_account_file::{Batch, Defaults, FileError};
use repass_core::{Administration, ImportOutcome};

use self::counts::Counts;
use self::interrupt::Interrupt;
use self::progress::Progress;
use self::reading::Opened;
use crate::cli::{FileFormat, ImportAccounts};
use crate::database::{Migration, is_there, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(super) async fn run(
    import: ImportAccounts,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let interrupt = Interrupt::default();
    tokio::select! {
        // Biased, since the first poll installs the signal handler.
        biased;
        failure = interrupt.before_first_batch() => Err(failure),
        result = import_file(import, settings, output, &interrupt) => result,
    }
}

async fn import_file(
    import: ImportAccounts,
    settings: &Settings,
    output: &Output,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let ImportAccounts { file, format, realm, hash_format, allow_costly, pepper_keys, dry_run } =
        import;
    let peppers = settings.peppers(&pepper_keys, None)?;
    let path = (file != Path::new("-")).then_some(file.as_path());
    let named = path.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let format = format.or_else(|| path.and_then(FileFormat::from_extension)).ok_or_else(|| {
        Failure::Usage(format!("{named}: unknown file format; give --format csv or --format jsonl"))
    })?;
    let opened = reading::open(path, format).await.map_err(|error| read_failure(&named, error))?;
    // A dry run creates no database. Without one, it only checks the rows, in a temporary database.
    let scratch =
        if dry_run && !is_there(settings).await? { Some(settings.scratch()?) } else { None };
    if scratch.is_some() {
        output.note("there is no database; only the rows are checked");
    }
    let (settings, missing) = match &scratch {
        Some((scratch, _)) => (scratch, Migration::Create),
        None if dry_run => (settings, Migration::Refuse),
        None => (settings, Migration::Create),
    };
    with_database(settings, missing, output, async |admin| {
        interrupt.start_batches();
        let admin = admin.administration();
        let import = Import { file: named, admin, output, interrupt, dry_run };
        import.run(opened, Defaults { realm, hash_format, peppers, allow_costly }).await
    })
    .await
}

fn read_failure(file: &str, error: FileError) -> Failure {
    let file = file.to_owned();
    match error {
        FileError::Read(source) => Failure::File { file, source },
        other => Failure::AccountsFile { file, reason: other.to_string() },
    }
}

struct Import<'a> {
    /// The path of the file, or `stdin`.
    file: String,
    admin: Administration,
    output: &'a Output,
    interrupt: &'a Interrupt,
    dry_run: bool,
}

impl Import<'_> {
    async fn run(&self, opened: Opened, defaults: Defaults) -> Result<(), Failure> {
        let mut progress = Progress::new(opened.length, self.output);
        let mut batches = reading::batches(opened.reader, defaults);
        let mut counts = Counts { dry_run: self.dry_run, ..Counts::default() };
        let ended = loop {
            let next = tokio::select! {
                // Biased, so that a signal between two batches ends the import.
                biased;
                () = self.interrupt.received() => break Err(Failure::Interrupted),
                next = batches.recv() => next,
            };
            match next {
                None => break Ok(()),
                Some(Err(error)) => break Err(read_failure(&self.file, error)),
                Some(Ok(batch)) => {
                    let bytes_read = batch.bytes_read;
                    if let Err(failure) = self.write(batch, &mut counts, &progress).await {
                        break Err(failure);
                    }
                    progress.advance(bytes_read, &counts, self.output);
                }
            }
        };
        progress.finish();
        counts.complete = ended.is_ok();
        self.output.result(&counts, &counts.final_text())?;
        ended?;
        if counts.refused == 0 { Ok(()) } else { Err(Failure::RowsRefused(counts.refused)) }
    }

    /// Writes a batch, and reports refused rows and differing accounts.
    async fn write(
        &self,
        batch: Batch,
        counts: &mut Counts,
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
            counts.read += 1;
            let outcome = match row {
                Ok(()) => outcomes.next().unwrap_or(ImportOutcome::Added),
                Err(reason) => ImportOutcome::Refused(reason),
            };
            match outcome {
                ImportOutcome::Added => counts.added += 1,
                ImportOutcome::Present { differing } => {
                    counts.present += 1;
                    if !differing.is_empty() {
                        progress.print_above(|| self.warn_of_difference(line, &differing));
                    }
                }
                ImportOutcome::Refused(reason) => {
                    counts.refused += 1;
                    progress.print_above(|| self.output.refused_row(&self.file, line, &reason));
                }
            }
        }
        Ok(())
    }

    fn warn_of_difference(&self, line: u64, members: &[&str]) {
        let text =
            format!("the account exists with a different {}; not changed", members.join(", "));
        self.output.row_warning(&self.file, line, "account-differs", &text);
    }
}
