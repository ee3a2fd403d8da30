use std::time::Duration;

use super::PolicyRules;

/// Rules by name, with the clause of a standard that each setting comes from.
///
/// A preset differs from the default, [`PolicyRules::nist_800_63b_4`], in what its standard demands,
/// and is no stricter than that. Settings that the standard does not mention are those of the default.
///
/// ```
/// use repass_core::PolicyPreset;
///
/// let pci = PolicyPreset::named("pci-dss").unwrap();
/// assert_eq!(pci.rules().min_length, 12);
/// assert_eq!(pci.source("min_length"), "PCI DSS 4.0.1, 8.3.6");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct PolicyPreset {
    /// The name, as in the configuration.
    pub name: &'static str,
    /// The name of the standard.
    pub title: &'static str,
    /// What the standard demands of the lockout of accounts, which is not part of a policy.
    pub lockout: Option<LockoutClause>,
    /// The clauses of the standard, each with the name of the member of [`PolicyRules`].
    clauses: &'static [(&'static str, &'static str)],
    change: fn(&mut PolicyRules),
}

/// A clause about the lockout of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockoutClause {
    /// The most failures in a row after which an account must be locked out.
    pub max_failures: u32,
    /// The shortest duration of that lockout.
    pub min_delay: Duration,
    /// The clause.
    pub source: &'static str,
}

const NIST: &str = "NIST SP 800-63B-4, 3.1.1.2";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All presets; the first one is the default.
static PRESETS: [PolicyPreset; 6] = [
    PolicyPreset {
        name: "nist-800-63b-4",
        title: "NIST SP 800-63B-4, passwords as the only factor",
        lockout: None,
        clauses: &[
            ("min_length", NIST),
            ("max_length", NIST),
            ("require_letter", NIST),
            ("require_digit", NIST),
            ("require_special", NIST),
            ("refuse_context_words", NIST),
            ("refuse_common", NIST),
            ("compromised", NIST),
            ("max_age", NIST),
        ],
        change: |_| {},
    },
    PolicyPreset {
        name: "owasp-asvs",
        title: "OWASP ASVS 5.0",
        lockout: None,
        clauses: &[
            ("min_length", "OWASP ASVS 5.0, 6.2.1"),
            ("max_length", "OWASP ASVS 5.0, 6.2.9"),
            ("require_letter", "OWASP ASVS 5.0, 6.2.5"),
            ("require_digit", "OWASP ASVS 5.0, 6.2.5"),
            ("require_special", "OWASP ASVS 5.0, 6.2.5"),
            ("refuse_context_words", "OWASP ASVS 5.0, 6.2.11"),
            ("context_words", "OWASP ASVS 5.0, 6.2.11"),
            ("refuse_common", "OWASP ASVS 5.0, 6.2.4"),
            ("compromised", "OWASP ASVS 5.0, 6.2.12"),
            ("max_age", "OWASP ASVS 5.0, 6.2.10"),
        ],
        change: |rules| rules.min_length = 8,
    },
    PolicyPreset {
        name: "pci-dss",
        title: "PCI DSS 4.0.1, passwords as the only factor",
        lockout: Some(LockoutClause {
            max_failures: 10,
            min_delay: Duration::from_secs(30 * 60),
            source: "PCI DSS 4.0.1, 8.3.4",
        }),
        clauses: &[
            ("min_length", "PCI DSS 4.0.1, 8.3.6"),
            ("require_letter", "PCI DSS 4.0.1, 8.3.6"),
            ("require_digit", "PCI DSS 4.0.1, 8.3.6"),
            ("refuse_current", "PCI DSS 4.0.1, 8.3.7"),
            ("history", "PCI DSS 4.0.1, 8.3.7"),
            ("max_age", "PCI DSS 4.0.1, 8.3.9"),
        ],
        change: |rules| {
            rules.min_length = 12;
            (rules.require_letter, rules.require_digit) = (true, true);
            rules.history = 4;
            rules.max_age = Some(DAY.saturating_mul(90));
        },
    },
    PolicyPreset {
        name: "bsi",
        title: "BSI IT-Grundschutz, ORP.4",
        lockout: None,
        clauses: &[
            ("refuse_context_words", "BSI IT-Grundschutz, ORP.4.A8"),
            ("refuse_common", "BSI IT-Grundschutz, ORP.4.A8"),
            ("compromised", "BSI IT-Grundschutz, ORP.4.A23"),
            ("max_age", "BSI IT-Grundschutz, ORP.4.A23"),
        ],
        change: |_| {},
    },
    PolicyPreset {
        name: "cis",
        title: "CIS Controls 8, passwords as the only factor",
        lockout: None,
        clauses: &[("min_length", "CIS Controls 8, 5.2")],
        change: |rules| rules.min_length = 14,
    },
    PolicyPreset {
        name: "cis-mfa",
        title: "CIS Controls 8, passwords beside a second factor",
        lockout: None,
        clauses: &[("min_length", "CIS Controls 8, 5.2")],
        change: |rules| rules.min_length = 8,
    },
];

