use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{AccountId, Context, Realm};

/// One record of the audit log: caller, action, time and outcome of an attempt (ASVS 16.3.1). It
/// contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// The id of the record.
    pub id: Uuid,
    /// The time of the attempt.
    pub at: Timestamp,
    /// The realm.
    pub realm: Realm,
    /// The account; `None` if the request named no existing account.
    pub account: Option<AccountId>,
    /// The action, such as `password.change` or `account.unlock`.
    pub action: String,
    /// The outcome: `ok`, or a stable code such as `wrong-password`. For an inactive account it is
    /// `inactive`, also if the proof was wrong.
    pub outcome: String,
    /// Violations of the policy, or other details for operators, as codes.
    pub detail: Option<String>,
    /// The caller, such as `token:<id>`, `key:<id>`, `anonymous`, `operator` or
    /// `operator:<name>`.
    pub caller: String,
    /// The origin of the request.
    pub context: Context,
}

/// A filter for [`AdministrationStore::audit`](crate::AdministrationStore::audit).
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only records of this realm.
    pub realm: Option<Realm>,
    /// Only records of this account.
    pub account: Option<AccountId>,
    /// Only records of this action.
    pub action: Option<String>,
    /// Only records with this outcome.
    pub outcome: Option<String>,
    /// Only records of this time or later.
    pub since: Option<Timestamp>,
    /// Only records before this time.
    pub until: Option<Timestamp>,
    /// Only records that are listed after the record of this time and id, for paging.
    pub after: Option<(Timestamp, Uuid)>,
    /// Whether the oldest record is listed first, and not the newest.
    pub oldest_first: bool,
    /// The most records to return.
    pub limit: u32,
}
