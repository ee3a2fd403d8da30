use std::time::Duration;

use super::{added, audit_records};
use crate::conformance::check::check_eq;
use crate::conformance::sample::{
    Password, StoredAccount, access_token, at, audit, commit, digest, event, found, hash,
    hash_text, history, key, policy, rehash, reserve, reset_token, with,
};
use crate::fixtures;
use repass_core::{
    AccessToken, Account, AdministrationStore, AttemptPath, AttemptState, AuditRecord, Commit,
    CommitOutcome, HeldToken, OlderTokens, OtpEnrollment, OtpSpend, OutboxEvent, ResetSpend,
    ResetToken,
};

/// An account with everything that a change can touch.
struct PopulatedAccount {
    account: Account,
    tokens: [AccessToken; 3],
    reset: ResetToken,
    otp: OtpEnrollment,
}

impl PopulatedAccount {
    /// The account's password has version 2 and one earlier hash. The third token is revoked.
    async fn new(store: &dyn AdministrationStore) -> Self {
        let account = added(store).await;
        let change = with(commit(&account, 1, "second"), |it| it.at = at(-500));
        let done = store.commit(&change).await.expect("commit");
        check_eq!(done, CommitOutcome::Done { version: 2 });

        let tokens = [(); 3].map(|()| access_token(&account));
        for token in &tokens {
            let record = audit(&account, "access-token.add");
            store.add_access_token(token, &record).await.expect("add_access_token");
        }
        let record = AuditRecord { at: at(-5), ..audit(&account, "access-token.revoke") };
        store.revoke_access_token(tokens[2].id, &record).await.expect("revoke_access_token");

        let reset = reset_token(&account);
        let record = audit(&account, "reset-token.add");
        store
            .add_reset_token(&reset, OlderTokens::Void, &record, &event(reset.account, 0))
            .await
            .expect("add_reset_token");
        let otp = OtpEnrollment {
            sealed_secret: Some(vec![1, 2, 3]),
            last_step: Some(10),
            code: Some((digest("code"), at(600))),
        };
        let record = audit(&account, "otp.set");
        store.set_otp(account.id, &otp, &record).await.expect("set_otp");
        let policy = policy(5, Duration::from_secs(60));
        let reserved =
            reserve(store, &key(&account), AttemptPath::Password, &policy, at(-1), None).await;
        reserved.expect("not locked out");
        Self { account, tokens, reset, otp }
    }

    /// Returns a change that spends the reset token and a one-time password, and keeps one access
    /// token.
    fn change(&self, version: i64) -> Commit {
        with(commit(&self.account, version, "third"), |it| {
            it.spend = Some(ResetSpend::Issued(self.reset.digest));
            it.otp = Some(OtpSpend::Step(11));
            it.keep_token = Some(self.tokens[0].id);
        })
    }
}

/// Everything that the store returns about an account.
#[derive(Debug, PartialEq)]
struct Snapshot {
    found: StoredAccount,
    history: Vec<String>,
    tokens: Vec<HeldToken>,
    reset: Option<ResetToken>,
    otp: OtpEnrollment,
    attempts: AttemptState,
    records: Vec<AuditRecord>,
    events: Vec<OutboxEvent>,
}

impl Snapshot {
    async fn read(store: &dyn AdministrationStore, populated: &PopulatedAccount) -> Self {
        let account = &populated.account;
        let mut tokens = Vec::new();
        for token in &populated.tokens {
            let held = store.access_token(&token.digest).await.expect("access_token");
            tokens.push(held.expect("tokens are kept"));
        }
        Self {
            found: found(store, account).await,
            history: history(store, account).await,
            tokens,
            reset: store.reset_token(&populated.reset.digest).await.expect("reset_token"),
            otp: store.otp(account.id).await.expect("otp"),
            attempts: store.attempts(&key(account)).await.expect("attempts"),
            records: audit_records(store, account).await,
            events: events(store, account).await,
        }
    }

    fn revoked(&self) -> Vec<Option<jiff::Timestamp>> {
        self.tokens.iter().map(|held| held.token.revoked_at).collect()
    }
}

async fn events(store: &dyn AdministrationStore, account: &Account) -> Vec<OutboxEvent> {
    let events = fixtures::events(store).await;
    events.into_iter().filter(|event| event.account == account.id).collect()
}

pub(in crate::conformance) async fn a_change_writes_all_its_effects(
    store: &dyn AdministrationStore,
) {
    let (populated, bystander) =
        (PopulatedAccount::new(store).await, PopulatedAccount::new(store).await);
    let unchanged = Snapshot::read(store, &bystander).await;
    let before = Snapshot::read(store, &populated).await;
    let change = populated.change(2);
    let committed = store.commit(&change).await.expect("commit");
    check_eq!(committed, CommitOutcome::Done { version: 3 });

    let after = Snapshot::read(store, &populated).await;
    let password = Some(Password::new(&hash("third"), 3, at(0)));
    check_eq!(after.found.password, password, "the account has the new password");
    let account = with(populated.account.clone(), |it| it.updated_at = at(0));
    check_eq!(after.found.account, account, "only updated_at of the account changes");
    check_eq!(after.history, ["second", "first"].map(hash_text), "the history is newest first");
    let reset = after.reset.as_ref().expect("kept");
    check_eq!(reset.spent_at, Some(at(0)), "the reset token is spent");
    let otp = OtpEnrollment { last_step: Some(11), ..populated.otp.clone() };
    check_eq!(after.otp, otp, "only the last step of the enrollment changes");
    check_eq!(after.attempts, AttemptState::default(), "a change clears the failures");
    check_eq!(after.records[0], change.audit, "the newest record is that of the change");
    check_eq!(after.records[1..], before.records, "exactly one record is added");
    check_eq!(after.events.last(), Some(&change.event), "the last event is that of the change");
    check_eq!(after.events.len(), before.events.len() + 1, "exactly one event is added");

    check_eq!(Snapshot::read(store, &bystander).await, unchanged, "another account is not changed");
}

