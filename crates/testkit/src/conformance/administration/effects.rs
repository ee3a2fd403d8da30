use std::time::Duration;

use super::{added, trail};
use crate::conformance::sample::{
    access_token, at, audit, commit, digest, event, found, hash, history, key, reset_token, rules,
    upgrade,
};
use repass_core::{
    AccessToken, Account, AdministrationStore, AttemptPath, AttemptState, AuditRecord, Commit,
    Committed, Found, HashedPassword, HeldToken, OtpEnrolment, OtpSpend, OutboxEvent, ResetSpend,
    ResetToken,
};

/// An account with everything that a change can touch.
struct Furnished {
    account: Account,
    tokens: [AccessToken; 3],
    reset: ResetToken,
    otp: OtpEnrolment,
}

impl Furnished {
    /// The account's password has version 2 and one earlier hash. The third token is revoked.
    async fn new(store: &dyn AdministrationStore) -> Self {
        let account = added(store).await;
        let change = Commit { at: at(-500), ..commit(&account, 1, "second") };
        let done = store.commit(&change).await.expect("commit");
        assert_eq!(done, Committed::Done { version: 2 });

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
            .add_reset_token(&reset, &record, &event(reset.account, 0))
            .await
            .expect("add_reset_token");
        let otp = OtpEnrolment {
            sealed_secret: Some(vec![1, 2, 3]),
            last_step: Some(10),
            code: Some((digest("code"), at(600))),
        };
        let record = audit(&account, "otp.set");
        store.set_otp(account.id, &otp, &record).await.expect("set_otp");
        let rules = rules(5, Duration::from_secs(60));
        let charged =
            store.charge(&key(&account), AttemptPath::Password, &rules, at(-1), None).await;
        charged.expect("charge").expect("open");
        Self { account, tokens, reset, otp }
    }

    /// A change that spends whatever there is to spend.
    fn change(&self, version: i64) -> Commit {
        Commit {
            spend: Some(ResetSpend::Issued(self.reset.digest)),
            otp: Some(OtpSpend::Step(11)),
            keep_token: Some(self.tokens[0].id),
            ..commit(&self.account, version, "third")
        }
    }
}

/// Everything that can be seen of an account.
#[derive(Debug, PartialEq)]
struct View {
    found: Found,
    history: Vec<HashedPassword>,
    tokens: Vec<HeldToken>,
    reset: Option<ResetToken>,
    otp: OtpEnrolment,
    attempts: AttemptState,
    trail: Vec<AuditRecord>,
    events: Vec<OutboxEvent>,
}

impl View {
    async fn of(store: &dyn AdministrationStore, furnished: &Furnished) -> Self {
        let account = &furnished.account;
        let mut tokens = Vec::new();
        for token in &furnished.tokens {
            let held = store.access_token(&token.digest).await.expect("access_token");
            tokens.push(held.expect("tokens are kept"));
        }
        Self {
            found: found(store, account).await,
            history: history(store, account).await,
            tokens,
            reset: store.reset_token(&furnished.reset.digest).await.expect("reset_token"),
            otp: store.otp(account.id).await.expect("otp"),
            attempts: store.attempts(&key(account)).await.expect("attempts"),
            trail: trail(store, account).await,
            events: events(store, account).await,
        }
    }

    fn revoked(&self) -> Vec<Option<jiff::Timestamp>> {
        self.tokens.iter().map(|held| held.token.revoked_at).collect()
    }
}

async fn events(store: &dyn AdministrationStore, account: &Account) -> Vec<OutboxEvent> {
    let events = store.outbox(u32::MAX).await.expect("outbox");
    events.into_iter().filter(|event| event.account == account.id).collect()
}

pub(in crate::conformance) async fn a_change_leaves_everything_behind(
    store: &dyn AdministrationStore,
) {
    let (furnished, bystander) = (Furnished::new(store).await, Furnished::new(store).await);
    let unchanged = View::of(store, &bystander).await;
    let before = View::of(store, &furnished).await;
    let change = furnished.change(2);
    let committed = store.commit(&change).await.expect("commit");
    assert_eq!(committed, Committed::Done { version: 3 });

    let after = View::of(store, &furnished).await;
    let credential = after.found.credential.as_ref().expect("a credential");
    assert_eq!((&credential.hash, credential.changed_at), (&hash("third"), at(0)));
    assert_eq!(after.found.account, Account { updated_at: at(0), ..furnished.account.clone() });
    assert_eq!(after.history, [hash("second"), hash("first")], "newest first");
    let reset = after.reset.as_ref().expect("kept");
    assert_eq!(reset.spent_at, Some(at(0)), "the reset token is spent");
    let otp = OtpEnrolment { last_step: Some(11), ..furnished.otp.clone() };
    assert_eq!(after.otp, otp, "the step is used up, nothing else");
    assert_eq!(after.attempts, AttemptState::default(), "the failures are cleared");
    assert_eq!(after.trail[0], change.audit, "the change is recorded");
    assert_eq!(after.trail[1..], before.trail, "once");
    assert_eq!(after.events.last(), Some(&change.event), "the change is told to others");
    assert_eq!(after.events.len(), before.events.len() + 1, "once");

    assert_eq!(View::of(store, &bystander).await, unchanged, "nobody else is touched");
}

