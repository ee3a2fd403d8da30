use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::bits::BitWriter;
use crate::corpus::MAX_BLOCK;
use crate::format::{CorpusInfo, ENTRY, HEADER, Layout, MAGIC, checksum, entry, magnitude};

/// Writes a corpus from digests in ascending order, in little memory.
///
/// It writes to files beside the target, `FILE.partial` and two more, and renames the first at the
/// end, so that a server never opens an incomplete corpus. After [`checkpoint`](Self::checkpoint), a
/// build that was interrupted can be [resumed](Self::resume).
#[derive(Debug)]
pub struct Builder {
    target: PathBuf,
    data: BufWriter<File>,
    index: BufWriter<File>,
    state: State,
    /// The codes of the current bucket.
    block: BitWriter,
    /// The number of codes in `block`.
    in_block: u32,
    /// The rest of the last digest in `block`, plus one.
    next: u64,
    /// The last digest, which is not in `block` yet.
    pending: Option<(u64, u8)>,
}

/// What a checkpoint keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    layout: Layout,
    /// The current bucket.
    bucket: u64,
    /// The digests before the current bucket.
    digests: u64,
    /// The bytes of data before the current bucket.
    data_len: u64,
    /// Where the digests of the current bucket begin in the source.
    position: u64,
    /// What the source is, so that another one is not continued.
    source: String,
    min_count: u64,
}

