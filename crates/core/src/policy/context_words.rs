use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::ContextWord;
use crate::Plaintext;

/// The context-specific words of an account, of which its password must not be made (NIST SP
/// 800-63B-4, 3.1.1.2).
///
/// A password is refused if fewer than four of its letters are left over once these words are taken
/// out, forwards or backwards, in any case, without accents, and with digits and signs in the place
/// of letters (`4` and `@` for `a`, `$` for `s`). Digits, signs and white space count for nothing,
/// nor do a few words such as `password` and `welcome`. So `Pat-Example-2026!` is refused, and a
/// sentence with the word `example` is not. Words of one or two characters are ignored.
///
/// ```
/// use repass_core::{ContextWords, PolicyContext, Plaintext, Policy};
///
/// let words = ContextWords { email: Some("srini@example.org"), ..ContextWords::default() };
/// let context = PolicyContext { words, ..PolicyContext::default() };
/// let violations = Policy::default().evaluate(&Plaintext::from("$rini.3xample!2026"), &context);
/// assert_eq!(violations[0].code(), "contains-account-word");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ContextWords<'a> {
    /// The vendor's identifier of the account.
    pub user_id: Option<&'a str>,
    /// The name that the user signs in with.
    pub username: Option<&'a str>,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// The user's own names: given, middle and family name.
    pub names: [Option<&'a str>; 3],
}

pub(super) const MIN_WORD_LENGTH: usize = 3;

/// A password with fewer letters of its own is made of words.
const MIN_OWN_LETTERS: usize = 4;

/// Words that add nothing to context-specific ones.
const FILLERS: [&str; 10] = [
    "password", "passwort", "passwd", "pass", "welcome", "login", "secret", "admin", "account",
    "user",
];

/// Returns the sources of the words that `candidate` is made of; none if it is made of more than
/// words of the account, of `service`, and of fillers. Each source once.
pub(super) fn made_of<'a>(
    candidate: &Plaintext,
    account: &ContextWords<'a>,
    service: &'a [String],
) -> Vec<ContextWord> {
    let whole = [
        (ContextWord::UserId, account.user_id),
        (ContextWord::Username, account.username),
        (ContextWord::Email, account.email),
    ];
    let names = account.names.map(|name| (ContextWord::Name, name));
    let service = service.iter().map(|word| (ContextWord::Service, Some(word.as_str())));
    let mut words: Vec<(Option<ContextWord>, Vec<char>)> = whole
        .into_iter()
        .chain(names)
        .chain(service)
        .filter_map(|(source, text)| Some((source, text?)))
        .flat_map(|(source, text)| parts(text).map(move |word| (Some(source), word)))
        .collect();
    let text = Zeroizing::new(folded(candidate.expose()));
    // A longer word does not occur. Sorted with duplicates removed, since a search takes time for each.
    words.retain(|(_, word)| word.len() <= text.len());
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Vec::new();
    }
    words.extend(FILLERS.map(|word| (None, word.chars().collect())));
    let (own_letters, used) = covered(&text, &words);
    if own_letters >= MIN_OWN_LETTERS {
        return Vec::new();
    }
    let mut found: Vec<ContextWord> = words
        .iter()
        .filter(|(_, word)| used.contains(&word.as_slice()))
        .filter_map(|(source, _)| *source)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the words of `text`, each also reversed. They are separated by characters that are neither
/// letters nor digits, as in e-mail addresses.
fn parts(text: &str) -> impl Iterator<Item = Vec<char>> {
    let text = folded(text);
    let words: Vec<Vec<char>> = text
        .split(|c| !c.is_alphanumeric())
        .filter(|word| word.len() >= MIN_WORD_LENGTH)
        .map(<[char]>::to_vec)
        .collect();
    words.into_iter().flat_map(|word| {
        let reversed = word.iter().rev().copied().collect();
        [word, reversed]
    })
}

/// Returns `text` in lower case without accents.
fn folded(text: &str) -> Vec<char> {
    let folded =
        || text.chars().nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c));
    // A vector that grows leaves copies of a password behind.
    let mut chars = Vec::with_capacity(folded().count());
    chars.extend(folded());
    chars
}

