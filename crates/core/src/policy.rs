//! Policies for new passwords (NIST SP 800-63B-4, 3.1.1.2).

mod blocklist;
mod context_words;
mod preset;
#[cfg(feature = "strength")]
mod strength;
mod violation;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use blocklist::Blocklist;
pub use context_words::ContextWords;
pub use preset::{LockoutClause, PolicyPreset};
pub use violation::{ContextWord, Violation};

use crate::Plaintext;

/// Validated rules for new passwords.
///
/// A policy evaluates the password and its [`PolicyContext`]. Whether the password was used before
/// takes the stored hashes, so `Engine` puts that into the context.
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

/// The rules of a [`Policy`], before validation. The default is
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
    /// Whether at least one letter is required.
    pub require_letter: bool,
    /// Whether at least one decimal digit is required.
    pub require_digit: bool,
    /// Whether at least one character that is not a letter, digit or white space is required.
    pub require_special: bool,
    /// Whether the current password is refused.
    pub refuse_current: bool,
    /// Whether text is refused that is made of context-specific words; see [`ContextWords`].
    pub refuse_context_words: bool,
    /// The words of the service, such as its name and its products'.
    pub context_words: Vec<String>,
    /// How many earlier passwords are refused; 0 for none. At most [`Policy::MAX_HISTORY`].
    pub history: usize,
    /// Whether the about one hundred thousand passwords that are most common in breaches are refused.
    pub refuse_common: bool,
    /// More passwords that are refused for every account.
    pub blocklists: Vec<Arc<dyn Blocklist>>,
    /// The lowest score of the strength estimate that is accepted, up to [`Policy::MAX_SCORE`]; 0
    /// for no estimate. It needs the feature `strength`.
    ///
    /// The scores are those of zxcvbn: a password of score 1 takes more than 10³ guesses, of score 2
    /// more than 10⁶, of score 3 more than 10⁸ and of score 4 more than 10¹⁰. The estimate reads the
    /// first 48 characters, and fewer if many digits and signs among them can stand for letters, so
    /// that it takes a few milliseconds at most.
    pub min_score: u8,
    /// The age from which a sign-in reports that a password has expired; `None` for no such age. At
    /// least a day. It never refuses a new password.
    pub max_age: Option<Duration>,
    /// What is done about passwords that are known from breaches. It takes effect if the engine has
    /// a source of them.
    pub compromised: CompromisedRule,
}

/// What a policy does about passwords that are known from breaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompromisedRule {
    /// They are refused.
    #[default]
    Refuse,
    /// They are accepted; the audit record has the detail `compromised`, and a sign-in that is
    /// evaluated reports them.
    Warn,
    /// They are not looked up.
    Off,
}

/// A number of a policy is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the policy's {member} {reason}")]
pub struct InvalidPolicy {
    /// The name of the number.
    pub member: &'static str,
    /// The bound that it violates.
    pub reason: &'static str,
}

/// The context that a new password is evaluated in.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicyContext<'a> {
    /// The context-specific words of the account.
    pub words: ContextWords<'a>,
    /// Whether the password is the account's current one.
    pub is_current: bool,
    /// Whether the password is one of the account's earlier ones that the policy refuses.
    pub is_reused: bool,
    /// How often the password was seen in breaches, at least; `None` if it is not known from one.
    pub seen_in_breaches: Option<u64>,
}

/// A password that a policy accepted, or that was proved to be the account's current one. Only
/// [`Policy::accept`] and `Engine` create this type, and only this type can be hashed.
#[derive(Clone)]
pub struct NewPassword(Arc<Plaintext>);

impl NewPassword {
    /// The account's current password, which needs no evaluation.
    #[cfg(feature = "engine")]
    pub(crate) fn proved(password: Arc<Plaintext>) -> Self {
        Self(password)
    }

    /// Returns the password.
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
    /// Returns rules for the length in code points; all other rules are off.
    pub fn length(min: usize, max: usize) -> Self {
        Self {
            min_length: min,
            max_length: max,
            require_letter: false,
            require_digit: false,
            require_special: false,
            refuse_current: false,
            refuse_context_words: false,
            context_words: Vec::new(),
            history: 0,
            refuse_common: false,
            blocklists: Vec::new(),
            min_score: 0,
            max_age: None,
            compromised: CompromisedRule::Refuse,
        }
    }

    /// Returns the rules of NIST SP 800-63B-4, 3.1.1.2 for passwords that are the only factor: 15
    /// to 256 code points, no composition rules, no common password, not made of context-specific words,
    /// and neither the current password nor one of the last five.
    pub fn nist_800_63b_4() -> Self {
        Self {
            refuse_current: true,
            refuse_context_words: true,
            history: 5,
            refuse_common: true,
            ..Self::length(15, 256)
        }
    }

