//! How a body is bound, as seen in the answer, the audit trail and the database.

use std::sync::atomic::{AtomicU32, Ordering};

use repass_core::{AuditFilter, AuditRecord};
use repass_spec_customer::UpdateUserPasswordResponse;
use repass_tests::{Answer, FIRST_PASSWORD, Server};
use serde::Deserialize;

use super::{invalid, invalid_xml, open};
use crate::requests::{GUID, Wire, customer_body};
use crate::test_context::TestContext;

/// The password of the account before each body.
pub(super) const OLD: &str = "old";

const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// The members of a body. As in the measured cases, `None` is null.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Bound {
    pub(super) user_id: String,
    pub(super) old_password: Option<String>,
    pub(super) new_password: Option<String>,
    #[serde(rename = "IPAddress")]
    pub(super) ip_address: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) permanent_session_id: Option<String>,
}

impl Bound {
    /// Nothing at all.
    pub(super) fn nothing() -> Self {
        Self {
            user_id: ZERO.to_owned(),
            old_password: None,
            new_password: None,
            ip_address: None,
            user_agent: None,
            permanent_session_id: None,
        }
    }

    /// The members that a change needs.
    pub(super) fn change(new: &str) -> Self {
        let old_password = Some(OLD.to_owned());
        Self {
            user_id: GUID.to_owned(),
            old_password,
            new_password: Some(new.to_owned()),
            ..Self::nothing()
        }
    }
}

/// A server that accepts any password after any other and locks out no account.
pub(super) struct Reader {
    pub(super) test: TestContext,
    sent: AtomicU32,
}

impl Reader {
    pub(super) async fn start() -> Self {
        let tables = "[policy]\npreset = 'vendor-fabric'\n\
                      [lockout]\nthreshold = 1000000\nmax_failures = 1000000\n";
        let test = open(Server::builder().tables(tables)).await;
        let reader = Self { test, sent: AtomicU32::new(0) };
        reader.set_password(FIRST_PASSWORD, OLD).await;
        reader
    }

    /// Asserts that the body is bound to exactly these members.
    pub(super) async fn assert_binds(
        &self,
        why: &str,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
        bound: &Bound,
    ) {
        let old = bound.old_password.as_deref().unwrap_or_default();
        let new = bound.new_password.as_deref().unwrap_or_default();
        let before = if bound.user_id == GUID && !old.is_empty() { old } else { OLD };
        self.set_password(OLD, before).await;

        let (answer, record) = self.send(content_type, body).await;
        assert_eq!(answer.status, 200, "{why}: {}", answer.text());
        let result =
            UpdateUserPasswordResponse::read(answer.header("content-type"), &answer.body).unwrap();
        let record = record.unwrap_or_else(|| panic!("{why}: no attempt"));
        let changed = UpdateUserPasswordResponse::changed();
        let expected = match () {
            () if bound.user_id != GUID || old.is_empty() => (false, true, "wrong-password"),
            () if new.is_empty() => (false, false, "rejected"),
            () => (true, false, "ok"),
        };
        let seen = (result.success, result.invalid_password, record.outcome.as_str());
        assert_eq!(seen, expected, "{why}");
        let count = result.exception_message_list.as_ref().map(Vec::len);
        assert_eq!(count, Some(usize::from(result != changed)), "{why}: {result:?}");
        let of_account = if bound.user_id == GUID { "the account" } else { "none" };
        assert_eq!(record.account.map_or("none", |_| "the account"), of_account, "{why}");
        assert_eq!(record.context.ip_address, bound.ip_address, "{why}");
        assert_eq!(record.context.user_agent, bound.user_agent, "{why}");
        assert_eq!(record.context.session, bound.permanent_session_id, "{why}");

        let after = if result == changed { new } else { before };
        assert!(self.test.is_password(after).await, "{why}: the password is not {after:?}");
        self.set_password(after, OLD).await;
    }

    /// Asserts the 400 with these keys of the model state, each with one message, as `content_type`
    /// has it; that no attempt was made; and that nothing changed.
    pub(super) async fn assert_invalid(
        &self,
        why: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
        state: &[(&str, &str)],
    ) {
        let answer = self.assert_untried(why, Some(content_type), body).await;
        let is_xml = content_type.contains("xml");
        let expected = if is_xml { invalid_xml(state) } else { invalid(state) };
        assert_eq!((answer.status.as_u16(), answer.text()), (400, expected.as_str()), "{why}");
    }

    /// Asserts the 400 of a body that says nothing.
    pub(super) async fn assert_null_model(
        &self,
        why: &str,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) {
        let answer = self.assert_untried(why, content_type, body).await;
        let is_xml = content_type.is_some_and(|text| text.contains("xml"));
        let expected = if is_xml {
            "<Error><Message>The request is invalid.</Message></Error>"
        } else {
            super::NULL_MODEL
        };
        assert_eq!((answer.status.as_u16(), answer.text()), (400, expected), "{why}");
    }

    /// Asserts that a body leads to no attempt and changes nothing.
    pub(super) async fn assert_untried(
        &self,
        why: &str,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let (answer, record) = self.send(content_type, body).await;
        assert_eq!(record, None, "{why}");
        assert!(self.test.is_password(OLD).await, "{why}");
        answer.assert_common_headers();
        answer
    }

    /// Sends a body and returns the audit record of the attempt, if there was one.
    async fn send(
        &self,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> (Answer, Option<AuditRecord>) {
        let request_id = format!("body-{}", self.sent.fetch_add(1, Ordering::Relaxed));
        let wire = self.test.good.with("content-type", content_type);
        let wire = wire.with("x-request-id", Some(&request_id));
        let answer = wire.send_body(&self.test.client, body.into()).await;
        let newest = AuditFilter { limit: 1, ..AuditFilter::default() };
        let newest = self.test.operator.store.audit(&newest).await.unwrap().pop();
        let is_own =
            |own: &AuditRecord| own.context.request_id.as_deref() == Some(request_id.as_str());
        (answer, newest.filter(is_own))
    }

    /// Changes the password by the simplest request.
    pub(super) async fn set_password(&self, from: &str, to: &str) {
        if from != to {
            let body = customer_body(GUID, from, to);
            let answer = self.test.send(&Wire { body, ..self.test.good.clone() }).await;
            super::assert_changed(&answer);
        }
    }
}
