//! The log: lines on standard error, as text or as one JSON object a line.
//!
//! A thread of its own writes the lines, so that a reader that is slow or gone, or a full disk, holds up
//! no request. Lines that cannot be written are counted, and the count is logged once writing works
//! again.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use repass_core::{Clock, SystemClock};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The most lines that wait to be written; a further one is lost.
const QUEUE: usize = 4096;

/// The longest line, in bytes; what is longer is cut.
const LONGEST_LINE: usize = 16 * 1024;

/// How long the end of the program waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Starts the log. It lasts as long as the process; drop what is returned at the end, so that the last
/// lines are written.
pub(crate) fn start(format: LogFormat, filter: &str) -> io::Result<Log> {
    let (log, lines) = Log::new();
    let lost = Arc::clone(&log.lost);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || Writer { out: io::stderr(), format, lost, is_torn: false }.run(&lines))?;
    let mut filter = EnvFilter::try_new(filter).unwrap_or_default();
    if let Ok(panics) = "repass::panic=error".parse() {
        filter = filter.add_directive(panics);
    }
    let queue = log.clone_queue();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || queue.clone())
        .with_ansi(io::stderr().is_terminal());
    // A second start in one process (only tests do that) keeps the first one's settings.
    let _ = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(log)
}

enum Message {
    Line(Vec<u8>),
    /// Answered once all lines before it are written or lost.
    Flush(SyncSender<()>),
}

/// The running log; dropping it waits for the last lines, but not for long.
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

/// What the subscriber writes each line to.
#[derive(Clone)]
struct Queue {
    lines: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A cut line still ends.
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

/// Writes the lines, on its own thread.
struct Writer<W> {
    out: W,
    format: LogFormat,
    lost: Arc<AtomicU64>,
    /// Whether the last line was written in part.
    is_torn: bool,
}

impl<W: Write> Writer<W> {
    fn run(mut self, lines: &Receiver<Message>) {
        for message in lines {
            match message {
                Message::Line(line) => {
                    if self.tell_lost().and_then(|()| self.write(&line)).is_err() {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Message::Flush(written) => {
                    let _ = self.tell_lost();
                    let _ = written.send(());
                }
            }
        }
    }

    fn tell_lost(&mut self) -> io::Result<()> {
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
        if self.is_torn {
            self.out.write_all(b"\n")?;
        }
        self.is_torn = true;
        self.out.write_all(line)?;
        self.is_torn = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A disk that has room for so many bytes more.
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
    fn l1_lines_that_find_no_room_are_counted_and_told_in_either_format() {
        for (format, told) in [
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
                Writer { out, format, lost, is_torn: false }.run(&lines);
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
            assert!(lines[2].ends_with(told), "{written}");
            assert_eq!(lines[3..], ["fourth\n"]);
        }
    }

    /// Proves L1.
    #[test]
    fn l1_lines_are_lost_and_nobody_waits_when_nobody_writes() {
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
