use repass_core::{ContextWord, Violation};

use crate::{ECOM, Language};

/// Returns the sentence about a rule that a new password violates.
pub fn violation(language: Language, violation: &Violation) -> String {
    let counted = |id, count: usize| ECOM.text(language, id, [("count", count.into())]);
    let id = match violation {
        Violation::TooShort { min, .. } => return counted("too-short", *min),
        Violation::TooLong { max } => return counted("too-long", *max),
        Violation::MissingDigit => "missing-digit",
        Violation::MissingSpecial => "missing-special",
        Violation::SameAsCurrent => "same-as-current",
        Violation::Reused { last } => return counted("reused", *last),
        Violation::ContainsContextWord { word: ContextWord::UserId } => "contains-user-id",
        Violation::ContainsContextWord { word: ContextWord::Username } => "contains-username",
        Violation::ContainsContextWord { word: ContextWord::Email } => "contains-email",
        Violation::ContainsContextWord { word: ContextWord::Name } => "contains-name",
        Violation::Common => "common",
        Violation::Compromised { .. } => "compromised",
        // A rule without a translation.
        other => return other.to_string(),
    };
    ECOM.text(language, id, [])
}
