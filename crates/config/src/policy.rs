//! The policies for new passwords: `[policy]` and `[api.NAME.policy]`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use repass_core::{Blocklist, CompromisedRule, LockoutPolicy, Policy, PolicyPreset, PolicyRules};

use super::KeyError;
use super::blocklist::BlocklistFile;
use super::checked::{days, one_of};
use super::raw::RawPolicy;
use crate::vendors::Vendors;

/// The origin of each setting of a policy: a key of the configuration, or else the preset.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyOrigin {
    preset: String,
    /// The keys that set a setting.
    keys: BTreeMap<&'static str, String>,
}

impl PolicyOrigin {
    /// Returns the origin of a policy that is the preset of this name.
    pub fn preset(name: &str) -> Self {
        Self { preset: name.to_owned(), keys: BTreeMap::new() }
    }

    /// Returns the name of the preset.
    pub fn preset_name(&self) -> &str {
        &self.preset
    }

    /// Returns the preset, unless it is that of a vendor.
    pub fn standard(&self) -> Option<&'static PolicyPreset> {
        PolicyPreset::named(&self.preset)
    }

    /// Returns the source of a setting: the key that sets it, the clause of the preset, or the name of
    /// a vendor's preset.
    pub fn source(&self, setting: &str) -> &str {
        match (self.keys.get(setting), self.standard()) {
            (Some(key), _) => key,
            (None, Some(standard)) => standard.source(setting),
            (None, None) => &self.preset,
        }
    }

    /// Returns a warning for each setting that the standard of the preset forbids, or that is looser
    /// than it demands, if a key names the preset. `has_source` is whether passwords from breaches can
    /// be looked up.
    pub(crate) fn warnings(
        &self,
        policy: &Policy,
        lockout: &LockoutPolicy,
        has_source: bool,
    ) -> Vec<String> {
        let Some(standard) = self.standard().filter(|_| self.keys.contains_key("preset")) else {
            return Vec::new();
        };
        let rules = policy.rules();
        let key = |setting| self.keys.get(setting).map_or(setting, String::as_str);
        let looser = standard.looser(rules).into_iter();
        let looser = looser
            .map(|(setting, clause)| format!("{} is looser than {clause} demands", key(setting)));
        let forbidden = standard.forbidden(rules).into_iter();
        let forbidden =
            forbidden.map(|(setting, clause)| format!("{} is contrary to {clause}", key(setting)));
        let mut warnings: Vec<String> = looser.chain(forbidden).collect();
        if rules.compromised == CompromisedRule::Refuse
            && !has_source
            && let Some(clause) = standard.clause("compromised")
        {
            warnings.push(format!(
                "[compromised] has no source; {clause} demands that passwords from breaches are refused"
            ));
        }
        if rules.refuse_context_words
            && rules.context_words.is_empty()
            && let Some(clause) = standard.clause("context_words")
        {
            warnings.push(format!(
                "{} is empty; {clause} demands that the words of the service are refused",
                key("context_words")
            ));
        }
        warnings.extend(standard.lockout.and_then(|clause| {
            let delay = lockout.delay(clause.max_failures);
            let is_met = delay >= clause.min_delay || lockout.max_failures() <= clause.max_failures;
            let text = format!(
                "lockout: {} failures in a row lock an account out for {} s; {} demands at least {} s",
                clause.max_failures,
                delay.as_secs(),
                clause.source,
                clause.min_delay.as_secs(),
            );
            (!is_met).then_some(text)
        }));
        warnings
    }
}

impl Default for PolicyOrigin {
    fn default() -> Self {
        Self::preset(PolicyPreset::all()[0].name)
    }
}

/// Writes the preset alone, since a key with the value of the preset changes nothing.
impl fmt::Debug for PolicyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyOrigin").field(&self.preset).finish()
    }
}

