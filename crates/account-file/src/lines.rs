//! Lines of bounded length.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// The maximum length of a row in bytes, including its line end. The largest profile that
/// `repass account add` accepts fits, however it is quoted.
pub const MAX_ROW_BYTES: usize = 256 * 1024;

/// A line of a file.
pub(crate) struct Line {
    /// The line number, starting at 1.
    pub(crate) number: u64,
    /// The line with its line end; only the beginning if the line is too long.
    pub(crate) bytes: Vec<u8>,
    /// Whether the line has more than [`MAX_ROW_BYTES`].
    pub(crate) is_too_long: bool,
}

/// The lines of a file, without a byte order mark.
pub(crate) struct Lines<R> {
    file: R,
    /// Bytes that were put back, and are read before the rest of the file.
    put_back: VecDeque<u8>,
    bytes_read: u64,
    lines_read: u64,
    /// Whether the rest of a line that is too long is still to be skipped.
    is_in_long_line: bool,
    #[cfg(test)]
    pub(crate) bytes_read_again: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(file: R) -> Self {
        Self {
            file,
            put_back: VecDeque::new(),
            bytes_read: 0,
            lines_read: 0,
            is_in_long_line: false,
            #[cfg(test)]
            bytes_read_again: 0,
        }
    }

    /// Returns the number of bytes that were read and not put back.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut source = (&mut self.put_back).chain(&mut self.file);
        if self.is_in_long_line {
            self.bytes_read += source.skip_until(b'\n')? as u64;
            self.is_in_long_line = false;
        }
        let mut bytes = Vec::new();
        self.bytes_read +=
            source.take(MAX_ROW_BYTES as u64 + 1).read_until(b'\n', &mut bytes)? as u64;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.lines_read += 1;
        let is_too_long = bytes.len() > MAX_ROW_BYTES;
        self.is_in_long_line = is_too_long && !bytes.ends_with(b"\n");
        if self.lines_read == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number: self.lines_read, bytes, is_too_long }))
    }

    /// Puts back `bytes`, which were read after line `number`.
    pub(crate) fn put_back(&mut self, number: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        for byte in bytes.iter().rev() {
            self.put_back.push_front(*byte);
        }
        self.bytes_read -= bytes.len() as u64;
        self.lines_read = number;
        self.is_in_long_line = false;
        #[cfg(test)]
        {
            self.bytes_read_again += bytes.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(bytes);
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = (!line.is_too_long).then(|| String::from_utf8(line.bytes).unwrap());
            read.push((line.number, text));
        }
        assert_eq!(lines.bytes_read(), bytes.len() as u64);
        read
    }

    fn text(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn lines_end_with_a_line_feed_or_the_file() {
        assert_eq!(lines(b""), []);
        assert_eq!(
            lines(b"\xef\xbb\xbfa\r\nb\n\nc"),
            [text(1, "a\r\n"), text(2, "b\n"), text(3, "\n"), text(4, "c")]
        );
        assert_eq!(lines(b"a\rb\r"), [text(1, "a\rb\r")]);
    }

    #[test]
    fn long_lines_are_skipped_and_counted() {
        for end in ["\n", "\r\n", ""] {
            let longest = "x".repeat(MAX_ROW_BYTES - end.len()) + end;
            assert_eq!(lines(longest.as_bytes()), [text(1, &longest)]);
            assert_eq!(lines(format!("x{longest}").as_bytes()), [(1, None)], "{end:?}");
            let marked = format!("\u{feff}{longest}");
            assert_eq!(lines(marked.as_bytes()), [(1, None)], "the byte order mark is counted");
        }
        let long = "x".repeat(MAX_ROW_BYTES + 1);
        let file = format!("{long}{long}{long}\nb\n{long}\nc");
        assert_eq!(lines(file.as_bytes()), [(1, None), text(2, "b\n"), (3, None), text(4, "c")]);
    }

    #[test]
    fn bytes_that_were_put_back_are_read_again() {
        let long = "x".repeat(3 * MAX_ROW_BYTES);
        let file = format!("a\nb\n{long}\nc");
        let mut lines = Lines::new(file.as_bytes());
        lines.next().unwrap();
        let b = lines.next().unwrap().unwrap();
        let rest = lines.next().unwrap().unwrap();
        lines.put_back(1, &[b.bytes, rest.bytes].concat());
        assert_eq!(lines.bytes_read(), 2);
        let mut next = || lines.next().unwrap().map(|line| (line.number, line.is_too_long));
        assert_eq!([next(), next(), next()], [Some((2, false)), Some((3, true)), Some((4, false))]);
        assert_eq!(next(), None);
        assert_eq!(lines.bytes_read(), file.len() as u64);
    }
}
