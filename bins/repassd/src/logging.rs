//! The log: lines on standard error or in a file, as text or as one JSON object a line.
//!
//! A separate thread writes the lines, so that a slow or closed reader, or a full disk, delays no
//! request. Lines that cannot be written are counted, and the count is logged when writing works
//! again.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use repass_core::{Clock, SystemClock};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::traces::{self, Traces};
use repass_config::{LogConfig, LogFormat};

/// The largest number of lines that wait to be written. Further lines are dropped.
const QUEUE: usize = 4096;

/// The longest line, in bytes. Longer lines are cut.
const LONGEST_LINE: usize = 16 * 1024;

/// How long the exit of the program waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// `log.file` cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("log.file: {} cannot be opened", .file.display())]
pub(crate) struct LogFileError {
    file: PathBuf,
    #[source]
    source: io::Error,
}

/// Starts the log, for the life of the process. Drop the returned [`Log`] at the end, so that the
/// last lines are written.
pub(crate) fn start(
    config: &LogConfig,
    traces: &Traces,
) -> Result<Log, Box<dyn std::error::Error>> {
    let out: Output = match &config.file {
        Some(file) => Box::new(open(file)?),
        None => Box::new(io::stderr()),
    };
    let (filter, handle) = reload::Layer::new(of_log(config.filter.clone()));
    let (log, lines) = Log::new(config.file.clone(), Some(handle));
    let (lost, format) = (log.lost_lines(), config.format);
    std::thread::Builder::new().name("log".to_owned()).spawn(move || {
        Writer { out, format, lost, is_incomplete: false }.run(&lines);
    })?;
    let queue = log.clone_queue();
    let lines = fmt::layer()
        .with_writer(move || queue.clone())
        .with_ansi(config.file.is_none() && io::stderr().is_terminal());
    let registry = tracing_subscriber::registry();
    // A second start in one process, which only tests do, has no effect.
    let _ = match format {
        LogFormat::Text => registry.with(lines.with_filter(filter)).with(traces.layer()).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            registry.with(lines.with_filter(filter)).with(traces.layer()).try_init()
        }
    };
    Ok(log)
}

/// Panics are always logged, and spans for traces never.
fn of_log(filter: Targets) -> Targets {
    filter
        .with_target("repass::panic", LevelFilter::ERROR)
        .with_target(traces::TARGET, LevelFilter::OFF)
}

fn open(file: &Path) -> Result<File, LogFileError> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    opened.map_err(|source| LogFileError { file: file.to_owned(), source })
}

type Output = Box<dyn Write + Send>;

enum Message {
    Line(Vec<u8>),
    /// The lines that follow are written here.
    Output(Output),
    /// Answered when all lines before it are written or dropped.
    Flush(SyncSender<()>),
}

/// The log. Dropping it waits up to [`LAST_LINES`] for the last lines.
pub(crate) struct Log {
    queue: SyncSender<Message>,
    lost: Arc<LostLines>,
    file: Option<PathBuf>,
    filter: Option<reload::Handle<Targets, Registry>>,
}

/// The number of lines that were not written.
#[derive(Debug, Default)]
pub(crate) struct LostLines {
    unreported: AtomicU64,
    total: AtomicU64,
}

impl LostLines {
    /// Returns the number since the start.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    fn add_one(&self) {
        self.unreported.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
    }
}

impl Log {
    fn new(
        file: Option<PathBuf>,
        filter: Option<reload::Handle<Targets, Registry>>,
    ) -> (Self, Receiver<Message>) {
        let (queue, lines) = sync_channel(QUEUE);
        (Self { queue, lost: Arc::default(), file, filter }, lines)
    }

    pub(crate) fn lost_lines(&self) -> Arc<LostLines> {
        Arc::clone(&self.lost)
    }

    /// Opens the file again, which may have been renamed.
    pub(crate) fn reopen(&self) -> Result<(), Box<dyn std::error::Error>> {
        if let Some(file) = &self.file {
            let output: Output = Box::new(open(file)?);
            self.queue.try_send(Message::Output(output)).map_err(|_| "too many lines wait")?;
        }
        Ok(())
    }

    pub(crate) fn set_filter(&self, filter: Targets) -> Result<(), reload::Error> {
        self.filter.as_ref().map_or(Ok(()), |handle| handle.reload(of_log(filter)))
    }

