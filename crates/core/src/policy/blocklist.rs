use std::fmt;
use std::io;

use crate::Plaintext;

/// A list of passwords that are refused for every account (NIST SP 800-63B-4, 3.1.1.2).
pub trait Blocklist: Send + Sync + fmt::Debug {
    /// Returns whether the list contains `candidate` as a whole.
    fn contains(&self, candidate: &Plaintext) -> bool;

    /// Reads the source of the list again, as at SIGHUP. It blocks the thread. By default nothing is
    /// done.
    ///
    /// # Errors
    /// When the source cannot be read; the list is then as before.
    fn reload(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns whether `candidate` is one of about a hundred thousand passwords that are common in
/// breaches, in any case.
pub(super) fn is_common(candidate: &Plaintext) -> bool {
    let text = candidate.expose();
    let lower = zeroize::Zeroizing::new(text.to_lowercase());
    passwords::analyzer::is_common_password(text)
        || passwords::analyzer::is_common_password(lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves NIST 3.1.1.2 blocklist, ASVS 6.2.4.
    #[test]
    fn asvs_6_2_4_common_passwords_are_known_in_any_case() {
        for common in ["password", "pAsSwOrD", "123456789", "qwertyuiop", "1q2w3e4r5t", "iLoVeYoU"]
        {
            assert!(is_common(&Plaintext::from(common)), "{common}");
        }
        for rare in ["", "correct horse battery staple", "password-of-mine-alone", "\",\""] {
            assert!(!is_common(&Plaintext::from(rare)), "{rare}");
        }
    }
}
