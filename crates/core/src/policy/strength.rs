//! The strength estimate of zxcvbn: the score by the guesses that a password takes.

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

use super::ContextWords;
use super::context_words::MIN_WORD_LENGTH;
use crate::Plaintext;

/// The most characters that are estimated.
const MAX_LENGTH: usize = 48;

/// The most words and characters of a word that are given to zxcvbn.
const MAX_WORDS: usize = 100;
const MAX_WORD_LENGTH: usize = 24;

/// The bound of an estimate's [`cost`]. Measured at it, an estimate takes 3 to 5 ms; most take less
/// than 2 ms. Eleven characters are always within it, which is enough for every score.
const MAX_COST: usize = 25_000;

/// The digits and signs that zxcvbn reads as a letter, a list for each letter.
const SUBSTITUTIONS: [&str; 12] =
    ["4@", "8", "({[<", "3", "69", "1!|", "1|7", "0", "$5", "+7", "%", "2"];

/// Returns the score of `candidate`, 0 to 4. The words of the account and of the service count as
/// words that an attacker tries first.
pub(super) fn score(candidate: &Plaintext, account: &ContextWords<'_>, service: &[String]) -> u8 {
    let ContextWords { user_id, username, email, names } = *account;
    let texts = [user_id, username, email].into_iter().chain(names).flatten();
    let words: Vec<String> = texts
        .chain(service.iter().map(String::as_str))
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= MIN_WORD_LENGTH)
        .map(|word| word.chars().take(MAX_WORD_LENGTH).collect())
        .take(MAX_WORDS)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    u8::from(zxcvbn(&estimated(candidate.expose()), &words).score())
}

/// Returns the first characters of `text`, as many as can be estimated within the bounds.
fn estimated(text: &str) -> Zeroizing<String> {
    // A vector that grows leaves copies of a password behind.
    let mut chars = Zeroizing::new(Vec::with_capacity(MAX_LENGTH));
    chars.extend(text.chars().take(MAX_LENGTH));
    while cost(&chars) > MAX_COST {
        chars.pop();
    }
    let mut estimated = String::with_capacity(chars.iter().map(|c| c.len_utf8()).sum());
    estimated.extend(chars.iter());
    Zeroizing::new(estimated)
}

/// Returns a measure of the time of an estimate. zxcvbn looks each part of the text up in its
/// dictionaries, forwards, backwards and in every reading of its digits and signs as letters. The
/// readings multiply: 100 characters with all of the signs take half a second.
fn cost(text: &[char]) -> usize {
    let readings: usize = SUBSTITUTIONS
        .iter()
        .map(|signs| signs.chars().filter(|sign| text.contains(sign)).count().max(1))
        .product();
    text.len() * text.len() * (2 + readings)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn score_of(text: &str) -> u8 {
        score(&Plaintext::from(text), &ContextWords::default(), &[])
    }

    #[test]
    fn the_score_is_by_what_an_attacker_tries() {
        for (text, expected) in [
            ("", 0),
            ("aaaaaaaaaaaaaaaaaaaa", 0),
            ("summer2026summer2026", 1),
            ("1qaz2wsx3edc4rfv", 1),
            ("Password2026!", 2),
            ("fifteen letters", 3),
            ("correct horse battery staple", 4),
            ("kavxo7-nuptyr-Gohqiz", 4),
        ] {
            assert_eq!(score_of(text), expected, "{text}");
        }
    }

    #[test]
    fn words_of_account_and_service_are_tried_first() {
        let text = Plaintext::from("grzegorzbrzeczyszczykiewicz");
        let none = ContextWords::default();
        assert_eq!(score(&text, &none, &[]), 4);
        let email = Some("Grzegorz@Brzeczyszczykiewicz.example");
        assert!(score(&text, &ContextWords { email, ..none }, &[]) < 3);
        let service = ["Grzegorz Brzeczyszczykiewicz".to_owned()];
        assert!(score(&text, &none, &service) < 3);
    }

    #[test]
    fn the_work_is_bounded_and_what_is_estimated_is_enough_for_every_score() {
        let all = SUBSTITUTIONS.concat();
        let signs: String = all.chars().cycle().take(256).collect();
        let estimated_signs = estimated(&signs);
        assert!(cost(&estimated_signs.chars().collect::<Vec<_>>()) <= MAX_COST);
        assert_eq!(score_of(&signs), 4);
        assert_eq!(estimated(&"é".repeat(4096)).chars().count(), MAX_LENGTH);
        assert_eq!(score_of("1!|7+$54@69"), 4);
    }

    /// A sign that occurs twice has no more readings, so that distinct signs have the most.
    #[test]
    fn eleven_characters_and_no_more_are_always_estimated() {
        let signs: BTreeSet<char> = SUBSTITUTIONS.iter().flat_map(|own| own.chars()).collect();
        let mut costs = BTreeMap::new();
        for subset in 0_u32..1 << signs.len() {
            let length = subset.count_ones() as usize;
            if length == 11 || length == 12 {
                let is_in = |(at, _): &(usize, &char)| subset & (1 << at) != 0;
                let text: Vec<char> =
                    signs.iter().enumerate().filter(is_in).map(|own| *own.1).collect();
                let most = costs.entry(length).or_default();
                *most = cost(&text).max(*most);
            }
        }
        assert!(costs[&11] <= MAX_COST, "{costs:?}");
        assert!(costs[&12] > MAX_COST, "{costs:?}");
        let longest = |text: &str| estimated(text).chars().count();
        assert_eq!(longest("1!|7+$54@69({["), 12);
        assert_eq!(longest("({[1!|7+4@69$5"), 11);
    }

    /// zxcvbn unwraps and multiplies; in debug builds an overflow panics.
    #[test]
    fn unusual_texts_do_not_panic() {
        let long = "x".repeat(5_000);
        let mixed = "aB4@".repeat(1_000);
        let words = ContextWords {
            user_id: Some(&mixed),
            username: Some(&long),
            email: Some("aB4aB4aB4aB4aB4aB4aB4aB4@x"),
            names: [Some("İstanbul"), Some("ﬁ ß"), Some("\u{0}\u{301}")],
        };
        for text in [
            "İstanbul-İSTANBUL",
            "ß\u{301}\u{0}\n",
            "٣٣/٣٣/١٩٩١",
            "🔑🔑🔑🔑",
            "aB4@aB4@aB4@aB4@aB4@aB4@",
            "99/99/9999 00-00-0000",
            "\u{1f468}\u{200d}\u{1f469}",
            "ABABABABABABababababABAB",
            &long,
            &mixed,
        ] {
            assert!(score(&Plaintext::from(text), &words, &[]) <= 4, "{text}");
        }
    }
}
