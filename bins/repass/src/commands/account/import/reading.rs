//! Reading the file, on a thread of its own and a little ahead of what is written.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use repass_account_file::{AccountReader, FileError};
use repass_core::{Administration, NewImport};
use tokio::sync::mpsc;

use super::row::{self, Defaults};
use crate::cli::FileFormat;

/// A batch of long rows ends when its rows have taken so many bytes of the file.
const BATCH_BYTES: u64 = 1024 * 1024;

/// Rows that are written together.
#[derive(Default)]
pub(super) struct Batch {
    /// Each with the line that it begins in: an account, or why there is none.
    pub(super) rows: Vec<(u64, Result<NewImport, String>)>,
    /// Bytes of the file up to here.
    pub(super) bytes_read: u64,
}

pub(super) type Reader = AccountReader<Box<dyn BufRead + Send>>;

/// A file that can be read, and its length, if it has one.
pub(super) struct Opened {
    pub(super) reader: Reader,
    pub(super) length: Option<u64>,
}

/// Opens the file, or stdin, and sees whether it is one of accounts.
pub(super) async fn open(file: Option<&Path>, format: FileFormat) -> Result<Opened, FileError> {
    let file = file.map(Path::to_owned);
    // On a thread of its own, since stdin may never say anything.
    let opening = tokio::task::spawn_blocking(move || {
        let (from, length): (Box<dyn BufRead + Send>, _) = match file {
            None => (Box::new(BufReader::new(io::stdin())), None),
            Some(file) => {
                let file = File::open(file)?;
                let length = file.metadata().ok().filter(Metadata::is_file);
                (Box::new(BufReader::new(file)), length.map(|file| file.len()))
            }
        };
        Ok(Opened { reader: AccountReader::new(format.into(), from)?, length })
    });
    opening.await.map_err(|error| FileError::Read(error.into()))?
}

/// The batches of the file, and at last the error that ended it, if any. Reading goes on while a
/// batch is written, but no further ahead than one more.
pub(super) fn batches(
    mut reader: Reader,
    defaults: Defaults,
) -> mpsc::Receiver<Result<Batch, FileError>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut batch = Batch::default();
            let filled = fill(&mut batch, &mut reader, &defaults);
            let is_last = batch.rows.is_empty() || filled.is_err();
            // What was read before an error is written all the same. Nobody hears of anything when
            // the import has ended meanwhile.
            let heard = batch.rows.is_empty() || sender.blocking_send(Ok(batch)).is_ok();
            let heard =
                heard && filled.map_or_else(|e| sender.blocking_send(Err(e)).is_ok(), |()| true);
            if is_last || !heard {
                return;
            }
        }
    });
    receiver
}

fn fill(batch: &mut Batch, reader: &mut Reader, defaults: &Defaults) -> Result<(), FileError> {
    let begun = reader.bytes_read();
    while batch.rows.len() < Administration::IMPORT_BATCH {
        let Some(row) = reader.next_row()? else { break };
        let account = row.fields.map_err(String::from);
        let account = account.and_then(|fields| row::account(fields, defaults));
        batch.rows.push((row.line, account));
        batch.bytes_read = reader.bytes_read();
        if batch.bytes_read - begun >= BATCH_BYTES {
            break;
        }
    }
    Ok(())
}
