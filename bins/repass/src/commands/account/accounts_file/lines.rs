//! Lines of bounded length.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// The most bytes of a row. The largest profile that `account add` takes has room in it, however it
/// is quoted.
pub(super) const ROW_BYTES: usize = 256 * 1024;

/// A line of a file.
pub(super) struct Line {
    /// From 1 on.
    pub(super) number: u64,
    /// Without what ends it; nothing when it is too long.
    pub(super) bytes: Vec<u8>,
    /// What ends it: LF, CRLF, or nothing at the end of the file.
    pub(super) end: &'static [u8],
    /// Whether it has more than [`ROW_BYTES`].
    pub(super) too_long: bool,
}

/// The lines of a file, which end with LF or CRLF. A byte order mark is left out.
pub(super) struct Lines<R> {
    from: R,
    /// Lines that are to be read again.
    returned: VecDeque<Line>,
    read: u64,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, returned: VecDeque::new(), read: 0, number: 0 }
    }

    /// Bytes of the file that were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        match self.returned.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// Has the lines read again, in their order.
    pub(super) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.returned.push_front(line);
        }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        // With room for what ends the longest line.
        let most = ROW_BYTES as u64 + 2;
        self.read += (&mut self.from).take(most).read_until(b'\n', &mut bytes)? as u64;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let ends = [b"\r\n".as_slice(), b"\n", b""];
        let end = ends.into_iter().find(|end| bytes.ends_with(end)).unwrap_or_default();
        if end.is_empty() && bytes.len() as u64 == most {
            self.read += self.from.skip_until(b'\n')? as u64;
        }
        bytes.truncate(bytes.len() - end.len());
        if self.number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        let too_long = bytes.len() > ROW_BYTES;
        if too_long {
            bytes = Vec::new();
        }
        Ok(Some(Line { number: self.number, bytes, end, too_long }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(bytes);
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = (!line.too_long).then(|| String::from_utf8(line.bytes).unwrap());
            read.push((line.number, text));
        }
        assert_eq!(lines.bytes_read(), bytes.len() as u64);
        read
    }

    fn text(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn lines_end_as_they_like() {
        assert_eq!(lines(b""), []);
        assert_eq!(
            lines(b"\xef\xbb\xbfa\r\nb\n\nc"),
            [text(1, "a"), text(2, "b"), text(3, ""), text(4, "c")]
        );
        assert_eq!(lines(b"a\rb\r"), [text(1, "a\rb\r")]);
    }

    #[test]
    fn long_lines_are_skipped_and_counted() {
        let longest = "x".repeat(ROW_BYTES);
        for end in ["\n", "\r\n", ""] {
            assert_eq!(lines(format!("{longest}{end}").as_bytes()), [text(1, &longest)]);
            let longer = format!("{longest}x{end}");
            assert_eq!(lines(longer.as_bytes()), [(1, None)], "{end:?}");
        }
        let far_longer = format!("{longest}{longest}{longest}\nb\n{longest}xx\nc");
        let expected = [(1, None), text(2, "b"), (3, None), text(4, "c")];
        assert_eq!(lines(far_longer.as_bytes()), expected);
    }
}