pub(in crate::conformance) async fn a_change_keeps_one_access_token(
    store: &dyn AdministrationStore,
) {
    let populated = PopulatedAccount::new(store).await;
    store.commit(&populated.change(2)).await.expect("commit");
    let revoked = Snapshot::read(store, &populated).await.revoked();
    check_eq!(
        revoked,
        [None, Some(at(0)), Some(at(-5))],
        "the first token is kept, the second revoked, the third stays revoked"
    );

    let change = with(commit(&populated.account, 3, "fourth"), |it| it.at = at(9));
    store.commit(&change).await.expect("commit");
    let revoked = Snapshot::read(store, &populated).await.revoked();
    check_eq!(
        revoked,
        [Some(at(9)), Some(at(0)), Some(at(-5))],
        "a change that keeps no token revokes all"
    );

    let (one, other) = (PopulatedAccount::new(store).await, PopulatedAccount::new(store).await);
    let keep_token = Some(other.tokens[0].id);
    store.commit(&with(one.change(2), |it| it.keep_token = keep_token)).await.expect("commit");
    let revoked = Snapshot::read(store, &one).await.revoked();
    check_eq!(
        revoked,
        [Some(at(0)), Some(at(0)), Some(at(-5))],
        "a change that keeps a token of another account revokes all"
    );
}

pub(in crate::conformance) async fn a_change_uses_up_its_one_time_password(
    store: &dyn AdministrationStore,
) {
    let populated = PopulatedAccount::new(store).await;
    let (code, _) = populated.otp.code.expect("a code");
    let change = with(populated.change(2), |it| it.otp = Some(OtpSpend::Code(code)));
    store.commit(&change).await.expect("commit");
    let expected = OtpEnrollment { code: None, ..populated.otp.clone() };
    check_eq!(
        Snapshot::read(store, &populated).await.otp,
        expected,
        "only the code of the enrollment is deleted"
    );
}

pub(in crate::conformance) async fn refusals_write_nothing(store: &dyn AdministrationStore) {
    let populated = PopulatedAccount::new(store).await;
    let right = populated.change(2);
    let refusals = [
        (CommitOutcome::Conflict, with(right.clone(), |it| it.expected_version = 1)),
        (CommitOutcome::Conflict, with(right.clone(), |it| it.expected_version = 0)),
        (
            CommitOutcome::TokenSpent,
            with(right.clone(), |it| it.spend = Some(ResetSpend::Issued(digest("unknown")))),
        ),
        (CommitOutcome::TokenSpent, with(right.clone(), |it| it.at = at(600))),
        (CommitOutcome::OtpSpent, with(right.clone(), |it| it.otp = Some(OtpSpend::Step(10)))),
        (
            CommitOutcome::OtpSpent,
            with(right.clone(), |it| it.otp = Some(OtpSpend::Code(digest("x")))),
        ),
        (
            CommitOutcome::OtpSpent,
            with(right.clone(), |it| {
                it.spend = Some(ResetSpend::Signed { digest: digest("s"), expires_at: at(60) });
                it.otp = Some(OtpSpend::Step(9));
            }),
        ),
    ];
    let before = Snapshot::read(store, &populated).await;
    for (expected, change) in refusals {
        let committed = store.commit(&change).await.expect("commit");
        check_eq!(committed, expected, "{change:?}");
        check_eq!(
            Snapshot::read(store, &populated).await,
            before,
            "a change refused as {expected:?} writes nothing"
        );
        if let Some(ResetSpend::Signed { digest, .. }) = change.spend {
            let kept = store.reset_token(&digest).await.expect("reset_token");
            check_eq!(kept, None, "a refused redemption of a signed token is not written");
        }
    }

    let record = audit(&populated.account, "account.deactivate");
    store.set_active(populated.account.id, false, &record).await.expect("set_active");
    let before = Snapshot::read(store, &populated).await;
    let inactive = with(right, |it| it.spend = None);
    check_eq!(store.commit(&inactive).await.expect("commit"), CommitOutcome::Conflict);
    check_eq!(
        Snapshot::read(store, &populated).await,
        before,
        "a refused change of an inactive account writes nothing"
    );
}

pub(in crate::conformance) async fn events_are_listed_in_order(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let mut expected = Vec::new();
    for version in 1..=3 {
        let change = with(commit(&account, version, "next"), |it| it.event.at = at(version));
        store.commit(&change).await.expect("commit");
        expected.push(change.event);
    }
    check_eq!(events(store, &account).await, expected, "events are listed in the order written");
}

pub(in crate::conformance) async fn a_rehash_writes_the_hash_and_its_audit_record_only(
    store: &dyn AdministrationStore,
) {
    let populated = PopulatedAccount::new(store).await;
    let before = Snapshot::read(store, &populated).await;
    let late = rehash(&populated.account, 2, "first", "stronger");
    assert!(!store.rehash(&late).await.expect("rehash"), "a rehash of an earlier hash is refused");
    check_eq!(Snapshot::read(store, &populated).await, before, "a refused rehash writes nothing");

    let change = rehash(&populated.account, 2, "second", "stronger");
    assert!(store.rehash(&change).await.expect("rehash"));
    let mut expected = before;
    if let Some(password) = &mut expected.found.password {
        password.hash = hash_text("stronger");
    }
    expected.records.insert(0, change.audit);
    check_eq!(Snapshot::read(store, &populated).await, expected);
}
