use super::Fixture;
use super::sample::{RIVALS, added, at, commit, digest, found};
use repass_core::{Account, Commit, Committed, CredentialStore, OtpEnrolment, OtpSpend};

async fn outcome(
    store: &dyn CredentialStore,
    account: &Account,
    version: i64,
    otp: OtpSpend,
) -> Committed {
    let change = Commit { otp: Some(otp), ..commit(account, version, "with otp") };
    store.commit(&change).await.expect("commit")
}

fn enrolled() -> OtpEnrolment {
    OtpEnrolment { sealed_secret: Some(vec![0, 1, 2, 255]), last_step: None, code: None }
}

pub(super) async fn steps_only_go_up(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    if !fixture.set_otp(account.id, &enrolled()).await {
        return;
    }
    let mut version = 1;
    for (step, counts) in [(100, true), (100, false), (99, false), (101, true), (100, false)] {
        let committed = outcome(&*store, &account, version, OtpSpend::Step(step)).await;
        if counts {
            version += 1;
            assert_eq!(committed, Committed::Done { version }, "step {step} is a new one");
        } else {
            assert_eq!(committed, Committed::OtpSpent, "step {step} is no new one");
        }
    }

    let enrolment = OtpEnrolment { last_step: Some(7), ..enrolled() };
    fixture.set_otp(account.id, &enrolment).await;
    let old = outcome(&*store, &account, version, OtpSpend::Step(7)).await;
    assert_eq!(old, Committed::OtpSpent, "an enrolment brings its last step along");
    let new = outcome(&*store, &account, version, OtpSpend::Step(8)).await;
    assert_eq!(new, Committed::Done { version: version + 1 });
}

pub(super) async fn codes_count_once(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let code = digest("code");
    let enrolment = OtpEnrolment { code: Some((code, at(1))), ..OtpEnrolment::default() };
    if !fixture.set_otp(account.id, &enrolment).await {
        return;
    }
    for (account, code, why) in [
        (&account, digest("wrong"), "it is another code"),
        (&other, code, "it is another account's"),
    ] {
        let wrong = outcome(&*store, account, 1, OtpSpend::Code(code)).await;
        assert_eq!(wrong, Committed::OtpSpent, "{why}");
    }
    let right = outcome(&*store, &account, 1, OtpSpend::Code(code)).await;
    assert_eq!(right, Committed::Done { version: 2 });
    let again = outcome(&*store, &account, 2, OtpSpend::Code(code)).await;
    assert_eq!(again, Committed::OtpSpent, "a code counts once");

    let expired = OtpEnrolment { code: Some((code, at(0))), ..OtpEnrolment::default() };
    fixture.set_otp(account.id, &expired).await;
    let late = outcome(&*store, &account, 2, OtpSpend::Code(code)).await;
    assert_eq!(late, Committed::OtpSpent, "from the moment of its expiry on it does not count");
}

pub(super) async fn refused_changes_use_up_nothing(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let code = digest("code");
    let enrolment = OtpEnrolment { code: Some((code, at(600))), ..enrolled() };
    if !fixture.set_otp(account.id, &enrolment).await {
        return;
    }
    for otp in [OtpSpend::Step(5), OtpSpend::Code(code)] {
        let conflict = outcome(&*store, &account, 9, otp).await;
        assert_eq!(conflict, Committed::Conflict);
    }
    for (version, otp) in [(1, OtpSpend::Step(5)), (2, OtpSpend::Code(code))] {
        let done = outcome(&*store, &account, version, otp).await;
        assert_eq!(done, Committed::Done { version: version + 1 }, "{otp:?} was not used up");
    }
    let both = outcome(&*store, &account, 9, OtpSpend::Step(5)).await;
    assert_eq!(both, Committed::Conflict, "the conflict is told before the used password");

    let before = found(&*store, &account).await;
    let spent = outcome(&*store, &account, 3, OtpSpend::Step(5)).await;
    assert_eq!(spent, Committed::OtpSpent);
    assert_eq!(found(&*store, &account).await, before, "a refused change writes nothing");
}

pub(super) async fn one_use_of_many_at_once_wins(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    if !fixture.set_otp(account.id, &enrolled()).await {
        return;
    }
    let rivals: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (store, account) = (fixture.store(), account.clone());
            tokio::spawn(async move { outcome(&*store, &account, 1, OtpSpend::Step(3)).await })
        })
        .collect();
    let mut done = 0;
    for rival in rivals {
        done += usize::from(matches!(rival.await.expect("a task"), Committed::Done { .. }));
    }
    assert_eq!(done, 1, "of {RIVALS} uses at once exactly one counts");
}
