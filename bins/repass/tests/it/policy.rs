//! `repass policy show`

use std::collections::BTreeSet;

use serde_json::json;

use crate::test_context::{TestContext, finish};

#[test]
fn a_preset_is_shown_with_the_clause_of_each_setting() {
    let test = TestContext::new();
    let mut command = test.command();
    command.env_remove("REPASS_DATABASE").args(["policy", "show", "pci-dss"]);
    let shown = finish(command, "").succeeded().stdout;
    let expected = "\
policy:   pci-dss
preset:   pci-dss (PCI DSS 4.0.1, passwords as the only factor)
lockout:  for 30m or longer after 10 failures or fewer (PCI DSS 4.0.1, 8.3.4); set [lockout]

SETTING               VALUE    SOURCE
min_length            12       PCI DSS 4.0.1, 8.3.6
max_length            256      NIST SP 800-63B-4, 3.1.1.2
require_letter        true     PCI DSS 4.0.1, 8.3.6
require_digit         true     PCI DSS 4.0.1, 8.3.6
require_special       false    NIST SP 800-63B-4, 3.1.1.2
refuse_current        true     PCI DSS 4.0.1, 8.3.7
history               4        PCI DSS 4.0.1, 8.3.7
refuse_context_words  true     NIST SP 800-63B-4, 3.1.1.2
context_words         -        repass; none configured
refuse_common         true     NIST SP 800-63B-4, 3.1.1.2
blocklist_files       0        repass
min_score             0        repass
max_age               90 days  PCI DSS 4.0.1, 8.3.9
compromised           refuse   NIST SP 800-63B-4, 3.1.1.2; no source configured
";
    assert_eq!(shown, expected);
    let json = test.json(&["policy", "show", "pci-dss"], "");
    let max_age = json!({ "value": "90 days", "source": "PCI DSS 4.0.1, 8.3.9" });
    assert_eq!(json["settings"]["max_age"], max_age);
    let lockout =
        json!({ "max_failures": 10, "min_delay": 1800, "source": "PCI DSS 4.0.1, 8.3.4" });
    assert_eq!(json["lockout"], lockout);
    let default = test.json(&["policy", "show"], "");
    assert_eq!(default["policy"], "nist-800-63b-4");
    let vendor = test.json(&["policy", "show", "vendor-zap"], "");
    let min_length = json!({ "value": 8, "source": "vendor-zap" });
    assert_eq!(
        (&vendor["settings"]["min_length"], &vendor["standard"]),
        (&min_length, &json!(null))
    );
    test.run(&["policy", "show", "pci"]).failed(2, &["'pci'", "owasp-asvs, pci-dss, bsi"]);
}

#[test]
fn each_key_of_the_configuration_is_shown() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../repassd/repassd.schema.json");
    let schema = std::fs::read_to_string(schema).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let names = |members: &serde_json::Value| -> BTreeSet<String> {
        members.as_object().unwrap().keys().cloned().collect()
    };
    let mut keys = names(&schema["$defs"]["RawPolicy"]["properties"]);
    assert!(keys.remove("preset"));
    let shown = TestContext::new().json(&["policy", "show"], "");
    assert_eq!(names(&shown["settings"]), keys);
}

#[test]
fn a_configured_policy_is_shown_with_its_keys() {
    let test = TestContext::new();
    let text = "[store]\nurl = 'sqlite:///tmp/x.db'\n\
                [policy]\npreset = 'owasp-asvs'\nmin_length = 10\ncontext_words = ['Corner', 'Shop']\n\
                [api.zap]\npolicy = { min_score = 3, max_age = '365 days' }\n";
    std::fs::write(test.folder.path().join("repassd.toml"), text).unwrap();
    let show = |name: &[&str]| {
        let arguments = [&["policy", "show", "--config", "repassd.toml"], name].concat();
        test.json(&arguments, "")
    };
    let own = show(&[]);
    assert_eq!((&own["policy"], &own["preset"]), (&json!("[policy]"), &json!("owasp-asvs")));
    let words = json!({ "value": ["Corner", "Shop"], "source": "policy.context_words" });
    assert_eq!(own["settings"]["context_words"], words);
    let zap = show(&["zap"]);
    for (setting, value, source) in [
        ("min_length", json!(10), "policy.min_length"),
        ("min_score", json!(3), "api.zap.policy.min_score"),
        ("max_age", json!("365 days"), "api.zap.policy.max_age"),
        ("refuse_common", json!(true), "OWASP ASVS 5.0, 6.2.4"),
    ] {
        assert_eq!(zap["settings"][setting], json!({ "value": value, "source": source }));
    }
    assert_eq!(
        own["settings"]["compromised"]["source"],
        "OWASP ASVS 5.0, 6.2.12; no source configured"
    );
    let text = format!("{text}[compromised]\nurl = 'https://api.pwnedpasswords.com'\n");
    std::fs::write(test.folder.path().join("repassd.toml"), text).unwrap();
    assert_eq!(show(&[])["settings"]["compromised"]["source"], "OWASP ASVS 5.0, 6.2.12");
    // The checks use it.
    let check = ["password", "check", "--config", "repassd.toml", "--policy", "zap"];
    let weak = test.run_with(&check, "Password2026!");
    assert_eq!(weak.status, 1);
    assert_eq!(
        weak.stdout,
        "refused by the policy zap:\n  weak: The new password is too easy to guess.\n"
    );
}