impl RawPolicy {
    /// Returns the policy: the preset, or else `inherited`, with the changes of the other keys.
    pub(super) fn check(
        &self,
        key: &str,
        inherited: (PolicyRules, PolicyOrigin),
        vendors: &Vendors,
        folder: &Path,
    ) -> Result<(Policy, PolicyOrigin), KeyError> {
        let (mut rules, mut origin) = match &self.preset {
            None => inherited,
            Some(name) => vendors
                .policy_preset(name)
                .map(|rules| (rules, PolicyOrigin::preset(name)))
                .ok_or_else(|| one_of(format!("{key}.preset"), &vendors.policy_presets()))?,
        };
        let set_here = self.keys().into_iter().filter(|(_, is_set)| *is_set);
        origin.keys.extend(set_here.map(|(name, _)| (name, format!("{key}.{name}"))));
        let set = |rule: &mut bool, value: Option<bool>| *rule = value.unwrap_or(*rule);
        rules.min_length = self.min_length.unwrap_or(rules.min_length);
        rules.max_length = self.max_length.unwrap_or(rules.max_length);
        rules.history = self.history.unwrap_or(rules.history);
        set(&mut rules.require_letter, self.require_letter);
        set(&mut rules.require_digit, self.require_digit);
        set(&mut rules.require_special, self.require_special);
        set(&mut rules.refuse_current, self.refuse_current);
        set(&mut rules.refuse_context_words, self.refuse_context_words);
        if let Some(words) = &self.context_words {
            rules.context_words.clone_from(words);
        }
        set(&mut rules.refuse_common, self.refuse_common);
        if let Some(files) = &self.blocklist_files {
            let open = |file| -> std::io::Result<Arc<dyn Blocklist>> {
                Ok(Arc::new(BlocklistFile::open(folder.join(file))?))
            };
            rules.blocklists = files
                .iter()
                .map(open)
                .collect::<Result<_, _>>()
                .map_err(|error| KeyError::new(format!("{key}.blocklist_files"), error))?;
        }
        if let Some(score) = self.min_score {
            // The policy refuses what is out of bounds.
            rules.min_score = score.try_into().unwrap_or(u8::MAX);
        }
        if let Some(max_age) = &self.max_age {
            rules.max_age = period(&format!("{key}.max_age"), max_age)?;
        }
        rules.compromised = match self.compromised.as_deref() {
            None => rules.compromised,
            Some("refuse") => CompromisedRule::Refuse,
            Some("warn") => CompromisedRule::Warn,
            Some("off") => CompromisedRule::Off,
            Some(_) => {
                return Err(one_of(format!("{key}.compromised"), &["refuse", "warn", "off"]));
            }
        };
        let policy = Policy::new(rules)
            .map_err(|wrong| KeyError::new(format!("{key}.{}", wrong.member), wrong.reason))?;
        Ok((policy, origin))
    }

