//! Compressed lists, and archives of range files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{EntryType, Header};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Returns a skippable frame of Zstandard with so many bytes.
fn skippable(length: u32) -> Vec<u8> {
    let magic = 0x184D_2A50 + length % 16;
    let bytes = vec![b'x'; length as usize];
    [&magic.to_le_bytes()[..], &length.to_le_bytes(), &bytes].concat()
}

/// Returns the texts of range files by their prefixes, in five hexadecimal digits.
fn ranges(digests: &BTreeMap<[u8; 20], u64>) -> BTreeMap<String, String> {
    let mut ranges = BTreeMap::<String, String>::new();
    for line in list(digests, "\r\n").split_inclusive('\n') {
        let (prefix, rest) = line.split_at(5);
        ranges.entry(prefix.to_owned()).or_default().push_str(rest);
    }
    ranges
}

struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    /// Appends an entry whose name is written as it is.
    fn append(mut self, name: &str, kind: EntryType, size: u64, data: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        self.0.append(&header, data).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.append(name, EntryType::Regular, text.len() as u64, text.as_bytes())
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// Returns an archive of the ranges, the last one first, in folders and with other files.
fn unordered(ranges: &BTreeMap<String, String>) -> Vec<u8> {
    let mut tar = Tar::new()
        .file("README", "not a range")
        .append("ranges/", EntryType::Directory, 0, &[])
        .append("ranges/ABCDE/", EntryType::Directory, 0, &[])
        .append("../00000.txt.tmp", EntryType::Symlink, 0, &[]);
    for (number, (prefix, text)) in ranges.iter().rev().enumerate() {
        let lower = prefix.to_lowercase();
        tar = match number % 5 {
            0 => tar.file(&format!("ranges/{prefix}"), text),
            1 => tar.file(&format!("../{lower}.txt"), text),
            2 => tar.file(&format!("{prefix}.json"), text),
            3 => tar.file(&format!("/a/b/{lower}.csv"), text),
            _ => {
                // A long name has a header of its own.
                let name = format!("{}/{prefix}.txt", "folder/".repeat(30));
                let mut header = Header::new_gnu();
                header.set_size(text.len() as u64);
                tar.0.append_data(&mut header, name, text.as_bytes()).unwrap();
                tar
            }
        };
    }
    tar.finish()
}

impl TestContext {
    fn write_bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn refusal(&self, bytes: &[u8]) -> String {
        let source = self.write_bytes("archive.tar", bytes);
        let error = build(&source, &self.path("corpus"), 1, TIME, |_| {}).unwrap_err();
        assert!(!self.path("corpus").exists(), "no incomplete corpus is at the target");
        assert!(!self.path("corpus.partial.tar").exists(), "nothing unpacked is left behind");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    }
}

#[test]
fn an_archive_of_range_files_in_any_order_makes_a_corpus() {
    let test = TestContext::new();
    let digests = digests(3_000);
    let tar = unordered(&ranges(&digests));
    for (name, bytes) in [("a.tar", tar.clone()), ("a.tgz", gzip(&tar)), ("a", zstd(&tar))] {
        // The rest of another build is not used.
        test.write_bytes("corpus.partial.tar", b"ustar");
        let source = test.write_bytes(name, &bytes);
        let mut last = None;
        let built =
            build(&source, &test.path("corpus"), 100, TIME, |own| last = Some(own)).unwrap();
        assert_eq!(built.missing_ranges, (1 << 20) - ranges(&digests).len());
        let permille = last.unwrap().permille.unwrap();
        assert!((990..1000).contains(&permille), "{permille}");
        let corpus = Corpus::open(&test.path("corpus")).unwrap();
        corpus.verify().unwrap();
        assert_eq!(corpus.info().source, format!("{name} of {} bytes", bytes.len()));
        for (digest, count) in &digests {
            let seen = magnitude(*count).filter(|_| *count >= 100);
            assert_eq!(corpus.find_digest(digest).unwrap(), seen);
        }
    }
    let left = fs::read_dir(test.folder.path()).unwrap().map(|own| own.unwrap().file_name());
    let left: BTreeSet<_> = left.collect();
    // That of the archive that is not compressed is not touched.
    let expected = ["a", "a.tar", "a.tgz", "corpus"];
    assert!(left.iter().eq(expected.iter()), "{left:?}");
}

#[test]
fn a_compressed_list_makes_a_corpus() {
    let test = TestContext::new();
    let digests = digests(3_000);
    let text = list(&digests, "\r\n");
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    // In several members or frames, as parallel programs write them.
    for bytes in [
        gzip(text.as_bytes()),
        [gzip(first), gzip(second)].concat(),
        [zstd(first), zstd(second)].concat(),
        // Skippable frames, of which the seekable format has one at the end and pzstd many.
        [skippable(0), zstd(first), skippable(9), skippable(1000), zstd(second)].concat(),
    ] {
        let corpus = test.build(&test.write_bytes("list", &bytes), 1).unwrap();
        for (digest, count) in &digests {
            assert_eq!(corpus.find_digest(digest).unwrap(), magnitude(*count));
        }
        fs::remove_file(test.path("corpus")).unwrap();
        let end = bytes.len() - 1;
        let truncated =
            build(&test.write_bytes("list", &bytes[..end]), &test.path("corpus"), 1, TIME, |_| {});
        assert!(matches!(truncated, Err(BuildError::Read(_))), "{truncated:?}");
        assert!(!test.path("corpus").exists());
    }
    for padded in [
        [gzip(first), vec![0; 3], gzip(second), vec![0; 100_000]].concat(),
        [zstd(first), skippable(0), zstd(second), skippable(100_000)].concat(),
    ] {
        let corpus = test.build(&test.write_bytes("list", &padded), 1).unwrap();
        assert_eq!(corpus.info().digests, 3_000);
        fs::remove_file(test.path("corpus")).unwrap();
    }
    assert!(
        test.refusal(&[gzip(first), b"\0x".to_vec()].concat()).contains("source cannot be read")
    );
    let truncated = [zstd(text.as_bytes()), skippable(9)[..16].to_vec()].concat();
    assert!(test.refusal(&truncated).contains("source cannot be read"));
    let mut changed = zstd(text.as_bytes());
    let end = changed.len() - 1;
    changed[end] ^= 1;
    assert!(test.refusal(&changed).contains("checksum"));
    assert!(test.refusal(b"7z\xbc\xaf\x27\x1c").contains("unpack it first"));
    let twice = gzip(&gzip(text.as_bytes()));
    assert!(test.refusal(&twice).contains("unpack it first"));
}

#[test]
fn a_truncated_archive_is_refused_wherever_it_ends() {
    let test = TestContext::new();
    let tar = unordered(&ranges(&digests(20)));
    for end in (1024..tar.len() - 1023).step_by(256) {
        let refusal = test.refusal(&tar[..end]);
        assert!(refusal.starts_with("archive.tar"), "{end}: {refusal}");
    }
    for compressed in [gzip(&tar), zstd(&tar)] {
        for end in (512..compressed.len()).step_by(512).chain([compressed.len() - 1]) {
            let refusal = test.refusal(&compressed[..end]);
            assert!(refusal.starts_with("the source cannot be read: "), "{end}: {refusal}");
        }
    }
    // Such an archive was truncated before it was compressed.
    let refusal = test.refusal(&gzip(&tar[..tar.len() - 1024]));
    assert!(refusal.contains("archive.tar: is truncated"), "{refusal}");
}

#[test]
fn nothing_unpacked_is_left_of_a_refused_archive() {
    let test = TestContext::new();
    let line = format!("{}:3\n", "A".repeat(35));
    let tar = |text: &str| Tar::new().file("00003", text).file("00004", text).finish();
    for (bytes, says) in [
        (tar("<html>"), "00003: line 1"),
        (tar(&format!("{line}{line}B")), "00003: line 3"),
        (tar(&format!("F{line}")), "00003: line 1"),
        (Tar::new().file("README", &line).finish(), "no files of the range API"),
        (Tar::new().file("00003", "").finish(), "no digest"),
    ] {
        for compressed in [gzip(&bytes), zstd(&bytes)] {
            let refusal = test.refusal(&compressed);
            assert!(refusal.contains(says), "{says}: {refusal}");
        }
    }
}

#[test]
fn other_archives_are_refused_with_the_entry() {
    let test = TestContext::new();
    let line = |digits: usize| format!("{}:3\r\n", "A".repeat(digits));
    let file = |name: &str| Tar::new().file(name, &line(35));
    let refused = |tar: Tar, says: &[&str]| {
        let refusal = test.refusal(&tar.finish());
        for part in says {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
    };
    refused(file("x/00003.txt").file("y/00003", "\n"), &["archive.tar: y/00003", "same range"]);
    refused(Tar::new().file("00003", &line(27)), &["archive.tar: range 00003: line 1", "NTLM"]);
    refused(Tar::new().file("00003", "\n<html>"), &["range 00003: line 2", "35 hexadecimal"]);
    refused(file("0003.txt").file("00003-1", ""), &["archive.tar: has no files of the range API"]);
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo] {
        let tar = file("00003").append("00004", kind, 0, &[]);
        refused(tar, &["archive.tar: 00004: is not a regular file"]);
    }
    refused(file("00003").append("\u{1b}/00003", EntryType::Regular, 1, b"\n"), &["\\u{1b}/00003"]);

    // The declared size is larger than the entry, or than any range file.
    for size in [16 * 1024 * 1024 + 1, 1 << 33, u64::MAX / 2] {
        let tar = Tar::new().append("a/00003", EntryType::Regular, size, &[]);
        refused(tar, &["archive.tar: a/00003", "more than 16 MiB"]);
    }
    refused(Tar::new().append("00003", EntryType::Regular, 100_000, &[]), &["is truncated"]);
    refused(file("00003").append("README", EntryType::Regular, 1 << 40, &[]), &["is truncated"]);
    refused(file("00003").append("README", EntryType::Regular, u64::MAX, &[]), &["archive.tar"]);
    let name = vec![b'x'; 1024 * 1024];
    let tar = Tar::new().append("long", EntryType::GNULongName, name.len() as u64, &name);
    refused(tar, &["archive.tar", "more than 64 KiB"]);
    let mut damaged = file("00003").finish();
    damaged[0] = b'1';
    assert!(test.refusal(&damaged).contains("checksum"));
}

#[test]
fn an_interrupted_build_of_an_archive_is_continued() {
    let test = TestContext::new();
    let digests = digests(20_000);
    let ranges = ranges(&digests);
    let tar = unordered(&ranges);
    let expected = ranges.values().map(String::len).sum::<usize>() as u64 / 38;
    let mut compressed = gzip(&tar);
    for is_compressed in [false, true] {
        let bytes = if is_compressed { &compressed } else { &tar };
        let source = test.write_bytes("archive", bytes);
        test.build(&source, 1).unwrap();
        let whole = fs::read(test.path("corpus")).unwrap();
        fs::remove_file(test.path("corpus")).unwrap();

        let id = format!("archive of {} bytes", bytes.len());
        let mut builder = Builder::create(&test.path("corpus"), expected, &id, 1).unwrap();
        // Two thirds of the files, then half of what follows without a checkpoint.
        let (mut done, mut prefix) = (0, [0xFF; 3]);
        let mut is_kept = false;
        for (number, (digest, count)) in digests.iter().enumerate() {
            let own = [digest[0], digest[1], digest[2] & 0xF0];
            if own != prefix {
                let is_late = number > digests.len() * 2 / 3;
                if is_late && !is_kept && builder.begins_bucket(digest) {
                    builder.checkpoint(digest, done).unwrap();
                    is_kept = true;
                }
                (prefix, done) = (own, done + 1);
            }
            if number < digests.len() * 5 / 6 {
                builder.add(digest, *count, String::new).unwrap();
            }
        }
        assert!(is_kept);
        drop(builder);
        if is_compressed {
            // The unpacked archive is used, and not the source.
            test.write_bytes("corpus.partial.tar", &tar);
            let end = compressed.len() - 8;
            compressed[end..].fill(0);
            test.write_bytes("archive", &compressed);
        }
        test.build(&source, 1).unwrap();
        assert_eq!(fs::read(test.path("corpus")).unwrap(), whole);
        fs::remove_file(test.path("corpus")).unwrap();
        assert!(!test.path("corpus.partial.tar").exists());
    }
}
