//! The search for rows by e-mail address or user name.

use repass_core::{Account, MAX_SAME_NAME, NameKind};

use crate::{AccountsTable, SqlName};

/// The most rows that a store reads to find the accounts of one name: more than
/// [`MAX_SAME_NAME`], since not every row that the database finds has
/// exactly this name.
pub const MAX_NAME_CANDIDATES: usize = 10 * MAX_SAME_NAME;

impl AccountsTable {
    /// Returns the column of names of this kind, if one is mapped.
    pub const fn name_column(&self, kind: NameKind) -> Option<&SqlName> {
        match kind {
            NameKind::Email => self.email.as_ref(),
            NameKind::Username => self.username.as_ref(),
        }
    }
}

/// Returns the values of SQL's `lower(column)` in the rows with this name, which is in the form of
/// [`fold_name`](repass_core::fold_name).
///
/// `lower` changes ASCII letters only on SQLite, and with some collations of PostgreSQL. So the
/// other letters of the name are in lower case, in upper case, and in upper case at the start of
/// words.
pub fn lowered_spellings(name: &str) -> [String; 3] {
    let raised = |raises: fn(Option<char>) -> bool| {
        let mut before = None;
        let mut spelling = String::with_capacity(name.len());
        for letter in name.chars() {
            if !letter.is_ascii() && raises(before) {
                spelling.extend(letter.to_uppercase());
            } else {
                spelling.push(letter);
            }
            before = Some(letter);
        }
        spelling
    };
    let starts_word = |before: Option<char>| !before.is_some_and(char::is_alphanumeric);
    [name.to_owned(), raised(|_| true), raised(starts_word)]
}

/// Returns whether the account has this name, which is in the form of
/// [`fold_name`](repass_core::fold_name).
pub fn is_named(account: &Account, kind: NameKind, name: &str) -> bool {
    kind.key(account).as_deref() == Some(name)
}

#[cfg(test)]
mod tests {
    use repass_core::fold_name;

    use super::*;

    /// Every spelling is one that a database returns for a row with this name.
    #[test]
    fn letters_beyond_ascii_are_searched_in_upper_case_too() {
        assert_eq!(lowered_spellings("pat@x.org"), ["pat@x.org"; 3]);
        for stored in ["Özlem Öztürk-Ünal", "ÖZLEM ÖZTÜRK-ÜNAL", "özlem öztürk-ünal"] {
            let lowered = stored.to_ascii_lowercase();
            assert!(lowered_spellings(&fold_name(stored)).contains(&lowered), "{stored}");
        }
    }
}
