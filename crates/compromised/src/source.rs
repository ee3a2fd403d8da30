//! The sources that a corpus is built from.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use crate::archive::{self, Content, Entry, MAX_UNPACKED};
use crate::builder::{BuildError, Builder, discard, with_suffix};
use crate::format::CorpusInfo;
use crate::line::{self, NTLM, file_error, line_error};
use crate::ranges::{self, RangeFiles};
use crate::sample::{expected, sample};

/// How often a build is kept, in digests.
const CHECKPOINT: u64 = 20_000_000;

/// How often the progress is reported, in digests.
const REPORT: u64 = 1_000_000;

/// The bytes of a line of the ordered list, about.
const LINE: u64 = 43;

/// The bytes of a line of a range file, about.
const RANGE_LINE: u64 = LINE - 5;

/// The bytes of a compressed line of either, at least.
const COMPRESSED_LINE: u64 = 18;

/// The most digests that are expected if the length of the source is not known.
const EXPECTED: u64 = 2_000_000_000;

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The digests so far.
    pub digests: u64,
    /// What is read of the source, in thousandths; `None` if its length is not known. It begins again
    /// after a compressed archive is unpacked.
    pub permille: Option<u16>,
}

/// A corpus that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Built {
    /// The head of its file.
    pub info: CorpusInfo,
    /// How many of the 1,048,576 ranges have no file in the folder or the archive; 0 for a list.
    pub missing_ranges: usize,
}

/// Builds a corpus at `target` from one of these sources:
///
/// - a text file with a line `SHA1:COUNT` for each password, ordered by digest;
/// - a folder of the files of the range API, which are named by the first five hexadecimal digits,
///   with or without an extension, and have lines `SUFFIX:COUNT`;
/// - a tar archive of such files, in any order and in any folders;
/// - standard input (`-`).
///
/// A list and an archive may be compressed by gzip or Zstandard, which their first bytes tell. Since
/// the files of an archive are in any order, a compressed one, or one from standard input, is
/// unpacked first, to a file beside the target, `FILE.partial.tar`, of at most 256 GiB. That file is
/// deleted when the corpus is built or the archive refused.
///
/// A list whose last line has no end is refused as truncated. A list that is truncated between two
/// lines, and a range file that is truncated, which has no end of its last line, cannot be told from
/// a whole one.
///
/// A build of the same source that was interrupted is continued, except from standard input. The
/// size of the index is chosen by the beginning of a list, or by the sizes of the range files.
/// `built_at` is the time for the head of the file. It takes less than 256 MiB of memory.
///
/// # Errors
/// When the source is none of these, `target` is the source or a folder, or a file cannot be read or
/// written.
pub fn build(
    source: &Path,
    target: &Path,
    min_count: u64,
    built_at: &str,
    mut progress: impl FnMut(Progress),
) -> Result<Built, BuildError> {
    if let Some(reason) = refusal(source, target) {
        return Err(line_error(target.display().to_string(), reason));
    }
    let mut job = Job {
        name: source.file_name().unwrap_or(source.as_os_str()).to_string_lossy().into_owned(),
        target,
        min_count,
        built_at,
        id: None,
        file: None,
        begun: false,
        kept: 0,
        progress: &mut progress,
    };
    let built = build_from(&mut job, source);
    // Otherwise, the same command continues the build.
    let is_continued = matches!(built, Err(BuildError::File { .. } | BuildError::Read(_)));
    if built.is_err() && job.begun && (!is_continued || job.id.is_none()) {
        discard(target);
    }
    built
}

/// Returns why a corpus cannot be written to `target`, before hours are spent on building it.
fn refusal(source: &Path, target: &Path) -> Option<&'static str> {
    if target.is_dir() {
        return Some("is a folder; name a file in it");
    }
    let (source, target) = (fs::canonicalize(source).ok()?, fs::canonicalize(target).ok()?);
    (source == target).then_some("is the list itself; name another file for the corpus")
}

