//! `repass policy`

use std::time::Duration;

use jiff::SignedDuration;
use repass_core::{CompromisedRule, LockoutClause, PolicyPreset, PolicyRules};
use serde_json::{Map, Value, json};

use crate::cli::{NamedPolicy, PolicyCommand, PolicyOption, ShowPolicy};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, fields};

pub(super) fn run(
    command: PolicyCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let PolicyCommand::Show(ShowPolicy { name }) = command;
    let named = match name {
        Some(name) => settings
            .named_policy(&name)
            .map_err(|reason| Failure::Usage(format!("POLICY '{name}': {reason}")))?,
        None => settings.policy(&PolicyOption { name }, None)?,
    };
    let NamedPolicy { name, policy, origin } = named;
    let is_asked = policy.rules().compromised != CompromisedRule::Off;
    let finds_nothing = is_asked && settings.compromised_config().is_none();
    let mut members = Map::new();
    let mut table = Table::new(&["SETTING", "VALUE", "SOURCE"]);
    for (setting, value) in values(policy.rules()) {
        let source = match setting {
            "compromised" if finds_nothing => {
                format!("{}; no source configured", origin.source(setting))
            }
            "context_words" if policy.rules().context_words.is_empty() => {
                format!("{}; none configured", origin.source(setting))
            }
            _ => origin.source(setting).to_owned(),
        };
        table.row([setting, &text(&value), &source]);
        members.insert(setting.to_owned(), json!({ "value": value, "source": source }));
    }
    let preset = origin.preset_name();
    let title = origin.standard().map(|standard| standard.title);
    let lockout = origin.standard().and_then(|standard: &PolicyPreset| standard.lockout);
    let mut head = vec![("policy", name.clone())];
    head.push(("preset", title.map_or(preset.to_owned(), |title| format!("{preset} ({title})"))));
    if let Some(LockoutClause { max_failures, min_delay, source, .. }) = lockout {
        let delay = period(min_delay);
        let demand =
            format!("for {delay} or longer after {max_failures} failures or fewer ({source})");
        head.push(("lockout", format!("{demand}; set [lockout]")));
    }
    let json = json!({
        "policy": name,
        "preset": preset,
        "standard": title,
        "lockout": lockout.map(|clause| json!({
            "max_failures": clause.max_failures,
            "min_delay": clause.min_delay.as_secs(),
            "source": clause.source,
        })),
        "settings": members,
    });
    output.result(&json, &format!("{}\n{}", fields(&head), table.render()))
}

/// Returns the settings by the names of their keys.
fn values(rules: &PolicyRules) -> [(&'static str, Value); 14] {
    [
        ("min_length", json!(rules.min_length)),
        ("max_length", json!(rules.max_length)),
        ("require_letter", json!(rules.require_letter)),
        ("require_digit", json!(rules.require_digit)),
        ("require_special", json!(rules.require_special)),
        ("refuse_current", json!(rules.refuse_current)),
        ("history", json!(rules.history)),
        ("refuse_context_words", json!(rules.refuse_context_words)),
        ("context_words", json!(rules.context_words)),
        ("refuse_common", json!(rules.refuse_common)),
        ("blocklist_files", json!(rules.blocklists.len())),
        ("min_score", json!(rules.min_score)),
        ("max_age", json!(rules.max_age.map_or("never".to_owned(), period))),
        (
            "compromised",
            json!(match rules.compromised {
                CompromisedRule::Refuse => "refuse",
                CompromisedRule::Warn => "warn",
                CompromisedRule::Off => "off",
            }),
        ),
    ]
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) if words.is_empty() => "-".to_owned(),
        Value::Array(words) => words.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Formats a duration as in the configuration, such as `90 days` or `30m`.
fn period(duration: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match duration.as_secs() {
        DAY => "1 day".to_owned(),
        seconds if seconds.is_multiple_of(DAY) => format!("{} days", seconds / DAY),
        _ => SignedDuration::try_from(duration)
            .map_or_else(|_| format!("{duration:?}"), |duration| format!("{duration:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_the_configuration() {
        for (seconds, expected) in
            [(86_400, "1 day"), (90 * 86_400, "90 days"), (1_800, "30m"), (90_000, "25h")]
        {
            assert_eq!(period(Duration::from_secs(seconds)), expected);
        }
    }
}
