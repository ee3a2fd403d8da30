use unicode_normalization::UnicodeNormalization;

use super::ContextWord;
use crate::Plaintext;

/// The context-specific words of an account, which its password must not contain (NIST SP
/// 800-63B-4, 3.1.1.2). Words of fewer than four letters are ignored, because they occur in
/// ordinary sentences.
///
/// ```
/// use repass_core::{ContextWords, PolicyContext, Plaintext, Policy};
///
/// let words = ContextWords { email: Some("srini@example.org"), ..ContextWords::default() };
/// let context = PolicyContext { words, ..PolicyContext::default() };
/// let violations = Policy::default().evaluate(&Plaintext::from("one srini to rule"), &context);
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

const MIN_WORD_LENGTH: usize = 4;

/// Returns the sources of the words that `candidate` contains, ignoring case; each source once.
pub(super) fn contained(candidate: &Plaintext, context: &ContextWords<'_>) -> Vec<ContextWord> {
    let nfc = candidate.changed_by_nfc();
    let text = nfc.as_ref().unwrap_or(candidate).expose();
    let text = zeroize::Zeroizing::new(text.to_lowercase());
    let mut found: Vec<ContextWord> = words(context)
        .filter(|(_, word)| word.chars().count() >= MIN_WORD_LENGTH && text.contains(word.as_str()))
        .map(|(source, _)| source)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn words(context: &ContextWords<'_>) -> impl Iterator<Item = (ContextWord, String)> {
    let whole = [
        (ContextWord::UserId, context.user_id),
        (ContextWord::Username, context.username),
        (ContextWord::Email, context.email),
    ];
    // A user id or user name is often an e-mail address, so its parts are words too.
    whole
        .into_iter()
        .chain(context.names.map(|name| (ContextWord::Name, name)))
        .filter_map(|(source, text)| text.map(|text| (source, text.nfc().collect::<String>())))
        .map(|(source, text)| (source, text.to_lowercase()))
        .flat_map(|(source, text)| {
            let parts: Vec<String> =
                text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            std::iter::once(text).chain(parts).map(move |word| (source, word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    fn found(text: &str) -> Vec<ContextWord> {
        let words = ContextWords {
            user_id: Some("ram123@gmail.com"),
            username: Some("rams"),
            email: Some("Srini.Ram@Example.Org"),
            names: [Some("Ram"), None, Some("O'Srinivasan")],
        };
        contained(&Plaintext::from(text), &words)
    }

    /// Proves NIST 3.1.1.2 blocklist, ASVS 6.2.11.
    #[test]
    fn nist_3_1_1_2_words_of_the_account_are_found_in_any_case() {
        assert_eq!(found("xxRAM123xx"), [ContextWord::UserId]);
        assert_eq!(found("my rAmS password"), [ContextWord::Username]);
        assert_eq!(found("i like srini a lot"), [ContextWord::Email]);
        assert_eq!(found("examples of things"), [ContextWord::Email]);
        assert_eq!(found("SRINIVASAN"), [ContextWord::Email, ContextWord::Name]);
    }

    /// Proves ASVS 6.2.11.
    #[test]
    fn words_are_found_in_any_normalization() {
        let names = [Some("Ame\u{301}lie"), None, None];
        let words = ContextWords { names, ..ContextWords::default() };
        for text in ["made by amélie herself", "made by ame\u{301}lie herself"] {
            assert_eq!(contained(&Plaintext::from(text), &words), [ContextWord::Name], "{text}");
        }
    }

    #[test]
    fn short_words_are_ignored() {
        assert!(found("a program of com and org").is_empty());
    }
}