fn build_from(job: &mut Job<'_>, source: &Path) -> Result<Built, BuildError> {
    if source == Path::new("-") {
        "standard input".clone_into(&mut job.name);
        return build_stream(job, io::stdin().lock(), EXPECTED);
    }
    let error = |error| file_error(source, error);
    let metadata = fs::metadata(source).map_err(error)?;
    if metadata.is_dir() {
        let files = RangeFiles::in_folder(source)?;
        job.id = Some(format!("{} of {} files, {} bytes", job.name, files.len(), files.length));
        let begun = job.begin(|| Ok(files.length / RANGE_LINE))?;
        return files.build(job, begun, |_, path| ranges::read_file(path));
    }
    let opened = File::open(source).map_err(error)?;
    let (mut file, length) = (&opened, metadata.len());
    // It shares the position.
    job.file = Some((opened.try_clone().map_err(error)?, length));
    job.id = Some(format!("{} of {length} bytes", job.name));
    let (content, _) = archive::peek(file).map_err(error)?;
    match content {
        Content::List => {
            let min_count = job.min_count;
            let (builder, position) = job.begin(|| {
                file.rewind().map_err(error)?;
                Ok(expected(&sample(file)?, min_count, length / LINE))
            })?;
            file.seek(SeekFrom::Start(position)).map_err(error)?;
            let reader = BufReader::with_capacity(1 << 20, file);
            build_list(job, reader, (builder, position))
        }
        Content::Tar => {
            let files = archive::ranges(file, &job.name)?;
            let begun = job.begin(|| Ok(files.length / RANGE_LINE))?;
            build_archive(job, file, &files, begun)
        }
        Content::Gzip | Content::Zstandard => {
            file.rewind().map_err(error)?;
            let reader = BufReader::with_capacity(1 << 20, file);
            build_stream(job, reader, length / COMPRESSED_LINE)
        }
        Content::Unsupported => Err(line_error(job.name.clone(), UNSUPPORTED)),
    }
}

const UNSUPPORTED: &str = "is compressed, but neither by gzip nor by Zstandard; unpack it first";

/// What is built, and how far it is.
pub(crate) struct Job<'a> {
    /// The name of the source, for errors.
    pub(crate) name: String,
    target: &'a Path,
    min_count: u64,
    pub(crate) built_at: &'a str,
    /// What the source is, if an interrupted build of it can be continued.
    id: Option<String>,
    /// The file that is read, and its length.
    file: Option<(File, u64)>,
    /// Whether files beside the target were written.
    begun: bool,
    /// The digests at the last checkpoint.
    kept: u64,
    progress: &'a mut dyn FnMut(Progress),
}

impl Job<'_> {
    /// Continues the interrupted build of the same source, or begins a corpus of about `expected`
    /// digests. Returns the position in the source.
    fn begin(
        &mut self,
        expected: impl FnOnce() -> Result<u64, BuildError>,
    ) -> Result<(Builder, u64), BuildError> {
        match self.resume()? {
            Some(begun) => Ok(begun),
            None => self.create(expected()?),
        }
    }

    fn resume(&mut self) -> Result<Option<(Builder, u64)>, BuildError> {
        let Some(id) = &self.id else { return Ok(None) };
        let resumed = Builder::resume(self.target, id, self.min_count)?;
        self.kept = resumed.as_ref().map_or(0, |(builder, _)| builder.digests());
        self.begun = resumed.is_some();
        Ok(resumed)
    }

    fn create(&mut self, expected: u64) -> Result<(Builder, u64), BuildError> {
        self.begun = true;
        let id = self.id.as_ref().unwrap_or(&self.name);
        Ok((Builder::create(self.target, expected, id, self.min_count)?, 0))
    }

    /// Keeps the build now and then, before the digest at `position` of the source is added.
    pub(crate) fn keep(
        &mut self,
        builder: &mut Builder,
        digest: &[u8; 20],
        position: u64,
    ) -> Result<(), BuildError> {
        if builder.digests() - self.kept >= CHECKPOINT && builder.begins_bucket(digest) {
            self.kept = builder.digests();
            builder.checkpoint(digest, position)?;
        }
        Ok(())
    }

    pub(crate) fn report(&mut self, digests: u64, permille: Option<u16>) {
        (self.progress)(Progress { digests, permille });
    }

    /// Returns what is read of the file, in thousandths.
    pub(crate) fn permille(&self) -> Option<u16> {
        let (file, length) = self.file.as_ref()?;
        let position = (&*file).stream_position().ok()?;
        Some((position * 1000 / length.max(&1)) as u16)
    }
}

