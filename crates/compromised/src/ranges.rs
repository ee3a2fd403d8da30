//! The files of the range API, in a folder or an archive.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::builder::{BuildError, Builder};
use crate::line::{self, NTLM, file_error, line_error};
use crate::source::{Built, Job};

/// The number of ranges, one for each number of five hexadecimal digits.
const RANGES: usize = 1 << 20;

/// The maximum size of a range file, in bytes. Those of Pwned Passwords have about 40 KB.
const MAX_RANGE: u64 = 16 * 1024 * 1024;

const TOO_LONG: &str = "has more than 16 MiB, unlike the files of the range API";

/// Range files by their prefix, a number of five hexadecimal digits.
pub(crate) struct RangeFiles<P> {
    files: BTreeMap<u32, P>,
    /// The bytes of all files.
    pub(crate) length: u64,
}

impl<P> RangeFiles<P> {
    pub(crate) const fn new() -> Self {
        Self { files: BTreeMap::new(), length: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Adds a file of so many bytes, which `name` is called in errors.
    pub(crate) fn add(
        &mut self,
        prefix: u32,
        file: P,
        length: u64,
        name: impl Fn() -> String,
    ) -> Result<(), BuildError> {
        if length > MAX_RANGE {
            return Err(line_error(name(), TOO_LONG));
        }
        if self.files.insert(prefix, file).is_some() {
            return Err(line_error(name(), "another file has the same range"));
        }
        self.length += length;
        Ok(())
    }

    /// Adds the files after the first `done` ones to the corpus, and ends it. `read` returns the
    /// name of a file for errors, and its text.
    pub(crate) fn build(
        &self,
        job: &mut Job<'_>,
        (mut builder, done): (Builder, u64),
        read: impl Fn(u32, &P) -> Result<(String, Vec<u8>), BuildError>,
    ) -> Result<Built, BuildError> {
        if self.files.is_empty() {
            let reason =
                "has no files of the range API, which are named by five hexadecimal digits";
            return Err(line_error(job.name.clone(), reason));
        }
        let all = self.files.len();
        for (number, (prefix, file)) in self.files.iter().enumerate().skip(done as usize) {
            let mut first = [0; 20];
            first[..4].copy_from_slice(&(prefix << 12).to_be_bytes());
            job.keep(&mut builder, &first, number as u64)?;
            let (name, text) = read(*prefix, file)?;
            add_range(&mut builder, *prefix, &name, &text)?;
            job.report(builder.digests(), Some((number * 1000 / all) as u16));
        }
        let info = builder.finish(job.built_at)?;
        Ok(Built { info, missing_ranges: RANGES.saturating_sub(all) })
    }
}

impl RangeFiles<PathBuf> {
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, BuildError> {
        let error = |error| file_error(folder, error);
        let mut files = Self::new();
        for entry in fs::read_dir(folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            if let Some(prefix) = prefix(&entry.file_name().to_string_lossy()) {
                let path = entry.path();
                // Of the file that a link leads to.
                let metadata = fs::metadata(&path).map_err(|error| file_error(&path, error))?;
                if metadata.is_file() {
                    let name = || entry.path().display().to_string();
                    files.add(prefix, path, metadata.len(), name)?;
                }
            }
        }
        Ok(files)
    }
}

/// Returns the text of a range file.
pub(crate) fn read_file(path: &Path) -> Result<(String, Vec<u8>), BuildError> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_RANGE + 1).read_to_end(&mut text));
    read.map_err(|error| file_error(path, error))?;
    let name = path.display().to_string();
    // The file may have grown.
    if text.len() as u64 > MAX_RANGE {
        return Err(line_error(name, TOO_LONG));
    }
    Ok((name, text))
}

/// Returns the prefix that a range file is named by, with or without an extension. `None` if the
/// name is not that of a range file.
pub(crate) fn prefix(name: &str) -> Option<u32> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_prefix = stem.len() == 5 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_prefix.then(|| u32::from_str_radix(stem, 16).ok()).flatten()
}

fn add_range(
    builder: &mut Builder,
    prefix: u32,
    name: &str,
    text: &[u8],
) -> Result<(), BuildError> {
    let mut hex = [0; 40];
    hex[..5].copy_from_slice(format!("{prefix:05X}").as_bytes());
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let place = || format!("{name}: line {number}");
        if line.trim_ascii().is_empty() {
            continue;
        }
        let error = || line_error(place(), "must be 35 hexadecimal digits, a colon and a number");
        let (suffix, count) = line::split(line).ok_or_else(error)?;
        if suffix.len() == 27 {
            return Err(line_error(place(), NTLM));
        }
        if suffix.len() != 35 {
            return Err(error());
        }
        hex[5..].copy_from_slice(suffix);
        let digest = line::digest(&hex).ok_or_else(error)?;
        builder.add(&digest, line::number(count).ok_or_else(error)?, place)?;
    }
    Ok(())
}
