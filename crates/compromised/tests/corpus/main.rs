//! Corpora are found again as they were built, and damaged ones are refused.

#![allow(clippy::unwrap_used, missing_docs)]

mod archives;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use repass_compromised::{BuildError, Builder, Corpus, CorpusError, SeenAtLeast, build};
use sha1::{Digest, Sha1};

const TIME: &str = "2026-11-28T12:00:00Z";

struct TestContext {
    folder: tempfile::TempDir,
}

impl TestContext {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn build(&self, source: &Path, min_count: u64) -> Result<Corpus, BuildError> {
        let target = self.path("corpus");
        build(source, &target, min_count, TIME, |_| {})?;
        Ok(Corpus::open(&target).unwrap())
    }
}

fn digest(password: &str) -> [u8; 20] {
    Sha1::digest(password).into()
}

/// Returns the digests of `count` passwords with their counts.
fn digests(count: u64) -> BTreeMap<[u8; 20], u64> {
    (0..count).map(|number| (digest(&format!("password {number}")), number % 2000 + 1)).collect()
}

fn list(digests: &BTreeMap<[u8; 20], u64>, line_end: &str) -> String {
    let hex =
        |digest: &[u8; 20]| digest.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    digests.iter().map(|(digest, count)| format!("{}:{count}{line_end}", hex(digest))).collect()
}

fn magnitude(count: u64) -> Option<SeenAtLeast> {
    Some(SeenAtLeast(10_u64.pow(count.ilog10())))
}

/// Proves ASVS 6.2.12.
#[test]
fn every_digest_of_the_list_is_found_with_its_magnitude_and_no_other() {
    let test = TestContext::new();
    for size in [1, 2, 100, 5_000] {
        let digests = digests(size);
        for line_end in ["\n", "\r\n"] {
            let source = test.write("list.txt", &list(&digests, line_end));
            let built = build(&source, &test.path("corpus"), 1, TIME, |_| {}).unwrap();
            let corpus = Corpus::open(&test.path("corpus")).unwrap();
            assert_eq!((&built.info, built.missing_ranges), (corpus.info(), 0));
            assert_eq!(corpus.info().digests, size);
            corpus.verify().unwrap();
            for (digest, count) in &digests {
                assert_eq!(corpus.find_digest(digest).unwrap(), magnitude(*count));
            }
            assert_eq!(corpus.find("password 0").unwrap(), Some(SeenAtLeast(1)));
            for number in 0..20_000 {
                let other = format!("another {number}");
                assert_eq!(corpus.find(&other).unwrap(), None, "{other}");
            }
        }
    }
}

#[test]
fn rare_passwords_are_left_out_on_request_and_padding_always() {
    let test = TestContext::new();
    let digests = BTreeMap::from([(digest("a"), 0), (digest("b"), 9), (digest("c"), 10)]);
    let source = test.write("list.txt", &list(&digests, "\n"));
    let corpus = test.build(&source, 10).unwrap();
    assert_eq!((corpus.info().digests, corpus.info().min_count), (1, 10));
    assert_eq!(corpus.find("c").unwrap(), Some(SeenAtLeast(10)));
    assert_eq!(corpus.find("b").unwrap(), None);
    let corpus = test.build(&source, 0).unwrap();
    assert_eq!(corpus.find("a").unwrap(), None, "padding of the range API has the count 0");
    assert!(matches!(test.build(&source, 11), Err(BuildError::Empty)));
}

