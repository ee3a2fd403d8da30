use unicode_normalization::UnicodeNormalization;

use super::AccountWord;
use crate::{Account, Plaintext};

/// Shorter words occur in ordinary sentences by chance and are not looked for.
const SHORTEST_WORD: usize = 4;

/// Which of the account's own words, of four letters and more, `candidate` contains, without regard
/// to case; each source once.
pub(super) fn contained(candidate: &Plaintext, account: &Account) -> Vec<AccountWord> {
    let nfc = candidate.changed_by_nfc();
    let text = nfc.as_ref().unwrap_or(candidate).expose();
    let text = zeroize::Zeroizing::new(text.to_lowercase());
    let mut found: Vec<AccountWord> = words(account)
        .filter(|(_, word)| word.chars().count() >= SHORTEST_WORD && text.contains(word.as_str()))
        .map(|(source, _)| source)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn words(account: &Account) -> impl Iterator<Item = (AccountWord, String)> {
    let profile = &account.profile;
    let names = [&profile.given_name, &profile.middle_name, &profile.family_name];
    let whole = [
        (AccountWord::UserId, Some(account.user_id.as_str())),
        (AccountWord::Username, account.username.as_deref()),
        (AccountWord::Email, account.email.as_deref()),
    ];
    // A user id or user name is often an e-mail address; its parts are as easy to guess.
    whole
        .into_iter()
        .chain(names.into_iter().map(|name| (AccountWord::Name, name.as_deref())))
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
    use crate::account::tests_support::account;

    fn found(text: &str) -> Vec<AccountWord> {
        let mut account = account("ram123@gmail.com");
        account.username = Some("rams".to_owned());
        account.email = Some("Srini.Ram@Example.Org".to_owned());
        account.profile.given_name = Some("Ram".to_owned());
        account.profile.family_name = Some("O'Srinivasan".to_owned());
        contained(&Plaintext::from(text), &account)
    }

    #[test]
    fn nist_3_1_1_2_words_of_the_account_are_found_in_any_case() {
        assert_eq!(found("xxRAM123xx"), [AccountWord::UserId]);
        assert_eq!(found("my rAmS password"), [AccountWord::Username]);
        assert_eq!(found("i like srini a lot"), [AccountWord::Email]);
        assert_eq!(found("examples of things"), [AccountWord::Email]);
        assert_eq!(found("SRINIVASAN"), [AccountWord::Email, AccountWord::Name]);
    }

    #[test]
    fn words_are_found_in_any_normalisation() {
        let mut account = account("1");
        account.profile.given_name = Some("Ame\u{301}lie".to_owned());
        for text in ["made by amélie herself", "made by ame\u{301}lie herself"] {
            assert_eq!(contained(&Plaintext::from(text), &account), [AccountWord::Name], "{text}");
        }
    }

    #[test]
    fn short_words_are_left_alone() {
        assert!(found("a program of com and org").is_empty());
    }
}
