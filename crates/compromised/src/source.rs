//! The lists of digests that a corpus is built from.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::builder::{BuildError, Builder};
use crate::format::CorpusInfo;

/// How often a build is kept, in digests.
const CHECKPOINT: u64 = 20_000_000;

/// How often the progress is reported, in digests.
const REPORT: u64 = 1_000_000;

/// The bytes of a line of the ordered list, about.
const LINE: u64 = 43;

/// The digests for which the layout is made if the length of the source is not known.
const EXPECTED: u64 = 2_000_000_000;

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The digests so far.
    pub digests: u64,
    /// What is read of the source, in thousandths; `None` if its length is not known.
    pub permille: Option<u16>,
}

/// Builds a corpus at `target` from a source that is ordered by digest: a text file with a line
/// `SHA1:COUNT` for each password, a folder of the files of the range API (named by the first five
/// hexadecimal digits, with lines `SUFFIX:COUNT`), or standard input (`-`).
///
/// A build of the same source that was interrupted is continued, except from standard input.
/// `built_at` is the time for the head of the file. Memory does not depend on the source.
///
/// # Errors
/// When the source is not such a list, or a file cannot be read or written.
pub fn build(
    source: &Path,
    target: &Path,
    min_count: u64,
    built_at: &str,
    mut progress: impl FnMut(Progress),
) -> Result<CorpusInfo, BuildError> {
    if source == Path::new("-") {
        let builder = Builder::create(target, EXPECTED, "standard input", min_count)?;
        let list = List { name: "standard input".to_owned(), length: None, position: 0 };
        return list.add_to(builder, io::stdin().lock(), &mut progress)?.finish(built_at);
    }
    let metadata = fs::metadata(source).map_err(|error| file_error(source, error))?;
    let name = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy().into_owned();
    if metadata.is_dir() {
        return Folder::read(source)?.build(&name, target, min_count, built_at, &mut progress);
    }
    let mut file = File::open(source).map_err(|error| file_error(source, error))?;
    let id = format!("{name} of {} bytes", metadata.len());
    let (builder, position) = match Builder::resume(target, &id, min_count)? {
        Some(resumed) => resumed,
        None => (Builder::create(target, metadata.len() / LINE, &id, min_count)?, 0),
    };
    file.seek(SeekFrom::Start(position)).map_err(BuildError::Read)?;
    let reader = BufReader::with_capacity(1 << 20, file);
    let list = List { name, length: Some(metadata.len()), position };
    list.add_to(builder, reader, &mut progress)?.finish(built_at)
}

/// The list of all digests in one file.
struct List {
    name: String,
    length: Option<u64>,
    position: u64,
}

impl List {
    fn add_to(
        mut self,
        mut builder: Builder,
        mut reader: impl BufRead,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Builder, BuildError> {
        let mut line = Vec::with_capacity(64);
        let (mut number, mut reported, mut kept) = (0_u64, builder.digests(), builder.digests());
        loop {
            line.clear();
            let length = read_line(&mut reader, &mut line)?;
            if length == 0 {
                return Ok(builder);
            }
            number += 1;
            let begins_at = self.position;
            self.position += length as u64;
            let place = || format!("{}: line {number} (byte {begins_at})", self.name);
            let Some((hex, count)) = split(trimmed(&line)) else {
                if trimmed(&line).is_empty() {
                    continue;
                }
                return Err(line_error(place(), EXPECTED_LINE));
            };
            if hex.len() == 32 {
                return Err(line_error(place(), NTLM));
            }
            let digest = digest(hex).ok_or_else(|| line_error(place(), EXPECTED_LINE))?;
            let count = number_of(count).ok_or_else(|| line_error(place(), EXPECTED_LINE))?;
            if builder.digests() - kept >= CHECKPOINT && builder.begins_bucket(&digest) {
                kept = builder.digests();
                builder.checkpoint(&digest, begins_at)?;
            }
            builder.add(&digest, count, place)?;
            if builder.digests() - reported >= REPORT {
                reported = builder.digests();
                let permille = self.length.map(|all| (self.position * 1000 / all.max(1)) as u16);
                progress(Progress { digests: reported, permille });
            }
        }
    }
}

/// A folder of the files of the range API.
struct Folder {
    /// The files by their prefix.
    files: Vec<(String, PathBuf)>,
    length: u64,
}

impl Folder {
    fn read(folder: &Path) -> Result<Self, BuildError> {
        let error = |error| file_error(folder, error);
        let (mut files, mut length) = (Vec::new(), 0);
        for entry in fs::read_dir(folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = entry.file_name().to_string_lossy().to_ascii_uppercase();
            let prefix = name.strip_suffix(".TXT").unwrap_or(&name).to_owned();
            if prefix.len() == 5 && prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                length += entry.metadata().map_err(error)?.len();
                files.push((prefix, entry.path()));
            }
        }
        files.sort_unstable();
        Ok(Self { files, length })
    }