/// A corpus cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file cannot be read or written.
    #[error("{}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The source cannot be read.
    #[error("the source cannot be read")]
    Read(#[source] io::Error),
    /// A line or a file of the source is malformed.
    #[error("{place}: {reason}")]
    Line {
        /// The file, and the line if it is a line.
        place: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The digests are not in ascending order.
    #[error("{0}: the digests are not in ascending order; use the list that is ordered by hash")]
    Order(String),
    /// So many digests begin with the same bits that they are no SHA-1 digests.
    #[error("{0}: too many digests begin alike; are they SHA-1 digests?")]
    Uneven(String),
    /// There is no digest in the source.
    #[error("the source has no digest, or none of a password that was seen often enough")]
    Empty,
}

impl Builder {
    /// Begins a corpus of at most about `expected` digests; twice as many make it less compact, not
    /// wrong. `source` and `min_count` are what its head says.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create(
        target: &Path,
        expected: u64,
        source: &str,
        min_count: u64,
    ) -> Result<Self, BuildError> {
        let state = State {
            layout: Layout::for_digests(expected),
            bucket: 0,
            digests: 0,
            data_len: 0,
            position: 0,
            source: source.to_owned(),
            min_count,
        };
        // An older checkpoint does not describe the files that are begun here.
        let checkpoint = checkpoint_file(target);
        match fs::remove_file(&checkpoint) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(file_error(&checkpoint)(error));
            }
            _ => {}
        }
        let mut builder = Self::open(target, state, true)?;
        let header = vec![0; HEADER];
        builder.data.write_all(&header).map_err(file_error(&partial(target)))?;
        Ok(builder)
    }

    /// Continues an interrupted build of the same source at its last checkpoint. Returns the
    /// position in the source with it. `None` if there is nothing to continue.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn resume(
        target: &Path,
        source: &str,
        min_count: u64,
    ) -> Result<Option<(Self, u64)>, BuildError> {
        let Ok(json) = fs::read(checkpoint_file(target)) else { return Ok(None) };
        let Ok(state) = serde_json::from_slice::<State>(&json) else { return Ok(None) };
        if state.source != source || state.min_count != min_count {
            return Ok(None);
        }
        let position = state.position;
        let (data_len, index_len) = (HEADER as u64 + state.data_len, state.bucket * ENTRY as u64);
        let mut builder = Self::open(target, state, false)?;
        for (file, length, path) in [
            (&mut builder.data, data_len, partial(target)),
            (&mut builder.index, index_len, index_file(target)),
        ] {
            let actual = file.get_ref().metadata().map_err(file_error(&path))?.len();
            if actual < length {
                return Ok(None);
            }
            file.get_ref().set_len(length).map_err(file_error(&path))?;
            file.seek(SeekFrom::End(0)).map_err(file_error(&path))?;
        }
        Ok(Some((builder, position)))
    }

    fn open(target: &Path, state: State, truncate: bool) -> Result<Self, BuildError> {
        let open = |path: PathBuf| {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(truncate).open(&path);
            file.map(|file| BufWriter::with_capacity(1 << 20, file)).map_err(file_error(&path))
        };
        let (data, index) = (open(partial(target))?, open(index_file(target))?);
        Ok(Self {
            target: target.to_owned(),
            data,
            index,
            state,
            block: BitWriter::default(),
            in_block: 0,
            next: 0,
            pending: None,
        })
    }

    /// Adds the SHA-1 digest of a password that was seen `count` times. `place` is where it is in
    /// the source, for errors. Digests that were seen less often than `min_count` are left out.
    ///
    /// # Errors
    /// When the digest is not above the one before it, or a file cannot be written.
    pub fn add(
        &mut self,
        digest: &[u8; 20],
        count: u64,
        place: impl Fn() -> String,
    ) -> Result<(), BuildError> {
        if count < self.state.min_count.max(1) {
            return Ok(());
        }
        let (bucket, rest) = self.state.layout.split(digest);
        let magnitude = magnitude(count);
        if bucket < self.state.bucket {
            return Err(BuildError::Order(place()));
        }
        if bucket == self.state.bucket {
            match &mut self.pending {
                Some((last, _)) if rest < *last => return Err(BuildError::Order(place())),
                // Two digests with the same first bits.
                Some((last, own)) if rest == *last => {
                    *own = magnitude.max(*own);
                    return Ok(());
                }
                _ => self.write_pending(&place)?,
            }
        } else {
            self.end_buckets(bucket, &place)?;
        }
        self.pending = Some((rest, magnitude));
        Ok(())
    }

    /// The number of digests so far.
    pub const fn digests(&self) -> u64 {
        self.state.digests + self.in_block as u64 + self.pending.is_some() as u64
    }

    /// Ends the bucket before that of `digest`, the next one to add, and keeps what is written, so
    /// that a build that is interrupted later can be resumed here. `position` is where the digest
    /// begins in the source.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn checkpoint(&mut self, digest: &[u8; 20], position: u64) -> Result<(), BuildError> {
        self.end_buckets(self.state.layout.split(digest).0, &String::new)?;
        for (file, path) in
            [(&mut self.data, partial(&self.target)), (&mut self.index, index_file(&self.target))]
        {
            let flushed = file.flush().and_then(|()| file.get_ref().sync_data());
            flushed.map_err(file_error(&path))?;
        }
        self.state.position = position;
        let path = checkpoint_file(&self.target);
        // Written beside and renamed, so that there is always a whole one.
        let new = with_suffix(&self.target, ".partial.json.new");
        let json = serde_json::to_vec(&self.state).map_err(io::Error::from);
        let written =
            json.and_then(|json| fs::write(&new, json)).and_then(|()| fs::rename(&new, &path));
        written.map_err(file_error(&path))
    }

    /// Returns whether this digest is the first of its bucket.
    pub fn begins_bucket(&self, digest: &[u8; 20]) -> bool {
        self.state.bucket < self.state.layout.split(digest).0
    }

    /// Ends the corpus, and moves it to its target. `built_at` is the time for its head.
    ///
    /// # Errors
    /// When there is no digest, or a file cannot be written.
    pub fn finish(mut self, built_at: &str) -> Result<CorpusInfo, BuildError> {
        if self.digests() == 0 {
            return Err(BuildError::Empty);
        }
        let buckets = 1 << self.state.layout.bucket_bits;
        self.end_buckets(buckets, &String::new)?;
        let State { layout, digests, data_len, source, min_count, .. } = self.state;
        let (path, index_path) = (partial(&self.target), index_file(&self.target));
        self.index.write_all(&entry(data_len, 0)).map_err(file_error(&index_path))?;
        let index = self.index.into_inner().map_err(io::IntoInnerError::into_error);
        let mut index = index.map_err(file_error(&index_path))?;
        index.seek(SeekFrom::Start(0)).map_err(file_error(&index_path))?;
        let index_crc32 = append(&mut index, &mut self.data).map_err(file_error(&path))?;
        let info = CorpusInfo {
            digests,
            min_count,
            built_at: built_at.to_owned(),
            source,
            digest_bits: layout.digest_bits,
            bucket_bits: layout.bucket_bits,
            rice_bits: layout.rice_bits,
            data_len,
            index_crc32,
        };
        write_header(&mut self.data, &info).map_err(file_error(&path))?;
        fs::rename(&path, &self.target).map_err(file_error(&self.target))?;
        let _ = fs::remove_file(index_path);
        let _ = fs::remove_file(checkpoint_file(&self.target));
        Ok(info)
    }

    /// Writes the last digest into the current block.
    fn write_pending(&mut self, place: &impl Fn() -> String) -> Result<(), BuildError> {
        let Some((rest, magnitude)) = self.pending.take() else { return Ok(()) };
        self.block.write_code(self.state.layout, rest - self.next, magnitude);
        self.in_block += 1;
        self.next = rest + 1;
        if self.in_block > u32::from(u16::MAX) {
            return Err(BuildError::Uneven(place()));
        }
        Ok(())
    }

    /// Writes the current bucket and all empty ones before `bucket`.
    fn end_buckets(&mut self, bucket: u64, place: &impl Fn() -> String) -> Result<(), BuildError> {
        self.write_pending(place)?;
        let codes = std::mem::take(&mut self.block).finish();
        let mut block = Vec::with_capacity(2 + codes.len());
        if self.in_block > 0 {
            block.extend((self.in_block as u16).to_le_bytes());
            block.extend(codes);
        }
        if block.len() as u64 > MAX_BLOCK {
            return Err(BuildError::Uneven(place()));
        }
        self.data.write_all(&block).map_err(file_error(&partial(&self.target)))?;
        let index_path = index_file(&self.target);
        let mut sum = checksum(&block);
        while self.state.bucket < bucket {
            let own = entry(self.state.data_len, sum);
            self.index.write_all(&own).map_err(file_error(&index_path))?;
            if self.in_block > 0 {
                self.state.data_len += block.len() as u64;
                self.state.digests += u64::from(self.in_block);
                (self.in_block, sum) = (0, checksum(&[]));
            }
            self.state.bucket += 1;
        }
        self.next = 0;
        Ok(())
    }
}

