use std::time::Duration;

use super::{added, trail};
use crate::conformance::check::check_eq;
use crate::conformance::sample::{
    Kept, Password, access_token, at, audit, commit, digest, event, found, hash, history, key,
    rehash, reserve, reset_token, rules, shown, with,
};
use crate::fixtures;
use repass_core::{
    AccessToken, Account, AdministrationStore, AttemptPath, AttemptState, AuditRecord, Commit,
    CommitOutcome, HeldToken, OtpEnrollment, OtpSpend, OutboxEvent, ResetSpend, ResetToken,
};

/// An account with everything that a change can touch.
struct Furnished {
    account: Account,
    tokens: [AccessToken; 3],
    reset: ResetToken,
    otp: OtpEnrollment,
}

impl Furnished {
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
            .add_reset_token(&reset, &record, &event(reset.account, 0))
            .await
            .expect("add_reset_token");
        let otp = OtpEnrollment {
            sealed_secret: Some(vec![1, 2, 3]),
            last_step: Some(10),
            code: Some((digest("code"), at(600))),
        };
        let record = audit(&account, "otp.set");
        store.set_otp(account.id, &otp, &record).await.expect("set_otp");
        let rules = rules(5, Duration::from_secs(60));
        let charged =
            reserve(store, &key(&account), AttemptPath::Password, &rules, at(-1), None).await;
        charged.expect("not locked out");
        Self { account, tokens, reset, otp }
    }

    /// A change that spends whatever there is to spend.
    fn change(&self, version: i64) -> Commit {
        with(commit(&self.account, version, "third"), |it| {
            it.spend = Some(ResetSpend::Issued(self.reset.digest));
            it.otp = Some(OtpSpend::Step(11));
            it.keep_token = Some(self.tokens[0].id);
        })
    }
}

/// Everything that can be seen of an account.
#[derive(Debug, PartialEq)]
struct View {
    found: Kept,
    history: Vec<String>,
    tokens: Vec<HeldToken>,
    reset: Option<ResetToken>,
    otp: OtpEnrollment,
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
    let events = fixtures::events(store).await;
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
    check_eq!(committed, CommitOutcome::Done { version: 3 });

    let after = View::of(store, &furnished).await;
    let password = Some(Password::new(&hash("third"), 3, at(0)));
    check_eq!(after.found.password, password, "the account has the new password");
    let account = with(furnished.account.clone(), |it| it.updated_at = at(0));
    check_eq!(after.found.account, account, "of the account only updated_at changes");
    check_eq!(after.history, ["second", "first"].map(shown), "the history is newest first");
    let reset = after.reset.as_ref().expect("kept");
    check_eq!(reset.spent_at, Some(at(0)), "the reset token is spent");
    let otp = OtpEnrollment { last_step: Some(11), ..furnished.otp.clone() };
    check_eq!(after.otp, otp, "of the enrollment only the last step changes");
    check_eq!(after.attempts, AttemptState::default(), "a change clears the failures");
    check_eq!(after.trail[0], change.audit, "the newest record is that of the change");
    check_eq!(after.trail[1..], before.trail, "exactly one is added");
    check_eq!(after.events.last(), Some(&change.event), "the last event is that of the change");
    check_eq!(after.events.len(), before.events.len() + 1, "exactly one is added");

    check_eq!(View::of(store, &bystander).await, unchanged, "another account is not changed");
}

pub(in crate::conformance) async fn a_change_keeps_one_access_token(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    store.commit(&furnished.change(2)).await.expect("commit");
    let revoked = View::of(store, &furnished).await.revoked();
    check_eq!(
        revoked,
        [None, Some(at(0)), Some(at(-5))],
        "the first token is kept, the second revoked, the third stays revoked"
    );

    let change = with(commit(&furnished.account, 3, "fourth"), |it| it.at = at(9));
    store.commit(&change).await.expect("commit");
    let revoked = View::of(store, &furnished).await.revoked();
    check_eq!(
        revoked,
        [Some(at(9)), Some(at(0)), Some(at(-5))],
        "a change that keeps no token revokes all"
    );

    let (one, other) = (Furnished::new(store).await, Furnished::new(store).await);
    let keep_token = Some(other.tokens[0].id);
    store.commit(&with(one.change(2), |it| it.keep_token = keep_token)).await.expect("commit");
    let revoked = View::of(store, &one).await.revoked();
    check_eq!(
        revoked,
        [Some(at(0)), Some(at(0)), Some(at(-5))],
        "a change that keeps a token of another account revokes all"
    );
}

pub(in crate::conformance) async fn a_change_uses_up_its_one_time_password(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    let (code, _) = furnished.otp.code.expect("a code");
    let change = with(furnished.change(2), |it| it.otp = Some(OtpSpend::Code(code)));
    store.commit(&change).await.expect("commit");
    let expected = OtpEnrollment { code: None, ..furnished.otp.clone() };
    check_eq!(
        View::of(store, &furnished).await.otp,
        expected,
        "of the enrollment only the code is deleted"
    );
}

pub(in crate::conformance) async fn refusals_write_nothing(store: &dyn AdministrationStore) {
    let furnished = Furnished::new(store).await;
    let right = furnished.change(2);
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
                it.otp = Some(OtpSpend::Step(1));
            }),
        ),
    ];
    let before = View::of(store, &furnished).await;
    for (expected, change) in refusals {
        let committed = store.commit(&change).await.expect("commit");
        check_eq!(committed, expected, "{change:?}");
        check_eq!(
            View::of(store, &furnished).await,
            before,
            "a change refused as {expected:?} writes nothing"
        );
        if let Some(ResetSpend::Signed { digest, .. }) = change.spend {
            let kept = store.reset_token(&digest).await.expect("reset_token");
            check_eq!(kept, None, "a refused redemption of a signed token is not written");
        }
    }

    let record = audit(&furnished.account, "account.deactivate");
    store.set_active(furnished.account.id, false, &record).await.expect("set_active");
    let before = View::of(store, &furnished).await;
    let inactive = with(right, |it| it.spend = None);
    check_eq!(store.commit(&inactive).await.expect("commit"), CommitOutcome::Conflict);
    check_eq!(
        View::of(store, &furnished).await,
        before,
        "a refused change of an inactive account writes nothing"
    );
}

pub(in crate::conformance) async fn events_stand_in_order(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let mut expected = Vec::new();
    for version in 1..=3 {
        let change = with(commit(&account, version, "next"), |it| it.event.at = at(version));
        store.commit(&change).await.expect("commit");
        expected.push(change.event);
    }
    check_eq!(events(store, &account).await, expected, "events are listed in the order written");
}

pub(in crate::conformance) async fn a_rehash_leaves_a_record_and_nothing_else(
    store: &dyn AdministrationStore,
) {
    let furnished = Furnished::new(store).await;
    let before = View::of(store, &furnished).await;
    let late = rehash(&furnished.account, 2, "first", "stronger");
    assert!(!store.rehash(&late).await.expect("upgrade"), "a rehash of an earlier hash is refused");
    check_eq!(View::of(store, &furnished).await, before, "a refused rehash writes nothing");

    let upgrade = rehash(&furnished.account, 2, "second", "stronger");
    assert!(store.rehash(&upgrade).await.expect("upgrade"));
    let mut expected = before;
    if let Some(password) = &mut expected.found.password {
        password.hash = shown("stronger");
    }
    expected.trail.insert(0, upgrade.audit);
    check_eq!(View::of(store, &furnished).await, expected);
}