#[test]
fn a_folder_of_range_files_makes_the_same_corpus() {
    let test = TestContext::new();
    let digests = digests(3_000);
    let source = test.write("list.txt", &list(&digests, "\n"));
    test.build(&source, 1).unwrap();
    let of_list = fs::read(test.path("corpus")).unwrap();
    for line in list(&digests, "\n").lines() {
        let (prefix, rest) = line.split_at(5);
        let path = test.path(&format!(
            "ranges/{}",
            if prefix < "8" { prefix.to_owned() } else { format!("{}.txt", prefix.to_lowercase()) }
        ));
        let before = fs::read_to_string(&path).unwrap_or_default();
        test.write(
            path.strip_prefix(test.folder.path()).unwrap().to_str().unwrap(),
            &format!("{before}{rest}\r\n"),
        );
    }
    test.write("ranges/README", "not a range");
    test.write("ranges/00000.tar.gz", "not a range");
    test.write("ranges/00001.txt/README", "a folder");
    // A link to a file is read, and one to a folder is not.
    let name = list(&digests, "\n")[..5].to_owned();
    fs::rename(test.path(&format!("ranges/{name}")), test.path("linked")).unwrap();
    std::os::unix::fs::symlink("../linked", test.path(&format!("ranges/{name}"))).unwrap();
    std::os::unix::fs::symlink("..", test.path("ranges/00002")).unwrap();
    let text = list(&digests, "\n");
    let prefixes: BTreeSet<&str> = text.lines().map(|line| &line[..5]).collect();
    let built = build(&test.path("ranges"), &test.path("corpus"), 1, TIME, |_| {}).unwrap();
    assert_eq!(built.missing_ranges, (1 << 20) - prefixes.len());
    let corpus = Corpus::open(&test.path("corpus")).unwrap();
    assert_eq!(corpus.info().digests, 3_000);
    for (digest, count) in &digests {
        assert_eq!(corpus.find_digest(digest).unwrap(), magnitude(*count));
    }
    assert_ne!(of_list, fs::read(test.path("corpus")).unwrap(), "the head names another source");

    let refused = || {
        let target = test.path("another corpus");
        build(&test.path("other"), &target, 1, TIME, |_| {}).unwrap_err().to_string()
    };
    test.write("other/0000.txt", "");
    assert!(refused().contains("other: has no files of the range API"));
    test.write("other/0000A", &format!("{}:1", "A".repeat(27)));
    assert!(refused().contains("0000A: line 1: this is the list of NTLM digests"));
    test.write("other/0000a.txt", "");
    assert!(refused().contains("another file has the same range"));
    fs::remove_file(test.path("other/0000A")).unwrap();
    test.write("other/0000b.txt", &"\n".repeat(16 * 1024 * 1024 + 1));
    assert!(refused().contains("0000b.txt: has more than 16 MiB"));
    fs::remove_file(test.path("other/0000b.txt")).unwrap();
    std::os::unix::fs::symlink("missing", test.path("other/0000b")).unwrap();
    assert!(refused().ends_with("other/0000b"));
}

#[test]
fn other_lists_are_refused_with_the_line() {
    let test = TestContext::new();
    let ordered = list(&digests(3), "\n");
    let reversed: String = ordered.lines().rev().map(|line| format!("{line}\n")).collect();
    for (text, says) in [
        (reversed.as_str(), "line 2"),
        ("8846F7EAEE8FB117AD06BDD830B7586C:3\n", "NTLM"),
        ("password\n", "line 1"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:\n", "a number"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1e3\n", "a number"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FDX:3\n", "40 hexadecimal digits"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1", "truncated: the last line has no end"),
        ("", "no digest"),
    ] {
        let source = test.write("list.txt", text);
        let error = test.build(&source, 1).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!test.path("corpus").exists(), "no incomplete corpus is at the target");
    }
    let missing = test.build(&test.path("missing"), 1).unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
}

