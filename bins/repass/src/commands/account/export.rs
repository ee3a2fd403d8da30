//! `repass account export`

mod row;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use repass_account_file::AccountWriter;
use repass_core::{AccountFilter, Administration};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::cli::{ExportAccounts, FileFormat};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Number of accounts that are read at a time.
const PAGE: u32 = 500;

pub(super) async fn run(
    export: ExportAccounts,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let ExportAccounts { realm, format, with_hashes, output: file, force } = export;
    let format = format.or_else(|| file.as_deref().and_then(FileFormat::from_extension));
    let format = format.unwrap_or(FileFormat::Csv);
    let file = file.map(|path| OutputFile::create(path, force)).transpose()?;
    with_database(settings, Migration::Refuse, output, async |admin| {
        if with_hashes {
            let text = "the export contains password hashes, which allow offline guessing; protect it \
                        as the database, and delete it when it is not needed any more";
            output.warning("hashes-exported", text);
        }
        let filter = AccountFilter { realm, limit: PAGE, ..AccountFilter::default() };
        let admin = admin.administration();
        match file {
            None => match write_all(&admin, filter, with_hashes, format, io::stdout()).await {
                // As in `repass account export | head`.
                Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                written => written.map(|accounts| output.note(&summary(accounts))),
            },
            Some(mut file) => {
                let accounts = write_all(&admin, filter, with_hashes, format, &mut file.temporary);
                let accounts = accounts.await.map_err(|failure| file.write_failure(failure))?;
                let json = json!({ "accounts": accounts, "file": file.persist()? });
                output.result(&json, &format!("{}\n", summary(accounts)))
            }
        }
    })
    .await
}

fn summary(accounts: u64) -> String {
    format!("{accounts} accounts exported")
}

/// Writes the accounts page by page, and returns their number.
async fn write_all(
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

/// A file that is written under a temporary name, readable by its owner only, and renamed when it
/// is complete.
struct OutputFile {
    temporary: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl OutputFile {
    fn create(path: PathBuf, force: bool) -> Result<Self, Failure> {
        if !force && path.symlink_metadata().is_ok() {
            return Err(already_exists(&path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let temporary = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let temporary = temporary.map_err(|source| file_failure(&path, source))?;
        Ok(Self { temporary, path, force })
    }

    /// Adds the path to a write failure.
    fn write_failure(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Output(source) => file_failure(&self.path, source),
            other => other,
        }
    }

    /// Syncs the file, renames it, and returns its path.
    fn persist(self) -> Result<String, Failure> {
        let Self { temporary, path, force } = self;
        temporary.as_file().sync_all().map_err(|source| file_failure(&path, source))?;
        let persisted =
            if force { temporary.persist(&path) } else { temporary.persist_noclobber(&path) };
        match persisted {
            Ok(_) => Ok(path.display().to_string()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Err(already_exists(&path))
            }
            Err(error) => Err(file_failure(&path, error.error)),
        }
    }
}

fn already_exists(path: &Path) -> Failure {
    Failure::Usage(format!("{} already exists; use --force to replace it", path.display()))
}

fn file_failure(path: &Path, source: io::Error) -> Failure {
    Failure::File { file: path.display().to_string(), source }
}