/// Returns the fewest letters of `text` that the words leave uncovered, and the words that do so.
fn covered<'w, S>(text: &[char], words: &'w [(S, Vec<char>)]) -> (usize, Vec<&'w [char]>) {
    // For the first `i` characters: the fewest letters, and the word that ends there.
    let mut best: Vec<(usize, Option<&[char]>)> = vec![(usize::MAX, None); text.len() + 1];
    best[0].0 = 0;
    for (start, c) in text.iter().enumerate() {
        let fewest = best[start].0;
        for (_, word) in words {
            if occurs(&text[start..], word) && fewest < best[start + word.len()].0 {
                best[start + word.len()] = (fewest, Some(word));
            }
        }
        // Of equals a word is preferred, so that a number that is a user id is found.
        let alone = fewest + usize::from(c.is_alphabetic());
        if alone < best[start + 1].0 {
            best[start + 1] = (alone, None);
        }
    }
    let mut used = Vec::new();
    let mut end = text.len();
    while end > 0 {
        let word = best[end].1;
        used.extend(word);
        end -= word.map_or(1, <[char]>::len);
    }
    (best[text.len()].0, used)
}

/// Returns whether `text` starts with `word`.
fn occurs(text: &[char], word: &[char]) -> bool {
    text.len() >= word.len() && text.iter().zip(word).all(|(c, letter)| stands_for(*c, *letter))
}

fn stands_for(c: char, letter: char) -> bool {
    c == letter
        || match c {
            '4' | '@' => letter == 'a',
            '8' => letter == 'b',
            '3' | '€' => letter == 'e',
            '6' | '9' => letter == 'g',
            '1' | '!' | '|' => matches!(letter, 'i' | 'l'),
            '0' => letter == 'o',
            '5' | '$' => letter == 's',
            '7' | '+' => letter == 't',
            '2' => letter == 'z',
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> ContextWords<'static> {
        ContextWords {
            user_id: Some("ram123@gmail.com"),
            username: Some("rams"),
            email: Some("Srini.Ram@Example.Org"),
            names: [Some("Ram"), None, Some("O'Srinivasan")],
        }
    }

    fn found(text: &str) -> Vec<ContextWord> {
        made_of(&Plaintext::from(text), &words(), &["Corner Shop".to_owned()])
    }

    /// Proves NIST 3.1.1.2 blocklist, ASVS 6.2.11.
    #[test]
    fn nist_3_1_1_2_passwords_made_of_words_of_the_account_are_found() {
        use ContextWord::{Email, Name, Service, UserId, Username};
        assert_eq!(found("RAM123 2026 !!"), [UserId]);
        assert_eq!(found("my rAmS password"), [Username]);
        assert_eq!(found("ram ram ram 2026"), [Email, Name]);
        assert_eq!(found("$r1n1.$r1n1.99"), [Email]);
        assert_eq!(found("inirs-inirs-1234"), [Email]);
        assert_eq!(found("SRINIVASAN-1984-x"), [Name]);
        assert_eq!(found("welcome@corner.shop1"), [Service]);
        assert_eq!(found("C0RNERSH0P abc 2026"), [Service]);
        assert_eq!(found("gmail.com/example.org"), [UserId, Email]);
        let number = ContextWords { user_id: Some("1001"), ..ContextWords::default() };
        assert_eq!(made_of(&Plaintext::from("my-1001-1001-1001"), &number, &[]), [UserId]);
    }

    /// Proves ASVS 6.2.11.
    #[test]
    fn words_are_found_in_any_normalization_and_without_accents() {
        let names = [Some("Ame\u{301}lie"), None, None];
        let words = ContextWords { names, ..ContextWords::default() };
        for text in ["Amélie-1984-1984", "Ame\u{301}lie 1984 1984", "AMELIE 1984 1984 yes"] {
            let found = made_of(&Plaintext::from(text), &words, &[]);
            assert_eq!(found, [ContextWord::Name], "{text}");
        }
    }

    #[test]
    fn a_passphrase_may_contain_a_word() {
        for text in [
            "one srini to rule them",
            "a program of com and org",
            "for example walnuts",
            "the corner shop sells radishes",
            "Ramona paints blue doors",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    /// Two hundred passphrases of common words: none is refused, although each holds a word of the
    /// account.
    #[test]
    fn no_passphrase_of_common_words_is_refused() {
        let first = ["quiet", "seven", "copper", "early", "broken", "purple", "salty", "hidden"];
        let last = ["walnut", "harbor", "violin", "ladder", "meadow"];
        let own = ["srini", "example", "Srinivasan", "Corner", "gmail"];
        let mut count = 0;
        for first in first {
            for last in last {
                for own in own {
                    let text = format!("{first} {own} {last}");
                    assert!(found(&text).is_empty(), "{text}");
                    count += 1;
                }
            }
        }
        assert_eq!(count, 200);
    }

    #[test]
    fn without_words_nothing_is_refused() {
        let nothing = ContextWords { names: [Some("Li"), None, None], ..ContextWords::default() };
        assert!(made_of(&Plaintext::from("password 123 li"), &nothing, &[]).is_empty());
    }
}