#[test]
fn neither_the_list_nor_a_folder_is_replaced_and_a_refused_list_leaves_no_files() {
    let test = TestContext::new();
    let text = list(&digests(10), "\n");
    let source = test.write("list.txt", &text);
    let refused = |target: &Path| build(&source, target, 1, TIME, |_| {}).unwrap_err().to_string();
    assert!(refused(&source).contains("is the list itself"));
    assert!(refused(&test.path("./list.txt")).contains("is the list itself"));
    assert_eq!(fs::read_to_string(&source).unwrap(), text);
    assert!(refused(test.folder.path()).contains("is a folder"));

    for malformed in [format!("{text}no digest\n"), String::new()] {
        let source = test.write("list.txt", &malformed);
        assert!(test.build(&source, 1).is_err());
        let left: Vec<_> = fs::read_dir(test.folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn a_damaged_file_is_refused_when_it_is_opened_or_read() {
    let test = TestContext::new();
    let digests = digests(5_000);
    let source = test.write("list.txt", &list(&digests, "\n"));
    test.build(&source, 1).unwrap();
    let (path, good) = (test.path("corpus"), fs::read(test.path("corpus")).unwrap());
    let open = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Corpus::open(&path)
    };
    for length in [0, 10, 4095, 4096, 5000, good.len() - 1] {
        let error = open(&good[..length]).unwrap_err();
        let is_refused = matches!(error, CorpusError::NotACorpus(_) | CorpusError::Length { .. });
        assert!(is_refused, "{length}: {error}");
    }
    assert!(matches!(open(&[&good[..], b"x"].concat()), Err(CorpusError::Length { .. })));
    assert!(matches!(open(&vec![b'x'; good.len()]), Err(CorpusError::NotACorpus(_))));
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for at in [20, 30, 40, good.len() - 1, good.len() - 100] {
        assert!(matches!(open(&flipped(at)), Err(CorpusError::Corrupt { .. })), "byte {at}");
    }
    for at in (4096..good.len() - 2000).step_by(501) {
        let corpus = open(&flipped(at)).unwrap();
        assert!(matches!(corpus.verify(), Err(CorpusError::Corrupt { .. })), "byte {at}");
        let wrong = digests.iter().filter(|(digest, count)| {
            corpus.find_digest(digest).is_ok_and(|found| found != magnitude(**count))
        });
        assert_eq!(wrong.count(), 0, "a corrupt block is an error, not another answer");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_open_is_an_error() {
    let test = TestContext::new();
    let source = test.write("list.txt", &list(&digests(5_000), "\n"));
    let corpus = test.build(&source, 1).unwrap();
    fs::OpenOptions::new().write(true).open(test.path("corpus")).unwrap().set_len(5000).unwrap();
    assert!(matches!(corpus.find("password 1"), Err(CorpusError::Read { .. })));
}

/// A build that is dropped as by a kill, at any point after a checkpoint, is continued.
#[test]
fn an_interrupted_build_is_continued_and_makes_the_same_corpus() {
    let test = TestContext::new();
    let digests = digests(20_000);
    let source = test.write("list.txt", &list(&digests, "\n"));
    let whole = test.path("whole");
    build(&source, &whole, 1, TIME, |_| {}).unwrap();

    let target = test.path("corpus");
    let id = format!("list.txt of {} bytes", fs::metadata(&source).unwrap().len());
    let mut builder =
        Builder::create(&target, fs::metadata(&source).unwrap().len() / 43, &id, 1).unwrap();
    let mut at = 0;
    for (number, (digest, count)) in digests.iter().enumerate() {
        if number >= 7_000 && at == 0 && builder.begins_bucket(digest) {
            at = number;
            let lines = list(&digests, "\n");
            let position: usize = lines.lines().take(number).map(|line| line.len() + 1).sum();
            builder.checkpoint(digest, position as u64).unwrap();
        }
        if number == 15_000 {
            break;
        }
        builder.add(digest, *count, String::new).unwrap();
    }
    assert!(at > 0 && !target.exists());
    drop(builder);
    let other_count = Builder::resume(&target, &id, 2).unwrap();
    assert!(other_count.is_none(), "another corpus is not continued");
    build(&source, &target, 1, TIME, |_| {}).unwrap();
    assert_eq!(fs::read(&target).unwrap(), fs::read(&whole).unwrap());
    let left: Vec<_> =
        fs::read_dir(test.folder.path()).unwrap().map(|own| own.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}
