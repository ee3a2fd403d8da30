use repass_core::{ContextWord, PolicyRules, Violation};

use crate::{ECOM, Language, PAGES};

/// Returns the rules for a new password, for a list under the heading `rules` of [`PAGES`]: the
/// [code](Violation::code) of the violation and what the password needs. The greatest length is not
/// among them, since nobody reaches it by typing.
pub fn requirements(language: Language, rules: &PolicyRules) -> Vec<(&'static str, String)> {
    let counted = |id, count: usize| PAGES.text(language, id, [("count", count.into())]);
    let plain = |id| PAGES.text(language, id, []);
    let mut needs = vec![("too-short", counted("rule-length", rules.min_length))];
    let mut add = |is_required: bool, code, need: String| {
        needs.extend(is_required.then_some((code, need)));
    };
    add(rules.require_letter, "missing-letter", plain("rule-letter"));
    add(rules.require_digit, "missing-digit", plain("rule-digit"));
    add(rules.require_special, "missing-special", plain("rule-special"));
    add(rules.refuse_context_words, "contains-account-word", plain("rule-own-words"));
    let has_blocklist = rules.refuse_common || !rules.blocklists.is_empty();
    add(has_blocklist, "common", plain("rule-common"));
    add(rules.min_score > 0, "weak", plain("rule-strength"));
    add(rules.refuse_current, "same-as-current", plain("rule-current"));
    add(rules.history > 0, "reused", counted("rule-reused", rules.history));
    needs
}

/// Returns the sentence about a rule that a new password violates.
pub fn violation(language: Language, violation: &Violation) -> String {
    let counted = |id, count: usize| ECOM.text(language, id, [("count", count.into())]);
    let id = match violation {
        Violation::TooShort { min, .. } => return counted("too-short", *min),
        Violation::TooLong { max } => return counted("too-long", *max),
        Violation::MissingLetter => "missing-letter",
        Violation::MissingDigit => "missing-digit",
        Violation::MissingSpecial => "missing-special",
        Violation::SameAsCurrent => "same-as-current",
        Violation::Reused { last } => return counted("reused", *last),
        Violation::ContainsContextWord { word: ContextWord::UserId } => "contains-user-id",
        Violation::ContainsContextWord { word: ContextWord::Username } => "contains-username",
        Violation::ContainsContextWord { word: ContextWord::Email } => "contains-email",
        Violation::ContainsContextWord { word: ContextWord::Name } => "contains-name",
        Violation::ContainsContextWord { word: ContextWord::Service } => "contains-service",
        Violation::Common => "common",
        Violation::Weak { .. } => "weak",
        Violation::Compromised { .. } => "compromised",
        // A rule without a translation.
        other => return other.to_string(),
    };
    ECOM.text(language, id, [])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_of_a_policy_is_a_requirement_in_every_language() {
        let mut all = PolicyRules::nist_800_63b_4();
        (all.require_letter, all.require_digit, all.require_special) = (true, true, true);
        all.min_score = 3;
        for language in Language::ALL {
            let needs = requirements(language, &all);
            let codes: Vec<&str> = needs.iter().map(|(code, _)| *code).collect();
            let expected = [
                "too-short",
                "missing-letter",
                "missing-digit",
                "missing-special",
                "contains-account-word",
                "common",
                "weak",
                "same-as-current",
                "reused",
            ];
            assert_eq!(codes, expected);
            assert!(needs[0].1.contains("15") && needs[8].1.contains('5'), "{needs:?}");
        }
        let length = requirements(Language::English, &PolicyRules::length(1, 9));
        assert_eq!(length, [("too-short", "have at least 1 character".to_owned())]);
    }
}
