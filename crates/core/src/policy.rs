//! Which new passwords are acceptable (NIST SP 800-63B-4, 3.1.1.2).

mod blocklist;
mod context_words;
mod violation;

use std::fmt;
use std::sync::Arc;

pub use blocklist::{Blocklist, CommonPasswords};
pub use context_words::ContextWords;
pub use violation::{ContextWord, Violation};

use crate::Plaintext;

/// Rules that were checked: what a new password must keep.
///
/// A policy evaluates what it is given: the text itself, the account's own words, and whether the
/// text was seen before (which takes verifying hashes, so `Engine` finds it out).
///
/// ```
/// use repass_core::{PolicyContext, Plaintext, Policy};
///
/// let policy = Policy::nist_800_63b_4();
/// let violations = policy.evaluate(&Plaintext::from("password"), &PolicyContext::default());
/// let codes: Vec<_> = violations.iter().map(|violation| violation.code()).collect();
/// assert_eq!(codes, ["too-short", "common"]);
/// ```
#[derive(Debug, Clone)]
pub struct Policy(PolicyRules);

/// The rules of a [`Policy`] as they are written down. The default is
/// [`nist_800_63b_4`](Self::nist_800_63b_4).
///
/// ```
/// use repass_core::{Policy, PolicyRules};
///
/// let mut rules = PolicyRules::default();
/// rules.min_length = 12;
/// assert!(Policy::new(rules.clone()).is_ok());
/// rules.max_length = 11;
/// assert!(Policy::new(rules).is_err());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PolicyRules {
    /// Fewest code points, at least 1.
    pub min_length: usize,
    /// Most code points, at least `min_length` and at most 4096.
    pub max_length: usize,
    /// Whether at least one decimal digit is demanded.
    pub require_digit: bool,
    /// Whether at least one character that is neither letter, digit nor white space is demanded.
    pub require_special: bool,
    /// Whether the current password is refused.
    pub refuse_current: bool,
    /// Whether text that contains context-specific words of the account is refused.
    pub refuse_context_words: bool,
    /// How many earlier passwords are refused; 0 for none. At most [`Policy::MAX_HISTORY`].
    pub history: usize,
    /// Passwords that are refused for every account.
    pub blocklists: Vec<Arc<dyn Blocklist>>,
}

/// A policy that could accept nothing, or remembers more than can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the policy's {member} {reason}")]
pub struct InvalidPolicy {
    /// Which number.
    pub member: &'static str,
    /// What it must be.
    pub reason: &'static str,
}

/// What is known when a new password is evaluated, beside the text itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicyContext<'a> {
    /// The words of the account it is for.
    pub words: ContextWords<'a>,
    /// Whether it is the account's current password.
    pub is_current: bool,
    /// Whether it is one of the earlier passwords that the policy asks about.
    pub is_reused: bool,
}

/// Text that a policy accepted, or that was proved to be the account's password already. Only
/// [`Policy::accept`] and `Engine` make one, and only this can be hashed.
#[derive(Clone)]
pub struct NewPassword(Arc<Plaintext>);

impl NewPassword {
    /// The account's present password, which was proved, so that no policy is asked about it.
    #[cfg(feature = "engine")]
    pub(crate) fn proved(password: Arc<Plaintext>) -> Self {
        Self(password)
    }

    /// The text itself.
    pub fn plaintext(&self) -> &Plaintext {
        &self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

impl PolicyRules {
    /// The length alone counts, in code points; every other rule is off.
    pub fn length(min: usize, max: usize) -> Self {
        Self {
            min_length: min,
            max_length: max,
            require_digit: false,
            require_special: false,
            refuse_current: false,
            refuse_context_words: false,
            history: 0,
            blocklists: Vec::new(),
        }
    }

    /// NIST SP 800-63B-4, 3.1.1.2 for passwords that are the only factor: 15 to 256 code points, no
    /// composition rules, not a common password, not made of the account's own words, not the
    /// current one and none of the last five.
    pub fn nist_800_63b_4() -> Self {
        Self {
            refuse_current: true,
            refuse_context_words: true,
            history: 5,
            blocklists: vec![Arc::new(CommonPasswords)],
            ..Self::length(15, 256)
        }
    }

    /// The names of the presets, for [`preset`](Self::preset).
    pub const PRESETS: [&'static str; 1] = ["nist-800-63b-4"];

    /// The preset of that name.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "nist-800-63b-4" => Some(Self::nist_800_63b_4()),
            _ => None,
        }
    }
}

impl Default for PolicyRules {
    fn default() -> Self {
        Self::nist_800_63b_4()
    }
}

impl Policy {
    /// The most earlier passwords that can be remembered for an account.
    pub const MAX_HISTORY: usize = 24;