    /// Returns the value of the HTML attribute `passwordrules`, by which password managers generate
    /// passwords that these rules accept.
    ///
    /// A class that is required is also allowed, and then no other is. So where a letter, a digit or a
    /// special character is required, letters and digits are. The special characters are those that all managers
    /// use, and no space, which these rules do not count.
    pub fn passwordrules(&self) -> String {
        let mut text = format!("minlength: {}; maxlength: {};", self.min_length, self.max_length);
        if self.require_letter || self.require_digit || self.require_special {
            text.push_str(" required: lower; required: upper; required: digit;");
        }
        if self.require_special {
            text.push_str(" required: [-!#$%&*+=?@_];");
        }
        text
    }
}

impl Default for PolicyRules {
    fn default() -> Self {
        Self::nist_800_63b_4()
    }
}

impl Policy {
    /// The most earlier passwords that a policy can refuse.
    pub const MAX_HISTORY: usize = 24;

    /// The highest score of a strength estimate.
    pub const MAX_SCORE: u8 = 4;

    /// The shortest age at which passwords can expire.
    pub const MIN_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

    /// Validates `rules`.
    ///
    /// # Errors
    /// When a number is out of bounds, or `min_score` is set without the feature `strength`.
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
        } else if rules.min_score > Self::MAX_SCORE {
            wrong("min_score", "must be 0 to 4")
        } else if rules.min_score > 0 && !cfg!(feature = "strength") {
            wrong("min_score", "needs the feature `strength` of repass-core")
        } else if rules.max_age.is_some_and(|age| age < Self::MIN_MAX_AGE) {
            wrong("max_age", "must be at least 1 day")
        } else {
            Ok(Self(rules))
        }
    }

    /// Returns the policy of [`PolicyRules::nist_800_63b_4`].
    pub fn nist_800_63b_4() -> Self {
        Self(PolicyRules::nist_800_63b_4())
    }

    /// Returns the rules.
    pub fn rules(&self) -> &PolicyRules {
        &self.0
    }

    /// Returns all violations of `candidate` in a fixed order; none if it is acceptable.
    pub fn evaluate(&self, candidate: &Plaintext, context: &PolicyContext<'_>) -> Vec<Violation> {
        let rules = &self.0;
        let mut violations = Vec::new();
        let length = candidate.code_points();
        if length < rules.min_length {
            violations.push(Violation::TooShort { min: rules.min_length, actual: length });
        }
        let is_too_long =
            length > rules.max_length || candidate.byte_len() > Plaintext::MAX_PASSWORD_BYTES;
        if is_too_long {
            violations.push(Violation::TooLong { max: rules.max_length });
        }
        let text = candidate.expose();
        if rules.require_letter && !text.chars().any(char::is_alphabetic) {
            violations.push(Violation::MissingLetter);
        }
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
        // Words are searched in passwords of bounded length only.
        if rules.refuse_context_words && !is_too_long {
            violations.extend(
                context_words::made_of(candidate, &context.words, &rules.context_words)
                    .into_iter()
                    .map(|word| Violation::ContainsContextWord { word }),
            );
        }
        let is_common = rules.refuse_common && blocklist::is_common(candidate);
        if is_common || rules.blocklists.iter().any(|list| list.contains(candidate)) {
            violations.push(Violation::Common);
        }
        #[cfg(feature = "strength")]
        if rules.min_score > 0 {
            let score = strength::score(candidate, &context.words, &rules.context_words);
            if score < rules.min_score {
                violations.push(Violation::Weak { score, min: rules.min_score });
            }
        }
        if rules.compromised == CompromisedRule::Refuse
            && let Some(seen) = context.seen_in_breaches
        {
            violations.push(Violation::Compromised { seen });
        }
        violations
    }

    /// Accepts `candidate` if it violates no rule.
    ///
    /// # Errors
    /// All violations, at least one.
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

    /// A policy of the default rules with a change.
    fn changed(change: impl FnOnce(&mut PolicyRules)) -> Result<Policy, InvalidPolicy> {
        let mut rules = PolicyRules::default();
        change(&mut rules);
        Policy::new(rules)
    }

    #[test]
    fn a_policy_out_of_bounds_is_refused() {
        let member = |change: fn(&mut PolicyRules)| changed(change).unwrap_err().member;
        assert_eq!(member(|rules| rules.min_length = 0), "min_length");
        assert_eq!(member(|rules| rules.min_length = 257), "min_length");
        assert_eq!(member(|rules| rules.max_length = 4097), "max_length");
        assert_eq!(member(|rules| rules.history = 25), "history");
        assert_eq!(member(|rules| rules.min_score = 5), "min_score");
        assert_eq!(member(|rules| rules.max_age = Some(Duration::ZERO)), "max_age");
        let day = Some(Duration::from_secs(86_400));
        assert!(changed(|rules| rules.max_age = day).is_ok());
        let estimate = changed(|rules| rules.min_score = 4);
        assert_eq!(estimate.is_ok(), cfg!(feature = "strength"));
    }

    #[test]
    fn no_policy_accepts_more_bytes_than_are_hashed() {
        let policy = changed(|rules| rules.max_length = 4096).unwrap();
        assert_eq!(codes(&policy, &"é".repeat(2049), &PolicyContext::default()), ["too-long"]);
        assert_eq!(codes(&policy, &"x".repeat(4097), &PolicyContext::default()), ["too-long"]);
        assert!(codes(&policy, &"x".repeat(4096), &PolicyContext::default()).is_empty());
    }

    #[test]
    fn all_violations_are_reported_at_once() {
        let policy = changed(|rules| {
            rules.require_letter = true;
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
        let digits = codes(&policy, "12345678", &PolicyContext::default());
        assert_eq!(digits, ["too-short", "missing-letter", "missing-special", "common"]);
    }

    #[test]
    fn letters_digits_and_white_space_are_not_special() {
        let policy = changed(|rules| rules.require_special = true).unwrap();
        for (text, violated) in [
            ("fifteen letters und größer 1 ٣", true),
            ("fifteen-letters-here", false),
            ("fifteen letters and a 🔑", false),
        ] {
            let expected: &[&str] = if violated { &["missing-special"] } else { &[] };
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
    fn a_rule_that_is_off_is_not_violated() {
        let context = PolicyContext {
            words: ContextWords { username: Some("patricia"), ..ContextWords::default() },
            is_current: true,
            is_reused: true,
            ..PolicyContext::default()
        };
        let lengths_alone = Policy::new(PolicyRules::length(1, 64)).unwrap();
        assert!(codes(&lengths_alone, "patricia", &context).is_empty());
    }

    #[test]
    fn words_of_the_service_are_context_specific() {
        let policy =
            changed(|rules| rules.context_words = vec!["Example Shop".to_owned()]).unwrap();
        let violations =
            |text: &str| policy.evaluate(&Plaintext::from(text), &PolicyContext::default());
        let service = Violation::ContainsContextWord { word: ContextWord::Service };
        assert_eq!(violations("ex4mple-SHOP-2026!"), [service]);
        assert!(violations("an example of a shop").is_empty());
    }

    #[test]
    fn reuse_is_a_violation_if_a_history_is_kept() {
        let context = PolicyContext { is_reused: true, ..PolicyContext::default() };
        let text = "an entirely fine sentence";
        assert_eq!(codes(&Policy::default(), text, &context), ["reused"]);
        let without = changed(|rules| rules.history = 0).unwrap();
        assert!(codes(&without, text, &context).is_empty());
    }

    #[test]
    fn passwords_by_the_passwordrules_are_accepted() {
        let mut rules = PolicyRules::length(20, 64);
        assert_eq!(rules.passwordrules(), "minlength: 20; maxlength: 64;");
        rules.require_letter = true;
        let classes = " required: lower; required: upper; required: digit;";
        let with_digit = format!("minlength: 20; maxlength: 64;{classes}");
        assert_eq!(rules.passwordrules(), with_digit);
        (rules.require_letter, rules.require_digit) = (false, true);
        assert_eq!(rules.passwordrules(), with_digit);
        rules.require_special = true;
        assert_eq!(rules.passwordrules(), format!("{with_digit} required: [-!#$%&*+=?@_];"));
        let policy = Policy::new(rules).unwrap();
        for special in "-!#$%&*+=?@_".chars() {
            let generated = format!("kavxo7{special}Nuptyr{special}gohqiz");
            assert!(codes(&policy, &generated, &PolicyContext::default()).is_empty());
        }
    }

    #[cfg(feature = "strength")]
    #[test]
    fn a_weak_password_is_refused_only_below_the_score() {
        let text = "Password2026!";
        let weak = |min| {
            let policy = changed(|rules| (rules.min_length, rules.min_score) = (8, min)).unwrap();
            policy.evaluate(&Plaintext::from(text), &PolicyContext::default())
        };
        assert!(weak(0).is_empty() && weak(2).is_empty());
        assert_eq!(weak(3), [Violation::Weak { score: 2, min: 3 }]);
        assert_eq!(weak(4), [Violation::Weak { score: 2, min: 4 }]);
    }
}