/// Builds from a list or an archive that is read from its beginning, of at most about `most`
/// digests.
fn build_stream(job: &mut Job<'_>, reader: impl BufRead, most: u64) -> Result<Built, BuildError> {
    let (content, mut reader) = archive::decompressed(reader).map_err(BuildError::Read)?;
    let resumed = job.resume()?;
    match content {
        Content::List => {
            let mut head = Vec::new();
            let (builder, position) = match resumed {
                Some(begun) => begun,
                None => {
                    head = sample(&mut reader)?;
                    job.create(expected(&head, job.min_count, most))?
                }
            };
            let skipped = io::copy(&mut reader.by_ref().take(position), &mut io::sink());
            skipped.map_err(BuildError::Read)?;
            build_list(job, Cursor::new(head).chain(reader), (builder, position))
        }
        Content::Tar => {
            let path = with_suffix(job.target, ".partial.tar");
            let remove = || {
                let _ = fs::remove_file(&path);
            };
            // There was a checkpoint only after the whole archive was unpacked.
            if resumed.is_none() || !path.exists() {
                let unpacked = archive::unpack(job, reader, &path, MAX_UNPACKED);
                unpacked.inspect_err(|_| remove())?;
            }
            let file = File::open(&path).map_err(|error| file_error(&path, error))?;
            let files = archive::ranges(&file, &job.name).inspect_err(|_| remove())?;
            let begun = match resumed {
                Some(begun) => begun,
                None => job.create(files.length / RANGE_LINE)?,
            };
            let built = build_archive(job, &file, &files, begun);
            // If a file could not be read or written, the same command continues the build.
            if !matches!(built, Err(BuildError::File { .. })) {
                remove();
            }
            built
        }
        _ => Err(line_error(job.name.clone(), UNSUPPORTED)),
    }
}

/// Builds from the range files of an archive.
fn build_archive(
    job: &mut Job<'_>,
    archive: &File,
    files: &RangeFiles<Entry>,
    begun: (Builder, u64),
) -> Result<Built, BuildError> {
    let name = job.name.clone();
    files.build(job, begun, |prefix, entry| {
        let text = entry.read(archive).map_err(|error| file_error(Path::new(&name), error))?;
        Ok((format!("{name}: range {prefix:05X}"), text))
    })
}

/// Builds from the list of all digests. `position` is where `reader` is in it.
fn build_list(
    job: &mut Job<'_>,
    mut reader: impl BufRead,
    (mut builder, mut position): (Builder, u64),
) -> Result<Built, BuildError> {
    let mut line = Vec::with_capacity(64);
    let (mut number, mut reported) = (0_u64, builder.digests());
    let name = job.name.clone();
    loop {
        line.clear();
        // A line of at most a kilobyte with its end.
        let read = reader.by_ref().take(1024).read_until(b'\n', &mut line);
        let length = read.map_err(BuildError::Read)?;
        if length == 0 {
            return Ok(Built { info: builder.finish(job.built_at)?, missing_ranges: 0 });
        }
        number += 1;
        let begins_at = position;
        position += length as u64;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = || format!("{name}: line {number} (byte {begins_at})");
        let error = || line_error(place(), EXPECTED_LINE);
        let (hex, count) = line::split(&line).ok_or_else(error)?;
        if hex.len() == 32 {
            return Err(line_error(place(), NTLM));
        }
        let digest = line::digest(hex).ok_or_else(error)?;
        let count = line::number(count).ok_or_else(error)?;
        if !line.ends_with(b"\n") {
            return Err(line_error(place(), "is truncated: the last line has no end"));
        }
        job.keep(&mut builder, &digest, begins_at)?;
        builder.add(&digest, count, place)?;
        if builder.digests() - reported >= REPORT {
            reported = builder.digests();
            job.report(reported, job.permille());
        }
    }
}

const EXPECTED_LINE: &str = "must be a SHA-1 digest in 40 hexadecimal digits, a colon and a number";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.partial.tar");
        let mut job = Job {
            name: "bomb.tar.gz".to_owned(),
            target: folder.path(),
            min_count: 1,
            built_at: "",
            id: None,
            file: None,
            begun: false,
            kept: 0,
            progress: &mut |_| {},
        };
        let mut unpack = |length: u64| {
            let zeros = BufReader::new(io::repeat(0).take(length));
            let unpacked = archive::unpack(&mut job, zeros, &path, 1_000_000);
            (fs::metadata(&path).unwrap().len(), unpacked.map_err(|error| error.to_string()))
        };
        assert_eq!(unpack(1_000_000), (1_000_000, Ok(())));
        let (length, refused) = unpack(u64::MAX);
        assert!(length <= 1_000_000, "{length}");
        let expected = "bomb.tar.gz: has more than 256 GiB when it is unpacked";
        assert_eq!(refused, Err(expected.to_owned()));
    }
}
