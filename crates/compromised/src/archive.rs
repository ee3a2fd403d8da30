//! Compressed lists, and tar archives of range files.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use tar::{Archive, EntryType};

use crate::builder::BuildError;
use crate::corpus::read_at;
use crate::line::{file_error, line_error};
use crate::ranges::{RangeFiles, prefix};
use crate::source::Job;

/// The bytes at the beginning that tell what a source is: the header of a tar entry.
const HEAD: u64 = 512;

/// The maximum size of the headers of one entry, in bytes. A long name has headers of its own.
const MAX_HEADERS: u64 = 64 * 1024;

/// What a source is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    List,
    Tar,
    Gzip,
    Zstandard,
    /// Another compression.
    Unsupported,
}

impl Content {
    fn of(head: &[u8]) -> Self {
        let is = |magic: &[u8]| head.starts_with(magic);
        if is(b"\x1f\x8b") {
            Self::Gzip
        } else if is(b"\x28\xb5\x2f\xfd") {
            Self::Zstandard
        } else if is(b"PK\x03\x04") || is(b"7z\xbc\xaf") || is(b"\xfd7zXZ") || is(b"BZh") {
            Self::Unsupported
        } else if head.get(257..262) == Some(b"ustar") {
            Self::Tar
        } else {
            Self::List
        }
    }
}

type FromBeginning<R> = Chain<Cursor<Vec<u8>>, R>;

/// Returns what `reader` reads, and a reader from the beginning.
pub(crate) fn peek<R: Read>(mut reader: R) -> io::Result<(Content, FromBeginning<R>)> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((Content::of(&head), Cursor::new(head).chain(reader)))
}

/// Decompresses what `reader` reads if it is compressed. Returns what that is, and its reader.
pub(crate) fn decompressed<'a>(
    reader: impl BufRead + 'a,
) -> io::Result<(Content, Box<dyn BufRead + 'a>)> {
    let (content, reader) = peek(reader)?;
    let decoder: Box<dyn Read + 'a> = match content {
        Content::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Content::Zstandard => Box::new(Zstandard(Some(frame(reader)?))),
        _ => return Ok((content, Box::new(reader))),
    };
    let (content, reader) = peek(BufReader::with_capacity(1 << 16, decoder))?;
    Ok((content, Box::new(reader)))
}

/// The frame of Zstandard that is decompressed; `None` at the end.
struct Zstandard<R: Read>(Option<StreamingDecoder<R, FrameDecoder>>);

fn frame<R: Read>(reader: R) -> io::Result<StreamingDecoder<R, FrameDecoder>> {
    StreamingDecoder::new(reader).map_err(io::Error::other)
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(mut ended) = self.0.take() else { return Ok(0) };
            let length = ended.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                self.0 = Some(ended);
                return Ok(length);
            }
            let (mut reader, decoder) = ended.into_parts();
            let expected = decoder.get_checksum_from_data();
            if expected.is_some() && expected != decoder.get_calculated_checksum() {
                return Err(io::Error::new(ErrorKind::InvalidData, "wrong checksum of Zstandard"));
            }
            if !reader.fill_buf()?.is_empty() {
                self.0 = Some(frame(reader)?);
            }
        }
    }
}

/// Writes all that `reader` reads to a file, where it can be read in any order.
pub(crate) fn unpack(
    job: &mut Job<'_>,
    mut reader: impl BufRead,
    path: &Path,
) -> Result<(), BuildError> {
    let error = |error| file_error(path, error);
    let mut file = File::create(path).map_err(error)?;
    loop {
        let part = reader.fill_buf().map_err(BuildError::Read)?;
        if part.is_empty() {
            return file.sync_data().map_err(error);
        }
        file.write_all(part).map_err(error)?;
        let length = part.len();
        reader.consume(length);
        job.report(0, job.permille());
    }
}

/// The place of a range file in an archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    position: u64,
    length: u64,
}

impl Entry {
    pub(crate) fn read(self, archive: &File) -> io::Result<Vec<u8>> {
        let mut text = vec![0; self.length as usize];
        read_at(archive, &mut text, self.position)?;
        Ok(text)
    }
}

/// Finds the range files of a tar archive by their names, wherever they are in it. Reads only the
/// headers.
pub(crate) fn ranges(mut archive: &File, name: &str) -> Result<RangeFiles<Entry>, BuildError> {
    let error = |error| file_error(Path::new(name), error);
    archive.rewind().map_err(error)?;
    let limit = Rc::new(Limit { left: Cell::new(MAX_HEADERS), is_at_end: Cell::new(false) });
    let mut tar = Archive::new(Headers { archive, limit: Rc::clone(&limit) });
    let mut files = RangeFiles::new();
    for entry in tar.entries_with_seek().map_err(error)? {
        let entry = entry.map_err(error)?;
        limit.left.set(MAX_HEADERS);
        let path = entry.path_bytes();
        let path = String::from_utf8_lossy(&path);
        let Some(prefix) = prefix(path.rsplit('/').next().unwrap_or_default()) else { continue };
        let place = || format!("{name}: {}", path.escape_debug());
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            EntryType::Regular | EntryType::Continuous => {}
            _ => return Err(line_error(place(), "is not a regular file")),
        }
        let (position, length) = (entry.raw_file_position(), entry.size());
        files.add(prefix, Entry { position, length }, length, place)?;
    }
    if limit.is_at_end.get() {
        return Err(line_error(name.to_owned(), "is truncated: the archive has no end"));
    }
    Ok(files)
}

/// Reads the headers of an archive.
struct Headers<'a> {
    archive: &'a File,
    limit: Rc<Limit>,
}

struct Limit {
    /// The bytes that may be read, so that a name cannot fill the memory.
    left: Cell<u64>,
    /// Whether nothing was left to read, where there must be a mark of the end.
    is_at_end: Cell<bool>,
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.limit.left.get();
        if left == 0 {
            let reason = "the headers of an entry have more than 64 KiB";
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        let length = self.archive.take(left).read(buffer)?;
        self.limit.left.set(left - length as u64);
        self.limit.is_at_end.set(length == 0);
        Ok(length)
    }
}

impl Seek for Headers<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.archive.seek(position)
    }
}
