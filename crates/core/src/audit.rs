use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{AccountId, Context, Realm};

/// One line of the audit trail: who tried what, when, and how it ended (ASVS 16.3.1). Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Which record.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// In which realm.
    pub realm: Realm,
    /// To which account; `None` when the request named none that exists.
    pub account: Option<AccountId>,
    /// What was tried, such as `password.change` or `account.unlock`.
    pub action: String,
    /// How it ended: `ok`, or a stable code such as `wrong-password`. Where the account is inactive it
    /// is `inactive`, whatever the proof was worth.
    pub outcome: String,
    /// Broken policy rules, or what else an operator should know; codes, not sentences.
    pub detail: Option<String>,
    /// Who tried, such as `token:<id>`, `key:<id>`, `anonymous` or `operator`.
    pub caller: String,
    /// Where the request came from.
    pub context: Context,
}

/// Which audit records to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only those of this realm.
    pub realm: Option<Realm>,
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those that ended so.
    pub outcome: Option<String>,
    /// Only those at this time or later.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
    /// Only those that are listed after the record of this time and id, to page on.
    pub before: Option<(Timestamp, Uuid)>,
    /// At most so many, newest first.
    pub limit: u32,
}