    /// Returns the names of the keys, and whether they are set.
    fn keys(&self) -> [(&'static str, bool); 15] {
        [
            ("preset", self.preset.is_some()),
            ("min_length", self.min_length.is_some()),
            ("max_length", self.max_length.is_some()),
            ("history", self.history.is_some()),
            ("require_letter", self.require_letter.is_some()),
            ("require_digit", self.require_digit.is_some()),
            ("require_special", self.require_special.is_some()),
            ("refuse_current", self.refuse_current.is_some()),
            ("refuse_context_words", self.refuse_context_words.is_some()),
            ("context_words", self.context_words.is_some()),
            ("refuse_common", self.refuse_common.is_some()),
            ("blocklist_files", self.blocklist_files.is_some()),
            ("min_score", self.min_score.is_some()),
            ("max_age", self.max_age.is_some()),
            ("compromised", self.compromised.is_some()),
        ]
    }
}

/// Reads `max_age`; `None` for `never`.
fn period(key: &str, text: &str) -> Result<Option<Duration>, KeyError> {
    if text == "never" {
        return Ok(None);
    }
    let age = days(text).filter(|age| *age >= Policy::MIN_MAX_AGE).ok_or_else(|| {
        KeyError::new(key, "must be a period such as \"90 days\", at least 1 day, or \"never\"")
    });
    age.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn config(text: &str) -> Config {
        let base = "[store]\nurl = 'sqlite:///tmp/x.db'\n[api.ecom]\n[api.zap]\n";
        let vendors = Vendors::bundled();
        let file = Path::new("r.toml");
        crate::parse(file, &format!("{base}{text}"), Default::default(), crate::whole(&vendors))
            .unwrap()
    }

    #[test]
    fn the_names_are_those_of_the_keys() {
        let mut schema = schemars::schema_for!(RawPolicy).to_value();
        schema.sort_all_objects();
        let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut names = RawPolicy::default().keys().map(|(name, _)| name);
        names.sort_unstable();
        assert_eq!(keys, names);
    }

    #[test]
    fn each_setting_has_the_source_that_counts() {
        let config = config(
            "policy = { max_age = 'never', history = 6 }\n[policy]\npreset = 'pci-dss'\nhistory = 5\n",
        );
        let rules = config.policy.rules();
        assert_eq!((rules.min_length, rules.history), (12, 5));
        assert_eq!(rules.max_age.map(|age| age.as_secs() / 86_400), Some(90));
        let source = |setting| config.policy_origin.source(setting);
        assert_eq!(source("min_length"), "PCI DSS 4.0.1, 8.3.6");
        assert_eq!(source("refuse_common"), "NIST SP 800-63B-4, 3.1.1.2");
        assert_eq!(source("history"), "policy.history");
        // The API inherits what it does not change.
        let zap = config.mounts.iter().find(|mount| mount.name == "zap").unwrap();
        assert_eq!(zap.policy.rules().max_age, None);
        let source = |setting| zap.policy_origin.source(setting);
        assert_eq!(source("max_age"), "api.zap.policy.max_age");
        assert_eq!(source("history"), "api.zap.policy.history");
        assert_eq!(source("min_length"), "PCI DSS 4.0.1, 8.3.6");
        assert_eq!(PolicyOrigin::preset("vendor-zap").source("min_length"), "vendor-zap");
    }

    #[test]
    fn what_is_looser_than_a_named_preset_is_a_warning() {
        let warnings = |text: &str| {
            let config = config(text);
            config.warnings(repass_core::jiff::Timestamp::UNIX_EPOCH)
        };
        let memory = warnings("");
        let new = |text: &str| -> Vec<String> {
            warnings(text).into_iter().filter(|one| !memory.contains(one)).collect()
        };
        assert!(new("[policy]\nmin_length = 8").is_empty(), "no preset is named");
        let lockout = "[lockout]\nthreshold = 10\ninitial_delay = '30m'\nmax_delay = '1h'\n";
        assert!(new(&format!("[policy]\npreset = 'pci-dss'\n{lockout}")).is_empty());
        let text = "policy = { max_age = 'never' }\n[policy]\npreset = 'pci-dss'\nmin_length = 11";
        assert_eq!(
            new(text),
            [
                "policy.min_length is looser than PCI DSS 4.0.1, 8.3.6 demands",
                "lockout: 10 failures in a row lock an account out for 128 s; PCI DSS 4.0.1, 8.3.4 \
                 demands at least 1800 s",
                "api.zap.policy.max_age is looser than PCI DSS 4.0.1, 8.3.9 demands",
            ]
        );
    }

    #[test]
    fn accepting_what_cannot_be_looked_up_is_a_warning() {
        let warns = |text: &str| {
            let text = format!("{text}\n[compromised]\nurl = 'https://api.pwnedpasswords.com'");
            let warns = |text: &str| {
                let warnings = config(text).warnings(repass_core::jiff::Timestamp::UNIX_EPOCH);
                warnings.iter().any(|one| one.starts_with("compromised.on_failure is accept: "))
            };
            let set = |value| warns(&format!("{text}\non_failure = '{value}'"));
            (warns(&text), set("accept"), set("refuse"))
        };
        assert_eq!(warns(""), (true, true, false));
        assert_eq!(warns("[policy]\ncompromised = 'warn'"), (false, false, false));
    }

    #[test]
    fn what_breaks_a_named_preset_is_a_warning() {
        let about = |text: &str| -> Vec<String> {
            let warnings = config(text).warnings(repass_core::jiff::Timestamp::UNIX_EPOCH);
            warnings.into_iter().filter(|one| one.contains("ASVS") || one.contains("ORP")).collect()
        };
        let policy = "[policy]\npreset = 'owasp-asvs'\n";
        let expected = [
            "policy.require_special is contrary to OWASP ASVS 5.0, 6.2.5",
            "policy.max_age is contrary to OWASP ASVS 5.0, 6.2.10",
            "[compromised] has no source; OWASP ASVS 5.0, 6.2.12 demands that passwords from breaches \
             are refused",
            "context_words is empty; OWASP ASVS 5.0, 6.2.11 demands that the words of the service are \
             refused",
        ];
        let broken = format!("{policy}require_special = true\nmax_age = '90 days'");
        assert_eq!(about(&broken), expected);
        let compromised = "[compromised]\nurl = 'https://api.pwnedpasswords.com'\n";
        assert_eq!(about(&format!("{broken}\n{compromised}")).len(), 3);
        let met = format!("{policy}context_words = ['Corner Shop']\n{compromised}");
        assert!(about(&met).is_empty());
        // The rule that is looser is named once.
        let warns = format!("{policy}context_words = ['Corner Shop']\ncompromised = 'warn'");
        assert_eq!(
            about(&warns),
            ["policy.compromised is looser than OWASP ASVS 5.0, 6.2.12 demands"]
        );
        assert_eq!(about("[policy]\npreset = 'bsi'").len(), 1);
    }
}
