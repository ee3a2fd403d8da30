//! Compares a corpus with other forms of the list: `cargo bench -p repass-compromised --bench compare`.
//!
//! Each has 8.2 million digests. `hibp-verifier` reads one of 2^20 files, by the first 20 bits of the
//! digest; 2^12 of them are written, as large as those of the whole list. So the first byte of each
//! digest is zero, and the other forms have the digests without it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, missing_docs)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use hibp_verifier::BreachChecker;
use repass_compromised::{Builder, Corpus};
use sha1::{Digest, Sha1};

const FILES: usize = 1 << 12;
const DIGESTS: usize = FILES * 2000;

/// The passwords that are looked up: as many in the list as others.
const SAMPLE: usize = 20_000;

const ROUNDS: usize = 11;

/// A form of the list: its name, its size in bytes, and its look-up.
type Form<'a> = (&'static str, u64, &'a dyn Fn(&str) -> bool);

/// Returns a digest without its first byte, which is zero.
fn without_first(digest: &[u8; 20]) -> [u8; 20] {
    let mut rest = *digest;
    rest.rotate_left(1);
    rest
}

/// Returns the first 48 bits of a digest without its first byte.
fn record(digest: &[u8; 20]) -> [u8; 6] {
    without_first(digest)[..6].try_into().unwrap()
}

fn write_corpus(digests: &[[u8; 20]], target: &Path) -> u64 {
    let mut builder = Builder::create(target, digests.len() as u64, "a bench", 1).unwrap();
    for digest in digests {
        builder.add(&without_first(digest), 1, String::new).unwrap();
    }
    builder.finish("2026-11-28T12:00:00Z").unwrap();
    fs::metadata(target).unwrap().len()
}

fn write_files(digests: &[[u8; 20]], folder: &Path) -> u64 {
    fs::create_dir(folder).unwrap();
    let prefix = |digest: &[u8; 20]| (usize::from(digest[1]) << 4) | usize::from(digest[2] >> 4);
    let mut files = vec![Vec::new(); FILES];
    for digest in digests {
        files[prefix(digest)].extend_from_slice(&digest[2..8]);
    }
    for (prefix, records) in files.iter().enumerate() {
        fs::write(folder.join(format!("{prefix:05X}.bin")), records).unwrap();
    }
    files.iter().map(Vec::len).sum::<usize>() as u64
}

fn main() {
    let starts_with_zero = |password: &String| Sha1::digest(password)[0] == 0;
    let passwords = (0_u64..).map(|number| format!("password {number}")).filter(starts_with_zero);
    let passwords: Vec<String> = passwords.take(2 * SAMPLE).collect();
    let (present, others) = passwords.split_at(SAMPLE);
    let synthetic = (0..(DIGESTS - SAMPLE) as u64).map(|number| {
        let mut digest: [u8; 20] = Sha1::digest(number.to_le_bytes()).into();
        digest[0] = 0;
        digest
    });
    let present_digests = present.iter().map(|password| Sha1::digest(password).into());
    let mut digests: Vec<[u8; 20]> = synthetic.chain(present_digests).collect();
    digests.sort_unstable();

    let folder = tempfile::tempdir().unwrap();
    let (corpus_file, hibp_folder) = (folder.path().join("corpus"), folder.path().join("hibp"));
    let corpus_len = write_corpus(&digests, &corpus_file);
    let hibp_len = write_files(&digests, &hibp_folder);
    let records: Vec<[u8; 6]> = digests.iter().map(record).collect();
    drop(digests);
    let corpus = Corpus::open(&corpus_file).unwrap();
    let hibp = BreachChecker::new(&hibp_folder);

    let in_corpus = |password: &str| {
        let digest = without_first(&Sha1::digest(password).into());
        corpus.find_digest(&digest).unwrap().is_some()
    };
    let in_files = |password: &str| hibp.is_breached(password).unwrap();
    let in_records =
        |password: &str| records.binary_search(&record(&Sha1::digest(password).into())).is_ok();
    let forms: [Form<'_>; 3] = [
        ("corpus", corpus_len, &in_corpus),
        ("hibp-verifier", hibp_len, &in_files),
        ("6-byte records in memory", (6 * records.len()) as u64, &in_records),
    ];
    let mut times = [const { Vec::new() }; 3];
    // The first round warms the caches.
    for round in 0..=ROUNDS {
        for ((_, _, is_found), times) in forms.iter().zip(&mut times) {
            let mut found = [0, 0];
            let started = Instant::now();
            for (present, other) in present.iter().zip(others) {
                found[0] += u64::from(is_found(black_box(present)));
                found[1] += u64::from(is_found(black_box(other)));
            }
            let nanoseconds = started.elapsed().as_nanos() / (2 * SAMPLE as u128);
            assert!(found[0] == SAMPLE as u64 && found[1] < 10, "{found:?}");
            if round > 0 {
                times.push(nanoseconds);
            }
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2] as f64
    });
    println!("form                      bytes a digest   size   look-up, µs   time");
    for ((name, length, _), median) in forms.iter().zip(medians) {
        println!(
            "{name:<26} {:>13.2} {:>6.2} {:>13.2} {:>6.2}",
            *length as f64 / DIGESTS as f64,
            *length as f64 / corpus_len as f64,
            median / 1000.0,
            median / medians[0],
        );
    }
}
