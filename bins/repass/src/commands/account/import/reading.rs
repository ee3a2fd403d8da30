//! Reads the file on a separate thread, one batch ahead of the writer.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use repass_account_file::{AccountReader, Batch, Defaults, FileError};
use tokio::sync::mpsc;

use crate::cli::FileFormat;

pub(super) type Reader = AccountReader<Box<dyn BufRead + Send>>;

/// An open file and its length, if known.
pub(super) struct Opened {
    pub(super) reader: Reader,
    pub(super) length: Option<u64>,
}

/// Opens the file, or stdin, and checks that it contains accounts.
pub(super) async fn open(file: Option<&Path>, format: FileFormat) -> Result<Opened, FileError> {
    let file = file.map(Path::to_owned);
    // A read from stdin may block forever.
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

/// Returns the batches of the file, followed by the error that ended it, if any. At most one batch
/// is read ahead.
pub(super) fn batches(
    mut reader: Reader,
    defaults: Defaults,
) -> mpsc::Receiver<Result<Batch, FileError>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut batch = Batch::default();
            let filled = batch.fill(&mut reader, &defaults);
            let is_last = batch.rows.is_empty() || filled.is_err();
            // Rows before an error are imported, too. Sending fails if the import was interrupted.
            let mut sent = batch.rows.is_empty() || sender.blocking_send(Ok(batch)).is_ok();
            if let Err(error) = filled {
                sent = sent && sender.blocking_send(Err(error)).is_ok();
            }
            if is_last || !sent {
                return;
            }
        }
    });
    receiver
}
