//! Compressed lists, and tar archives of range files.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
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

/// The maximum size of an unpacked archive, in bytes: three times that of all ranges of Pwned Passwords.
pub(crate) const MAX_UNPACKED: u64 = 256 * 1024 * 1024 * 1024;

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
        } else if is(b"\x28\xb5\x2f\xfd") || matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
            // The latter is a skippable frame.
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
        Content::Gzip => Box::new(Gzip(Some(GzDecoder::new(reader)))),
        Content::Zstandard => Box::new(Zstandard { reader, decoder: FrameDecoder::new() }),
        _ => return Ok((content, Box::new(reader))),
    };
    let (content, reader) = peek(BufReader::with_capacity(1 << 16, decoder))?;
    Ok((content, Box::new(reader)))
}

/// Decompresses the members of a gzip file, and ignores zeros after a member; `None` after an error.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(mut member) = self.0.take() else { return Ok(0) };
            let length = member.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                self.0 = Some(member);
                return Ok(length);
            }
            let mut reader = member.into_inner();
            loop {
                let part = reader.fill_buf()?;
                if part.is_empty() {
                    return Ok(0);
                }
                let zeros = part.iter().take_while(|byte| **byte == 0).count();
                if zeros == 0 {
                    break;
                }
                reader.consume(zeros);
            }
            self.0 = Some(GzDecoder::new(reader));
        }
    }
}

/// Decompresses the frames of a Zstandard file.
struct Zstandard<R> {
    reader: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Zstandard<R> {
    /// Begins the next frame that is not skippable. Returns false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            let length = match self.decoder.init(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => u64::from(length),
                Err(error) => return Err(io::Error::other(error)),
            };
            if io::copy(&mut self.reader.by_ref().take(length), &mut io::sink())? < length {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.reader, one).map_err(io::Error::other)?;
                continue;
            }
            let expected = self.decoder.get_checksum_from_data();
            if expected.is_some() && expected != self.decoder.get_calculated_checksum() {
                return Err(io::Error::new(ErrorKind::InvalidData, "wrong checksum of Zstandard"));
            }
            if !self.next_frame()? {
                return Ok(0);
            }
        }
        self.decoder.read(buffer)
    }
}

/// Writes all that `reader` reads to a file, where it can be read in any order.
///
/// # Errors
/// When that is more than `limit` bytes, or cannot be read or written.
pub(crate) fn unpack(
    job: &mut Job<'_>,
    mut reader: impl BufRead,
    path: &Path,
    limit: u64,
) -> Result<(), BuildError> {
    let error = |error| file_error(path, error);
    let mut file = File::create(path).map_err(error)?;
    let mut unpacked = 0;
    loop {
        let part = reader.fill_buf().map_err(BuildError::Read)?;
        if part.is_empty() {
            return file.sync_data().map_err(error);
        }
        let length = part.len();
        unpacked += length as u64;
        if unpacked > limit {
            return Err(line_error(job.name.clone(), "has more than 256 GiB when it is unpacked"));
        }
        file.write_all(part).map_err(error)?;
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
