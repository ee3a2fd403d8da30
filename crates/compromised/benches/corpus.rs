//! Builds and reads a corpus of synthetic digests:
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
}
