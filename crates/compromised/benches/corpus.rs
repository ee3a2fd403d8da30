//! Builds and reads a corpus of synthetic digests, also with a cold page cache:
//! `cargo bench -p repass-compromised --features build --bench corpus [-- DIGESTS]`.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, missing_docs)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::time::Instant;

use repass_compromised::{Corpus, build};

/// A generator of 64-bit numbers (splitmix64), so that every run has the same digests.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn digest(&mut self, first: u64) -> [u8; 20] {
        let mut digest = [0; 20];
        digest[..8].copy_from_slice(&first.to_be_bytes());
        digest[8..16].copy_from_slice(&self.next().to_be_bytes());
        digest
    }
}

fn main() {
    let digests: u64 =
        std::env::args().skip(1).find_map(|own| own.parse().ok()).unwrap_or(10_000_000);
    let folder = tempfile::tempdir().unwrap();
    let (list, target) = (folder.path().join("list.txt"), folder.path().join("corpus"));
    let mut numbers = Numbers(1);
    let mut writer = BufWriter::with_capacity(1 << 20, File::create(&list).unwrap());
    let mean = u64::MAX / digests;
    let (mut first, mut sample) = (0_u64, Vec::new());
    for number in 0..digests {
        // The differences of evenly distributed numbers are exponentially distributed.
        let uniform = (numbers.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let difference = (-(1.0 - uniform).ln() * mean as f64 * 0.999) as u64;
        first = first.saturating_add(difference.max(1));
        let digest = numbers.digest(first);
        for byte in digest {
            write!(writer, "{byte:02X}").unwrap();
        }
        writeln!(writer, ":{}", number % 1000 + 1).unwrap();
        if number % (digests / 100_000).max(1) == 0 {
            sample.push(digest);
        }
    }
    writer.flush().unwrap();
    drop(writer);

    let started = Instant::now();
    let info = build(&list, &target, 1, "2026-11-28T12:00:00Z", |_| {}).unwrap().info;
    let took = started.elapsed().as_secs_f64();
    let length = std::fs::metadata(&target).unwrap().len();
    println!("digests                     {}", info.digests);
    println!("built, digests a second     {:.0}", info.digests as f64 / took);
    println!("bytes for each digest       {:.3}", length as f64 / info.digests as f64);

    let corpus = Corpus::open(&target).unwrap();
    let mut order: Vec<usize> = (0..sample.len()).collect();
    for at in 0..order.len() {
        order.swap(at, (numbers.next() % sample.len() as u64) as usize);
    }
    for (what, present) in [("in the corpus", true), ("others", false)] {
        let mut times = Vec::with_capacity(order.len());
        // The first round warms the page cache.
        for _ in 0..2 {
            times.clear();
            for at in &order {
                let mut digest = sample[*at];
                if !present {
                    digest = {
                        let first = numbers.next();
                        numbers.digest(first)
                    };
                }
                let started = Instant::now();
                let found = black_box(corpus.find_digest(black_box(&digest)).unwrap());
                times.push(started.elapsed().as_nanos());
                assert!(found.is_some() || !present);
            }
        }
        times.sort_unstable();
        println!(
            "look-up, {what:<14} µs  median {:.2}, 99 % {:.2}",
            times[times.len() / 2] as f64 / 1000.0,
            times[times.len() * 99 / 100] as f64 / 1000.0
        );
    }
    #[cfg(target_os = "linux")]
    cold::measure(&corpus, &target, &sample, &order);
}

/// Look-ups without anything of the file in the page cache.
#[cfg(target_os = "linux")]
mod cold {
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    use rustix::fs::{Advice, fadvise};

    use super::*;

    const LOOKUPS: usize = 2000;

    /// Alternates look-ups with bare reads of one page, at places that were not read before.
    pub(super) fn measure(corpus: &Corpus, path: &Path, sample: &[[u8; 20]], order: &[usize]) {
        let file = File::open(path).unwrap();
        file.sync_all().unwrap();
        let forget = || fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        let pages = file.metadata().unwrap().len() / 4096;
        let (mut lookups, mut reads) = (Vec::new(), Vec::new());
        let (mut calls, mut bytes, mut storage) = (0, 0, 0);
        let mut numbers = Numbers(7);
        let mut page = [0; 4096];
        for at in order.iter().take(LOOKUPS) {
            forget();
            let before = counters();
            let started = Instant::now();
            assert!(black_box(corpus.find_digest(&sample[*at]).unwrap()).is_some());
            lookups.push(started.elapsed().as_nanos());
            let after = counters();
            calls += after[0] - before[0];
            bytes += after[1] - before[1];
            storage += after[2] - before[2];

            forget();
            let at = numbers.next() % pages * 4096;
            let started = Instant::now();
            file.read_exact_at(&mut page, at).unwrap();
            reads.push(started.elapsed().as_nanos());
        }
        // Reading the counters is itself counted.
        let before = counters();
        let after = counters();
        let count = lookups.len() as f64;
        let each = |total: u64, at: usize| total as f64 / count - (after[at] - before[at]) as f64;
        for (what, times) in [("look-up", &mut lookups), ("4 KiB read", &mut reads)] {
            times.sort_unstable();
            println!(
                "cold {what:<18} µs  median {:.1}, 99 % {:.1}",
                times[times.len() / 2] as f64 / 1000.0,
                times[times.len() * 99 / 100] as f64 / 1000.0
            );
        }
        println!(
            "reads a look-up             {:.2}, of {:.0} bytes; from storage {:.0} bytes",
            each(calls, 0),
            each(bytes, 1),
            each(storage, 2)
        );
    }

    /// The system calls that read, their bytes, and the bytes that were read from storage.
    fn counters() -> [u64; 3] {
        let text = std::fs::read_to_string("/proc/self/io").unwrap();
        ["syscr: ", "rchar: ", "read_bytes: "].map(|name| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().parse().unwrap()
        })
    }
}