/// Appends the index, and returns its CRC-32.
fn append(index: &mut File, data: &mut BufWriter<File>) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut reader = BufReader::new(index);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = reader.read(&mut buffer)?;
        if length == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&buffer[..length]);
        data.write_all(&buffer[..length])?;
    }
}

fn write_header(data: &mut BufWriter<File>, info: &CorpusInfo) -> io::Result<()> {
    let json = serde_json::to_vec(info)?;
    let mut header = Vec::with_capacity(HEADER);
    header.extend(MAGIC);
    header.extend(crc32fast::hash(&json).to_le_bytes());
    header.extend((json.len() as u32).to_le_bytes());
    header.extend(json);
    header.resize(HEADER, 0);
    data.seek(SeekFrom::Start(0))?;
    data.write_all(&header)?;
    data.flush()?;
    data.get_ref().sync_all()
}

/// Removes what a build of `target` that is not continued leaves.
#[cfg(feature = "build")]
pub(crate) fn discard(target: &Path) {
    for path in [partial(target), index_file(target), checkpoint_file(target)] {
        let _ = fs::remove_file(path);
    }
}

pub(crate) fn with_suffix(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn partial(target: &Path) -> PathBuf {
    with_suffix(target, ".partial")
}

fn index_file(target: &Path) -> PathBuf {
    with_suffix(target, ".partial.index")
}

fn checkpoint_file(target: &Path) -> PathBuf {
    with_suffix(target, ".partial.json")
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::File { path: path.clone(), source }
}