    /// Checks `rules`.
    ///
    /// # Errors
    /// The first number that makes no sense.
    pub fn new(rules: PolicyRules) -> Result<Self, InvalidPolicy> {
        let wrong = |member, reason| Err(InvalidPolicy { member, reason });
        if rules.min_length == 0 {
            wrong("min_length", "must be at least 1")
        } else if rules.max_length > Plaintext::MAX_PASSWORD_BYTES {
            wrong("max_length", "must be at most 4096")
        } else if rules.min_length > rules.max_length {
            wrong("min_length", "must be at most max_length")
        } else if rules.history > Self::MAX_HISTORY {
            wrong("history", "must be at most 24")
        } else {
            Ok(Self(rules))
        }
    }

    /// The policy of [`PolicyRules::nist_800_63b_4`].
    pub fn nist_800_63b_4() -> Self {
        Self(PolicyRules::nist_800_63b_4())
    }

    /// The rules.
    pub fn rules(&self) -> &PolicyRules {
        &self.0
    }

    /// Every rule that `candidate` breaks, in a fixed order; empty when it is acceptable.
    pub fn evaluate(&self, candidate: &Plaintext, context: &PolicyContext<'_>) -> Vec<Violation> {
        let rules = &self.0;
        let mut violations = Vec::new();
        let length = candidate.code_points();
        if length < rules.min_length {
            violations.push(Violation::TooShort { min: rules.min_length, actual: length });
        }
        if length > rules.max_length || candidate.byte_len() > Plaintext::MAX_PASSWORD_BYTES {
            violations.push(Violation::TooLong { max: rules.max_length });
        }
        let text = candidate.expose();
        if rules.require_digit && !text.bytes().any(|byte| byte.is_ascii_digit()) {
            violations.push(Violation::MissingDigit);
        }
        let special = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
        if rules.require_special && !text.chars().any(special) {
            violations.push(Violation::MissingSpecial);
        }
        if rules.refuse_current && context.is_current {
            violations.push(Violation::SameAsCurrent);
        } else if rules.history > 0 && context.is_reused {
            violations.push(Violation::Reused { last: rules.history });
        }
        if rules.refuse_context_words {
            violations.extend(
                context_words::contained(candidate, &context.words)
                    .into_iter()
                    .map(|word| Violation::ContainsContextWord { word }),
            );
        }
        if rules.blocklists.iter().any(|list| list.contains(candidate)) {
            violations.push(Violation::Common);
        }
        violations
    }