    fn build(
        self,
        name: &str,
        target: &Path,
        min_count: u64,
        built_at: &str,
        progress: &mut impl FnMut(Progress),
    ) -> Result<CorpusInfo, BuildError> {
        let id = format!("{name} of {} files, {} bytes", self.files.len(), self.length);
        let (mut builder, first) = match Builder::resume(target, &id, min_count)? {
            Some(resumed) => resumed,
            None => (Builder::create(target, self.length / (LINE - 5), &id, min_count)?, 0),
        };
        let mut kept = builder.digests();
        let all = self.files.len().max(1);
        for (number, (prefix, path)) in self.files.iter().enumerate().skip(first as usize) {
            let first = digest(format!("{prefix:0<40}").as_bytes()).unwrap_or_default();
            if builder.digests() - kept >= CHECKPOINT && builder.begins_bucket(&first) {
                kept = builder.digests();
                builder.checkpoint(&first, number as u64)?;
            }
            add_range(&mut builder, prefix, path)?;
            let permille = Some((number * 1000 / all) as u16);
            progress(Progress { digests: builder.digests(), permille });
        }
        builder.finish(built_at)
    }
}

fn add_range(builder: &mut Builder, prefix: &str, path: &Path) -> Result<(), BuildError> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(|error| file_error(path, error))?;
    let mut hex = [0; 40];
    hex[..5].copy_from_slice(prefix.as_bytes());
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let place = || format!("{}: line {number}", path.display());
        let line = trimmed(line);
        if line.is_empty() {
            continue;
        }
        let error = || line_error(place(), EXPECTED_RANGE);
        let (suffix, count) = split(line).ok_or_else(error)?;
        if suffix.len() == 27 {
            return Err(line_error(place(), NTLM));
        }
        if suffix.len() != 35 {
            return Err(error());
        }
        hex[5..].copy_from_slice(suffix);
        let digest = digest(&hex).ok_or_else(error)?;
        builder.add(&digest, number_of(count).ok_or_else(error)?, place)?;
    }
    Ok(())
}

const EXPECTED_LINE: &str = "must be a SHA-1 digest in 40 hexadecimal digits, a colon and a number";

const EXPECTED_RANGE: &str = "must be 35 hexadecimal digits, a colon and a number";

const NTLM: &str = "this is the list of NTLM digests; use the one of SHA-1 digests, since NTLM digests \
                    are those of UTF-16 texts and cannot be compared";

fn line_error(place: String, reason: &'static str) -> BuildError {
    BuildError::Line { place, reason }
}

fn file_error(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), source }
}

/// Reads a line of at most a kilobyte with its end.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<usize, BuildError> {
    let read = reader.take(1024).read_until(b'\n', line);
    read.map_err(BuildError::Read)
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii()
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..at], &line[at + 1..]))
}

fn digest(hex: &[u8]) -> Option<[u8; 20]> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut digest = [0; 20];
    if hex.len() != 40 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = ((digit(pair[0])? << 4) | digit(pair[1])?) as u8;
    }
    Some(digest)
}

fn number_of(text: &[u8]) -> Option<u64> {
    let is_number = (1..=19).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let number = text.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    is_number.then_some(number)
}