    fn clone_queue(&self) -> Queue {
        Queue { lines: self.queue.clone(), lost: Arc::clone(&self.lost) }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let deadline = Instant::now() + LAST_LINES;
        let (written, when_written) = sync_channel(1);
        let mut flush = Message::Flush(written);
        while let Err(TrySendError::Full(unsent)) = self.queue.try_send(flush) {
            if Instant::now() >= deadline {
                return;
            }
            flush = unsent;
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = when_written.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// The writer of the subscriber.
#[derive(Clone)]
struct Queue {
    lines: SyncSender<Message>,
    lost: Arc<LostLines>,
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A cut line still ends with a line feed.
        let mut line_sent = line[..line.len().min(LONGEST_LINE)].to_vec();
        if line_sent.len() < line.len() {
            line_sent.push(b'\n');
        }
        if self.lines.try_send(Message::Line(line_sent)).is_err() {
            self.lost.add_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the lines on the log thread.
struct Writer {
    out: Output,
    format: LogFormat,
    lost: Arc<LostLines>,
    /// Whether the last line was written only in part.
    is_incomplete: bool,
}

impl Writer {
    fn run(mut self, lines: &Receiver<Message>) {
        for message in lines {
            match message {
                Message::Line(line) => {
                    if self.report_lost().and_then(|()| self.write(&line)).is_err() {
                        self.lost.add_one();
                    }
                }
                Message::Output(out) => (self.out, self.is_incomplete) = (out, false),
                Message::Flush(written) => {
                    let _ = self.report_lost();
                    let _ = written.send(());
                }
            }
        }
    }

    fn report_lost(&mut self) -> io::Result<()> {
        let lines = self.lost.unreported.load(Ordering::Relaxed);
        if lines == 0 {
            return Ok(());
        }
        let time = SystemClock.now();
        let (target, message) = (module_path!(), "log lines were lost");
        let line = match self.format {
            LogFormat::Text => format!("{time}  WARN {target}: {message} lines={lines}\n"),
            LogFormat::Json => format!(
                "{{\"timestamp\":\"{time}\",\"level\":\"WARN\",\"message\":\"{message}\",\
                 \"lines\":{lines},\"target\":\"{target}\"}}\n"
            ),
        };
        self.write(line.as_bytes())?;
        self.lost.unreported.fetch_sub(lines, Ordering::Relaxed);
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_incomplete {
            self.out.write_all(b"\n")?;
        }
        self.is_incomplete = true;
        self.out.write_all(line)?;
        self.is_incomplete = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A disk with a limited number of free bytes.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Disk {
        fn with_room(room: usize) -> Self {
            Self(Arc::new(Mutex::new((room, Vec::new()))))
        }

        fn written(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().1.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, written) = &mut *self.0.lock().unwrap();
            let taken = bytes.len().min(*room);
            if taken == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= taken;
            written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Proves L1.
    #[test]
    fn l1_lines_that_cannot_be_written_are_counted_and_reported_in_either_format() {
        for (format, report) in [
            (LogFormat::Text, "WARN repassd::logging: log lines were lost lines=2\n"),
            (
                LogFormat::Json,
                "\"level\":\"WARN\",\"message\":\"log lines were lost\",\"lines\":2,\
                 \"target\":\"repassd::logging\"}\n",
            ),
        ] {
            let disk = Disk::with_room("first\nsec".len());
            let (log, lines) = Log::new(None, None);
            let mut queue = log.clone_queue();
            let lost = log.lost_lines();
            let out = Box::new(disk.clone());
            let writer = std::thread::spawn(move || {
                Writer { out, format, lost, is_incomplete: false }.run(&lines);
            });
            queue.write_all(b"first\n").unwrap();
            queue.write_all(b"second\n").unwrap();
            queue.write_all(b"third\n").unwrap();
            let (written, when_written) = sync_channel(1);
            log.queue.send(Message::Flush(written)).unwrap();
            when_written.recv().unwrap();
            disk.0.lock().unwrap().0 = 10_000;
            queue.write_all(b"fourth\n").unwrap();
            drop((queue, log));
            writer.join().unwrap();
            let written = disk.written();
            let lines: Vec<&str> = written.split_inclusive('\n').collect();
            assert_eq!(lines[..2], ["first\n", "sec\n"]);
            assert!(lines[2].ends_with(report), "{written}");
            assert_eq!(lines[3..], ["fourth\n"]);
        }
    }

    /// Proves L1.
    #[test]
    fn l1_lines_are_dropped_without_waiting_when_the_queue_is_full() {
        let (log, lines) = Log::new(None, None);
        let mut queue = log.clone_queue();
        for _ in 0..QUEUE + 7 {
            queue.write_all(b"line\n").unwrap();
        }
        assert_eq!(log.lost.total(), 7);
        let Message::Line(first) = lines.recv().unwrap() else { panic!("no line") };
        assert_eq!(first, b"line\n");
        queue.write_all(&[b'x'; LONGEST_LINE + 1]).unwrap();
        let last = lines.try_iter().last().unwrap();
        let Message::Line(last) = last else { panic!("no line") };
        assert!(last.len() == LONGEST_LINE + 1 && last.ends_with(b"x\n"));
        drop(log);
        drop(lines);
        queue.write_all(b"after the end\n").unwrap();
    }
}
