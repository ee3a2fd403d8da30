//! The log: lines on standard error, as text or as one JSON object a line.
//!
//! A separate thread writes the lines, so that a slow or closed reader, or a full disk, delays no request.
//! Lines that cannot be written are counted, and the count is logged when writing works again.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use repass_core::{Clock, SystemClock};
use tracing_subscriber::EnvFilter;

use repass_config::LogFormat;

/// The largest number of lines that wait to be written. Further lines are dropped.
const QUEUE: usize = 4096;

/// The longest line, in bytes. Longer lines are cut.
const LONGEST_LINE: usize = 16 * 1024;

/// How long the exit of the program waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Starts the log, for the life of the process. Drop the returned [`Log`] at the end, so that the last lines
/// are written.
pub(crate) fn start(format: LogFormat, filter: &str) -> io::Result<Log> {
    let (log, lines) = Log::new();
    let lost = Arc::clone(&log.lost);
    std::thread::Builder::new().name("log".to_owned()).spawn(move || {
        Writer { out: io::stderr(), format, lost, is_incomplete: false }.run(&lines);
    })?;
    let mut filter = EnvFilter::try_new(filter).unwrap_or_default();
    if let Ok(panics) = "repass::panic=error".parse() {
        filter = filter.add_directive(panics);
    }
    let queue = log.clone_queue();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || queue.clone())
        .with_ansi(io::stderr().is_terminal());
    // A second start in one process, which only tests do, has no effect.
    let _ = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(log)
}

enum Message {
    Line(Vec<u8>),
    /// Answered when all lines before it are written or dropped.
    Flush(SyncSender<()>),
}

/// The log. Dropping it waits up to [`LAST_LINES`] for the last lines.
pub(crate) struct Log {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Log {
    fn new() -> (Self, Receiver<Message>) {
        let (queue, lines) = sync_channel(QUEUE);
        (Self { queue, lost: Arc::default() }, lines)
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
    lost: Arc<AtomicU64>,
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A cut line still ends with a line feed.
        let mut line_sent = line[..line.len().min(LONGEST_LINE)].to_vec();
        if line_sent.len() < line.len() {
            line_sent.push(b'\n');
        }
        if self.lines.try_send(Message::Line(line_sent)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the lines on the log thread.
struct Writer<W> {
    out: W,
    format: LogFormat,
    lost: Arc<AtomicU64>,
    /// Whether the last line was written only in part.
    is_incomplete: bool,
}

impl<W: Write> Writer<W> {
    fn run(mut self, lines: &Receiver<Message>) {
        for message in lines {
            match message {
                Message::Line(line) => {
                    if self.report_lost().and_then(|()| self.write(&line)).is_err() {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Message::Flush(written) => {
                    let _ = self.report_lost();
                    let _ = written.send(());
                }
            }
        }
    }

    fn report_lost(&mut self) -> io::Result<()> {
        let lines = self.lost.load(Ordering::Relaxed);
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
        self.lost.fetch_sub(lines, Ordering::Relaxed);
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
            let (log, lines) = Log::new();
            let mut queue = log.clone_queue();
            let lost = Arc::clone(&log.lost);
            let out = disk.clone();
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
        let (log, lines) = Log::new();
        let mut queue = log.clone_queue();
        for _ in 0..QUEUE + 7 {
            queue.write_all(b"line\n").unwrap();
        }
        assert_eq!(log.lost.load(Ordering::Relaxed), 7);
        let Message::Line(first) = lines.recv().unwrap() else { panic!("a flush") };
        assert_eq!(first, b"line\n");
        queue.write_all(&[b'x'; LONGEST_LINE + 1]).unwrap();
        let last = lines.try_iter().last().unwrap();
        let Message::Line(last) = last else { panic!("a flush") };
        assert!(last.len() == LONGEST_LINE + 1 && last.ends_with(b"x\n"));
        drop(log);
        drop(lines);
        queue.write_all(b"after the end\n").unwrap();
    }
}
