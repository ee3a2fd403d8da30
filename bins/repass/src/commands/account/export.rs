//! `repass account export`

mod row;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use repass_account_file::AccountWriter;
use repass_core::{AccountFilter, Administration};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::cli::{DatabaseOptions, ExportAccounts, FileFormat};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;

/// Accounts that are held in memory at once.
const PAGE: u32 = 500;

pub(super) async fn run(
    export: ExportAccounts,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let ExportAccounts { realm, format, with_hashes, output: file, force } = export;
    let format = format.or_else(|| file.as_deref().and_then(FileFormat::of_name));
    let format = format.unwrap_or(FileFormat::Csv);
    let target = file.map(|file| Target::open(file, force)).transpose()?;
    with_database(database, Migration::Refuse, output, async |admin| {
        if with_hashes {
            let text = "the export holds hashes, of which passwords can be guessed; keep it as safe \
                        as the database, and no longer than it is needed";
            output.warning("hashes-exported", text);
        }
        let filter = AccountFilter { realm, after: None, limit: PAGE };
        let admin = admin.administration()?;
        match target {
            None => match pages(&admin, filter, with_hashes, format, io::stdout()).await {
                // As in `repass account export | head`.
                Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                written => written.map(|accounts| output.note(&told(accounts))),
            },
            Some(mut target) => {
                let accounts = pages(&admin, filter, with_hashes, format, &mut target.file).await;
                let accounts = accounts.map_err(|failure| target.unwritten(failure))?;
                let file = target.finish()?;
                let json = json!({ "accounts": accounts, "file": file });
                output.answer(&json, &format!("{}\n", told(accounts)))
            }
        }
    })
    .await
}

fn told(accounts: u64) -> String {
    format!("{accounts} accounts exported")
}

/// Writes the accounts page by page, and says how many there were.
async fn pages(
    admin: &Administration,
    mut filter: AccountFilter,
    with_hashes: bool,
    format: FileFormat,
    to: impl Write,
) -> Result<u64, Failure> {
    let writer = AccountWriter::new(format.into(), row::columns(with_hashes), to);
    let mut writer = writer.map_err(Failure::Output)?;
    let mut count = 0;
    loop {
        let page = admin.export_accounts(&filter, with_hashes).await?;
        let mut rows = page.iter().map(row::fields);
        let written = rows.try_for_each(|fields| writer.write(&fields));
        written.and_then(|()| writer.flush()).map_err(Failure::Output)?;
        count += page.len() as u64;
        let Some(last) = page.last() else { return Ok(count) };
        filter.after = Some((last.account.realm.clone(), last.account.user_id.clone()));
    }
}

/// A file that has its name only when it is whole, and that others cannot read.
struct Target {
    file: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl Target {
    fn open(path: PathBuf, force: bool) -> Result<Self, Failure> {
        if !force && path.symlink_metadata().is_ok() {
            return Err(present(&path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(|source| unwritten(&path, source))?;
        Ok(Self { file, path, force })
    }

    /// Says which file it was that could not be written.
    fn unwritten(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Output(source) => unwritten(&self.path, source),
            other => other,
        }
    }

    /// Gives the file its name, once it is on the disk.
    fn finish(self) -> Result<String, Failure> {
        let Self { file, path, force } = self;
        file.as_file().sync_all().map_err(|source| unwritten(&path, source))?;
        let done = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        match done {
            Ok(_) => Ok(path.display().to_string()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(present(&path)),
            Err(error) => Err(unwritten(&path, error.error)),
        }
    }
}

fn present(path: &Path) -> Failure {
    Failure::Usage(format!("{} is there already; --force replaces it", path.display()))
}

fn unwritten(path: &Path, source: io::Error) -> Failure {
    Failure::File { file: path.display().to_string(), source }
}
