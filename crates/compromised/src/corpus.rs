use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};
use zeroize::Zeroize;

use crate::bits::BitReader;
use crate::format::{CorpusInfo, ENTRY, HEADER, Layout, MAGIC, checksum, parse_entry};

/// The largest block that is read. Digests are evenly distributed, so that a block has far less.
pub(crate) const MAX_BLOCK: u64 = 64 * 1024;

/// The least that is known about how often a password was seen in breaches: at least this number of
/// times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenAtLeast(pub u64);

/// A corpus of compromised passwords in a file.
///
/// A look-up reads the file twice at most, without mapping it into memory: a file that is truncated
/// or overwritten by mistake makes look-ups fail, and never the process. Several threads can look up
/// at one time. A look-up may wait for the disk, so do not call it on a thread of an async runtime.
#[derive(Debug)]
pub struct Corpus {
    file: File,
    path: PathBuf,
    info: CorpusInfo,
    layout: Layout,
}

/// A corpus cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The file cannot be read.
    #[error("{}: the file cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not a corpus, or of a newer version.
    #[error("{}: not a corpus of `repass compromised build`, or of a newer version", .0.display())]
    NotACorpus(PathBuf),
    /// The file is shorter or longer than its head says.
    #[error("{}: has {actual} bytes instead of {expected}; copy or build it again", .path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// The length that the head says.
        expected: u64,
        /// The length of the file.
        actual: u64,
    },
    /// A part of the file differs from its checksum.
    #[error("{}: is corrupt ({part}); copy or build it again", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The part.
        part: &'static str,
    },
}

impl Corpus {
    /// Opens a corpus. Checks its head, its length and its index; blocks are checked when they are
    /// read, or all by [`verify`](Self::verify).
    ///
    /// # Errors
    /// When the file cannot be read, or is truncated or corrupt.
    pub fn open(path: &Path) -> Result<Self, CorpusError> {
        let read = |source| CorpusError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        let actual = file.metadata().map_err(read)?.len();
        let mut header = vec![0; HEADER];
        read_at(&file, &mut header, 0).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => CorpusError::NotACorpus(path.to_owned()),
            _ => read(error),
        })?;
        let info = parse_header(path, &header)?;
        if info.file_len() != actual {
            let (path, expected) = (path.to_owned(), info.file_len());
            return Err(CorpusError::Length { path, expected, actual });
        }
        let layout = Layout::from(&info);
        let corpus = Self { file, path: path.to_owned(), info, layout };
        corpus.check_index()?;
        Ok(corpus)
    }

    /// What the head of the file says.
    pub const fn info(&self) -> &CorpusInfo {
        &self.info
    }

    /// Returns whether the corpus has a password, and how often it was seen.
    ///
    /// One of 131,072 passwords that are not in the corpus is found, at most.
    ///
    /// # Errors
    /// When the file cannot be read, or a block is corrupt.
    pub fn find(&self, password: &str) -> Result<Option<SeenAtLeast>, CorpusError> {
        let mut digest: [u8; 20] = Sha1::digest(password).into();
        let found = self.find_digest(&digest);
        digest.zeroize();
        found
    }

    /// Returns whether the corpus has a password of this SHA-1 digest.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    pub fn find_digest(&self, digest: &[u8; 20]) -> Result<Option<SeenAtLeast>, CorpusError> {
        let (bucket, rest) = self.layout.split(digest);
        let block = self.block(bucket)?;
        let Some((count, codes)) = block.split_first_chunk::<2>() else { return Ok(None) };
        let mut reader = BitReader::new(codes);
        let mut next = 0;
        for _ in 0..u16::from_le_bytes(*count) {
            let code = reader.read_code(self.layout);
            let (difference, magnitude) = code.ok_or_else(|| self.corrupt("a block"))?;
            let own = next + difference;
            if own >= rest {
                let seen = SeenAtLeast(10_u64.pow(u32::from(magnitude)));
                return Ok((own == rest).then_some(seen));
            }
            next = own + 1;
        }
        Ok(None)
    }

    /// Checks every block. It reads the whole file.
    ///
    /// # Errors
    /// When the file cannot be read, or is corrupt.
    pub fn verify(&self) -> Result<(), CorpusError> {
        let mut digests = 0;
        for bucket in 0..self.info.buckets() {
            let block = self.block(bucket)?;
            let count = block.first_chunk::<2>().map_or(0, |count| u16::from_le_bytes(*count));
            digests += u64::from(count);
        }
        if digests == self.info.digests {
            Ok(())
        } else {
            Err(self.corrupt("the number of digests"))
        }
    }

    /// Reads the block of a bucket, and compares it with its checksum.
    fn block(&self, bucket: u64) -> Result<Vec<u8>, CorpusError> {
        let mut entries = [0; 2 * ENTRY];
        let at = HEADER as u64 + self.info.data_len + bucket * ENTRY as u64;
        read_at(&self.file, &mut entries, at).map_err(|source| self.read_error(source))?;
        let (first, second) = entries.split_at(ENTRY);
        let parse = |bytes: &[u8]| parse_entry(bytes.try_into().unwrap_or_default());
        let ((start, expected), (end, _)) = (parse(first), parse(second));
        let length = end.checked_sub(start).filter(|length| *length <= MAX_BLOCK);
        let length = length.filter(|_| end <= self.info.data_len);
        let length = length.ok_or_else(|| self.corrupt("the index"))?;
        let mut block = vec![0; length as usize];
        let read = read_at(&self.file, &mut block, HEADER as u64 + start);
        read.map_err(|source| self.read_error(source))?;
        if checksum(&block) != expected {
            return Err(self.corrupt("a block"));
        }
        Ok(block)
    }

    fn check_index(&self) -> Result<(), CorpusError> {
        let mut hasher = crc32fast::Hasher::new();
        let mut at = HEADER as u64 + self.info.data_len;
        let mut buffer = vec![0; 1024 * 1024];
        while at < self.info.file_len() {
            let length = (self.info.file_len() - at).min(buffer.len() as u64) as usize;
            let part = &mut buffer[..length];
            read_at(&self.file, part, at).map_err(|source| self.read_error(source))?;
            hasher.update(part);
            at += length as u64;
        }
        if hasher.finalize() == self.info.index_crc32 {
            Ok(())
        } else {
            Err(self.corrupt("the index"))
        }
    }

    fn corrupt(&self, part: &'static str) -> CorpusError {
        CorpusError::Corrupt { path: self.path.clone(), part }
    }

    fn read_error(&self, source: io::Error) -> CorpusError {
        CorpusError::Read { path: self.path.clone(), source }
    }
}

fn parse_header(path: &Path, header: &[u8]) -> Result<CorpusInfo, CorpusError> {
    let not_a_corpus = || CorpusError::NotACorpus(path.to_owned());
    let corrupt = || CorpusError::Corrupt { path: path.to_owned(), part: "the head" };
    let rest = header.strip_prefix(&MAGIC).ok_or_else(not_a_corpus)?;
    let (crc, rest) = rest.split_first_chunk::<4>().ok_or_else(corrupt)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(corrupt)?;
    let json = rest.get(..u32::from_le_bytes(*length) as usize).ok_or_else(corrupt)?;
    if crc32fast::hash(json) != u32::from_le_bytes(*crc) {
        return Err(corrupt());
    }
    let info: CorpusInfo = serde_json::from_slice(json).map_err(|_| not_a_corpus())?;
    if info.is_valid() { Ok(info) } else { Err(corrupt()) }
}

/// Reads from a position of the file.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

/// Reads from a position of the file.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut buffer[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}