    /// Accepts `candidate`, or says every rule that it breaks.
    ///
    /// # Errors
    /// The broken rules; never empty.
    pub fn accept(
        &self,
        candidate: Arc<Plaintext>,
        context: &PolicyContext<'_>,
    ) -> Result<NewPassword, Vec<Violation>> {
        let violations = self.evaluate(&candidate, context);
        if violations.is_empty() { Ok(NewPassword(candidate)) } else { Err(violations) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::nist_800_63b_4()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(policy: &Policy, text: &str, context: &PolicyContext<'_>) -> Vec<&'static str> {
        policy.evaluate(&Plaintext::from(text), context).iter().map(Violation::code).collect()
    }

    /// Proves NIST 3.1.1.2 length.
    #[test]
    fn nist_3_1_1_2_length_is_15_to_256_code_points() {
        let policy = Policy::nist_800_63b_4();
        let nothing = PolicyContext::default();
        assert_eq!(codes(&policy, &"é".repeat(14), &nothing), ["too-short"]);
        assert!(codes(&policy, "fifteen letters", &nothing).is_empty());
        assert!(codes(&policy, &"漢字 🔑".repeat(64), &nothing).is_empty());
        assert_eq!(codes(&policy, &"x".repeat(257), &nothing), ["too-long"]);
    }

    /// The policy of the default rules as changed by `change`.
    fn changed(change: impl FnOnce(&mut PolicyRules)) -> Result<Policy, InvalidPolicy> {
        let mut rules = PolicyRules::default();
        change(&mut rules);
        Policy::new(rules)
    }

    #[test]
    fn a_policy_cannot_hold_nonsense() {
        let member = |change: fn(&mut PolicyRules)| changed(change).unwrap_err().member;
        assert_eq!(member(|rules| rules.min_length = 0), "min_length");
        assert_eq!(member(|rules| rules.min_length = 257), "min_length");
        assert_eq!(member(|rules| rules.max_length = 4097), "max_length");
        assert_eq!(member(|rules| rules.history = 25), "history");
    }

    #[test]
    fn no_policy_accepts_more_bytes_than_are_hashed() {
        let policy = changed(|rules| rules.max_length = 4096).unwrap();
        assert_eq!(codes(&policy, &"é".repeat(2049), &PolicyContext::default()), ["too-long"]);
        assert_eq!(codes(&policy, &"x".repeat(4097), &PolicyContext::default()), ["too-long"]);
        assert!(codes(&policy, &"x".repeat(4096), &PolicyContext::default()).is_empty());
    }

    #[test]
    fn every_broken_rule_is_reported_at_once() {
        let policy = changed(|rules| {
            rules.require_digit = true;
            rules.require_special = true;
        })
        .unwrap();
        let context =
            PolicyContext { is_current: true, is_reused: true, ..PolicyContext::default() };
        assert_eq!(
            codes(&policy, "password", &context),
            ["too-short", "missing-digit", "missing-special", "same-as-current", "common"]
        );
    }

    #[test]
    fn letters_digits_and_white_space_are_not_special() {
        let policy = changed(|rules| rules.require_special = true).unwrap();
        for (text, broken) in [
            ("fifteen letters und größer 1 ٣", true),
            ("fifteen-letters-here", false),
            ("fifteen letters and a 🔑", false),
        ] {
            let expected: &[&str] = if broken { &["missing-special"] } else { &[] };
            assert_eq!(codes(&policy, text, &PolicyContext::default()), expected, "{text}");
        }
    }

    #[test]
    fn the_bounds_of_a_policy_are_allowed() {
        let rules = PolicyRules { history: Policy::MAX_HISTORY, ..PolicyRules::length(1, 4096) };
        assert!(Policy::new(rules).is_ok());
        assert!(Policy::new(PolicyRules::length(8, 8)).is_ok());
    }

    #[test]
    fn a_rule_that_is_switched_off_is_never_broken() {
        let context = PolicyContext {
            words: ContextWords { username: Some("patricia"), ..ContextWords::default() },
            is_current: true,
            is_reused: true,
        };
        let lengths_alone = Policy::new(PolicyRules::length(1, 64)).unwrap();
        assert!(codes(&lengths_alone, "patricia", &context).is_empty());
    }

    #[test]
    fn reuse_counts_where_a_history_is_kept() {
        let context = PolicyContext { is_reused: true, ..PolicyContext::default() };
        let text = "an entirely fine sentence";
        assert_eq!(codes(&Policy::default(), text, &context), ["reused"]);
        let without = changed(|rules| rules.history = 0).unwrap();
        assert!(codes(&without, text, &context).is_empty());
    }

    #[test]
    fn each_preset_has_its_name() {
        for name in PolicyRules::PRESETS {
            assert!(PolicyRules::preset(name).is_some(), "{name}");
        }
        assert!(PolicyRules::preset("nist").is_none());
    }
}
