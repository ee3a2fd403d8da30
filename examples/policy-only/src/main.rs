//! Evaluates each line of standard input by a password policy, and prints the violations.
//!
//! `echo 'Tr0ub4dor&3' | cargo run -p example-policy-only`

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use repass_core::{Blocklist, Plaintext, Policy, PolicyContext, PolicyRules};

/// A blocklist of the company's name.
#[derive(Debug)]
struct CompanyWords;

impl Blocklist for CompanyWords {
    fn contains(&self, candidate: &Plaintext) -> bool {
        candidate.expose().to_lowercase().contains("acme corporation")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rules = PolicyRules::nist_800_63b_4();
    rules.min_length = 12;
    rules.blocklists.push(Arc::new(CompanyWords));
    let policy = Policy::new(rules)?;

    let mut out = io::stdout().lock();
    for line in io::stdin().lines() {
        let candidate = Plaintext::new(line?);
        // `evaluate` is for feedback; a service calls `accept`, which returns the `NewPassword` to
        // hash.
        let violations = policy.evaluate(&candidate, &PolicyContext::default());
        if violations.is_empty() {
            writeln!(out, "accepted")?;
        }
        for violation in violations {
            writeln!(out, "{}: {violation}", violation.code())?;
        }
    }
    Ok(())
}
