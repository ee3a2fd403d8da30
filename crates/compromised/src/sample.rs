//! Tells from its beginning how many digests an ordered list has.

use std::io::Read;

use crate::builder::BuildError;
use crate::line;

/// The bytes of the beginning of a list that tell how many digests it has: about 97,000 lines.
const SAMPLE: u64 = 4 * 1024 * 1024;

/// Reads the beginning of a list.
pub(crate) fn sample(reader: impl Read) -> Result<Vec<u8>, BuildError> {
    let mut sample = Vec::new();
    reader.take(SAMPLE).read_to_end(&mut sample).map_err(BuildError::Read)?;
    Ok(sample)
}

/// Returns about how many digests of a list were seen often enough. `sample` is its beginning; if
/// that is not all of it, they are at most `most`. Digests of SHA-1 are evenly distributed, so that
/// those of the sample and their distance tell how many there are up to the last.
pub(crate) fn expected(sample: &[u8], min_count: u64, most: u64) -> u64 {
    let (mut first, mut last, mut kept) = (None, 0, 0_u64);
    for line in sample.split(|byte| *byte == b'\n') {
        let Some((hex, count)) = line::split(line) else { continue };
        let (Some(digest), Some(count)) = (line::digest(hex), line::number(count)) else {
            continue;
        };
        let [a, b, c, d, e, ..] = digest;
        last = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        first.get_or_insert(last);
        kept += u64::from(count >= min_count);
    }
    if (sample.len() as u64) < SAMPLE {
        return kept;
    }
    let distance = last.saturating_sub(first.unwrap_or(last)).max(1);
    // So many that more are improbable: too few would make false matches more frequent.
    let kept = kept as f64 + 4.0 * (kept as f64).sqrt() + 10.0;
    ((kept * 2_f64.powi(40) / distance as f64) as u64).min(most)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// Returns a list of so many evenly distributed digests; every tenth was seen often.
    fn list(digests: u64) -> String {
        let distance = (1 << 40) / digests;
        let mut list = String::new();
        for number in 0..digests {
            let count = if number % 10 == 0 { 100 } else { 1 };
            writeln!(list, "{:010X}{number:030X}:{count}", number * distance).unwrap();
        }
        list
    }

    #[test]
    fn the_beginning_of_a_list_tells_how_many_digests_it_has() {
        assert_eq!(expected(list(1000).as_bytes(), 1, u64::MAX), 1000, "all of it");
        assert_eq!(expected(list(1000).as_bytes(), 10, u64::MAX), 100);
        let list = list(1_000_000);
        let sample = &list.as_bytes()[..SAMPLE as usize];
        for (min_count, digests) in [(1, 1_000_000), (10, 100_000)] {
            let expected = expected(sample, min_count, u64::MAX);
            // Never fewer, since that would make false matches more frequent.
            assert!((digests..digests * 21 / 20).contains(&expected), "{expected}");
        }
        assert!(expected(sample, 1000, u64::MAX) < 1000, "none was seen so often");
        assert_eq!(expected(sample, 1, 50_000), 50_000);
        assert_eq!(expected(&b"AB:1\n".repeat(1 << 20), 1, 50_000), 50_000, "no digests");
    }
}