impl PolicyPreset {
    /// Returns all presets; the first one is the default.
    pub fn all() -> &'static [Self] {
        &PRESETS
    }

    /// Returns the preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Returns the rules.
    pub fn rules(&self) -> PolicyRules {
        let mut rules = PolicyRules::nist_800_63b_4();
        (self.change)(&mut rules);
        rules
    }

    /// Returns the source of a member of [`PolicyRules`]: the clause of the standard, else that of
    /// the default preset, else `repass`.
    pub fn source(&self, setting: &str) -> &'static str {
        self.clause(setting).or_else(|| PRESETS[0].clause(setting)).unwrap_or("repass")
    }

    /// Returns the clause of the standard about a setting.
    pub fn clause(&self, setting: &str) -> Option<&'static str> {
        let clause = self.clauses.iter().find(|(name, _)| *name == setting);
        clause.map(|(_, clause)| *clause)
    }

    /// Returns the settings of `rules` that are looser than the standard demands, each with the
    /// clause.
    pub fn looser(&self, rules: &PolicyRules) -> Vec<(&'static str, &'static str)> {
        /// The shortest maximum that NIST and OWASP allow.
        const LONG: usize = 64;
        let own = self.rules();
        let is_older = |age| rules.max_age.is_none_or(|max_age| max_age > age);
        let settings = [
            ("min_length", rules.min_length < own.min_length),
            ("max_length", rules.max_length < LONG),
            ("require_letter", own.require_letter && !rules.require_letter),
            ("require_digit", own.require_digit && !rules.require_digit),
            ("refuse_current", own.refuse_current && !rules.refuse_current),
            ("refuse_context_words", own.refuse_context_words && !rules.refuse_context_words),
            ("history", rules.history < own.history),
            ("refuse_common", own.refuse_common && !rules.refuse_common),
            ("compromised", own.compromised != rules.compromised),
            ("max_age", own.max_age.is_some_and(is_older)),
        ];
        self.with_clauses(&settings)
    }

    /// Returns the settings of `rules` that the standard forbids, each with the clause: rules about
    /// characters, and a maximum age, that the preset does not have.
    pub fn forbidden(&self, rules: &PolicyRules) -> Vec<(&'static str, &'static str)> {
        let own = self.rules();
        self.with_clauses(&[
            ("require_letter", rules.require_letter && !own.require_letter),
            ("require_digit", rules.require_digit && !own.require_digit),
            ("require_special", rules.require_special && !own.require_special),
            ("max_age", rules.max_age.is_some() && own.max_age.is_none()),
        ])
    }

    /// Returns the settings that differ and are the subject of a clause.
    fn with_clauses(&self, settings: &[(&'static str, bool)]) -> Vec<(&'static str, &'static str)> {
        let differing = settings.iter().filter(|(_, differs)| *differs);
        differing.filter_map(|(setting, _)| Some((*setting, self.clause(setting)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompromisedRule, Policy};

    #[test]
    fn each_preset_is_valid_and_has_its_name() {
        for preset in PolicyPreset::all() {
            assert!(Policy::new(preset.rules()).is_ok(), "{}", preset.name);
            assert_eq!(PolicyPreset::named(preset.name).map(|own| own.title), Some(preset.title));
            assert!(preset.looser(&preset.rules()).is_empty(), "{}", preset.name);
            assert!(preset.forbidden(&preset.rules()).is_empty(), "{}", preset.name);
        }
        assert!(PolicyPreset::named("nist").is_none());
    }

    #[test]
    fn the_source_is_the_clause_or_that_of_the_default() {
        let pci = PolicyPreset::named("pci-dss").unwrap();
        assert_eq!(pci.source("history"), "PCI DSS 4.0.1, 8.3.7");
        assert_eq!(pci.source("refuse_common"), NIST);
        assert_eq!(pci.source("min_score"), "repass");
        assert_eq!(PolicyPreset::named("cis").unwrap().source("history"), "repass");
    }

    #[test]
    fn what_a_clause_forbids_is_named() {
        let forbidden = |name: &str| -> Vec<&str> {
            let preset = PolicyPreset::named(name).unwrap();
            let mut rules = preset.rules();
            rules.require_letter = true;
            rules.require_digit = true;
            rules.require_special = true;
            rules.max_age = Some(90 * DAY);
            preset.forbidden(&rules).into_iter().map(|(setting, _)| setting).collect()
        };
        let all = ["require_letter", "require_digit", "require_special", "max_age"];
        assert_eq!(forbidden("nist-800-63b-4"), all);
        assert_eq!(forbidden("owasp-asvs"), all);
        assert_eq!(forbidden("bsi"), ["max_age"]);
        // These demand what the others forbid, or do not mention it.
        for name in ["pci-dss", "cis", "cis-mfa"] {
            assert!(forbidden(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_looser_than_a_clause_is_named() {
        let looser = |name: &str, change: fn(&mut PolicyRules)| -> Vec<&str> {
            let preset = PolicyPreset::named(name).unwrap();
            let mut rules = preset.rules();
            change(&mut rules);
            preset.looser(&rules).into_iter().map(|(setting, _)| setting).collect()
        };
        let all = looser("pci-dss", |rules| *rules = PolicyRules::length(1, 8));
        let expected = [
            "min_length",
            "require_letter",
            "require_digit",
            "refuse_current",
            "history",
            "max_age",
        ];
        assert_eq!(all, expected);
        assert_eq!(looser("pci-dss", |rules| rules.max_age = Some(91 * DAY)), ["max_age"]);
        assert!(looser("pci-dss", |rules| rules.max_age = Some(30 * DAY)).is_empty());
        assert_eq!(looser("nist-800-63b-4", |rules| rules.max_length = 63), ["max_length"]);
        let warns = |rules: &mut PolicyRules| rules.compromised = CompromisedRule::Warn;
        assert_eq!(looser("owasp-asvs", warns), ["compromised"]);
        // The standard does not mention it.
        assert!(looser("cis", |rules| rules.history = 0).is_empty());
    }
}