pub(in crate::conformance) async fn a_change_keeps_one_access_token(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    store.commit(&furnished.change(2)).await.expect("commit");
    let revoked = View::of(store, &furnished).await.revoked();
    assert_eq!(revoked, [None, Some(at(0)), Some(at(-5))], "one kept, one revoked, one as it was");

    let change = Commit { at: at(9), ..commit(&furnished.account, 3, "fourth") };
    store.commit(&change).await.expect("commit");
    let revoked = View::of(store, &furnished).await.revoked();
    assert_eq!(revoked, [Some(at(9)), Some(at(0)), Some(at(-5))], "none is kept unless asked for");

    let (one, other) = (Furnished::new(store).await, Furnished::new(store).await);
    let keep_token = Some(other.tokens[0].id);
    store.commit(&Commit { keep_token, ..one.change(2) }).await.expect("commit");
    let revoked = View::of(store, &one).await.revoked();
    assert_eq!(revoked, [Some(at(0)), Some(at(0)), Some(at(-5))], "a stranger's token keeps none");
}

pub(in crate::conformance) async fn a_change_uses_up_its_one_time_password(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    let (code, _) = furnished.otp.code.expect("a code");
    let change = Commit { otp: Some(OtpSpend::Code(code)), ..furnished.change(2) };
    store.commit(&change).await.expect("commit");
    let expected = OtpEnrolment { code: None, ..furnished.otp.clone() };
    assert_eq!(View::of(store, &furnished).await.otp, expected, "the code is gone, nothing else");
}

pub(in crate::conformance) async fn refusals_write_nothing(store: &dyn AdministrationStore) {
    let furnished = Furnished::new(store).await;
    let right = furnished.change(2);
    let refusals = [
        (Committed::Conflict, Commit { expected_version: 1, ..right.clone() }),
        (Committed::Conflict, Commit { expected_version: 0, ..right.clone() }),
        (
            Committed::TokenSpent,
            Commit { spend: Some(ResetSpend::Issued(digest("unknown"))), ..right.clone() },
        ),
        (Committed::TokenSpent, Commit { at: at(600), ..right.clone() }),
        (Committed::OtpSpent, Commit { otp: Some(OtpSpend::Step(10)), ..right.clone() }),
        (Committed::OtpSpent, Commit { otp: Some(OtpSpend::Code(digest("x"))), ..right.clone() }),
        (
            Committed::OtpSpent,
            Commit {
                spend: Some(ResetSpend::Signed { digest: digest("s"), expires_at: at(60) }),
                otp: Some(OtpSpend::Step(1)),
                ..right.clone()
            },
        ),
    ];
    let before = View::of(store, &furnished).await;
    for (expected, change) in refusals {
        let committed = store.commit(&change).await.expect("commit");
        assert_eq!(committed, expected, "{change:?}");
        assert_eq!(View::of(store, &furnished).await, before, "{expected:?} writes nothing");
        if let Some(ResetSpend::Signed { digest, .. }) = change.spend {
            let kept = store.reset_token(&digest).await.expect("reset_token");
            assert_eq!(kept, None, "a refused redemption is not kept");
        }
    }

    let record = audit(&furnished.account, "account.deactivate");
    store.set_active(furnished.account.id, false, &record).await.expect("set_active");
    let before = View::of(store, &furnished).await;
    let inactive = Commit { spend: None, ..right };
    assert_eq!(store.commit(&inactive).await.expect("commit"), Committed::Conflict);
    assert_eq!(View::of(store, &furnished).await, before, "nor for an inactive account");
}

pub(in crate::conformance) async fn events_stand_in_order(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let mut expected = Vec::new();
    for version in 1..=3 {
        let change = commit(&account, version, "next");
        store.commit(&change).await.expect("commit");
        expected.push(change.event);
    }
    assert_eq!(events(store, &account).await, expected, "in the order written");
    assert_eq!(store.outbox(2).await.expect("outbox").len(), 2, "at most as many as asked for");
    assert!(store.outbox(0).await.expect("outbox").is_empty());
}

pub(in crate::conformance) async fn an_upgrade_leaves_a_record_and_nothing_else(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    let before = View::of(store, &furnished).await;
    let late = upgrade(&furnished.account, 2, "first", "stronger");
    assert!(!store.upgrade(&late).await.expect("upgrade"), "an earlier hash");
    assert_eq!(View::of(store, &furnished).await, before, "a refused upgrade leaves no trace");

    let upgrade = upgrade(&furnished.account, 2, "second", "stronger");
    assert!(store.upgrade(&upgrade).await.expect("upgrade"));
    let mut expected = before;
    if let Some(credential) = &mut expected.found.credential {
        credential.hash = hash("stronger");
    }
    expected.trail.insert(0, upgrade.audit);
    assert_eq!(View::of(store, &furnished).await, expected);
}
