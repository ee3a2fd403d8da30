use std::time::Duration;

use super::Fixture;
use super::check::{Unsupported, check_eq, require};
use super::sample::{
    CONCURRENT_CALLS, added, at, audit, commit, digest, found, key, policy, reserve, with,
};
use repass_core::{
    Account, AttemptOutcome, AttemptPath, CommitOutcome, CredentialStore, FinishAttempt,
    OtpEnrollment, OtpSpend,
};

async fn outcome(
    store: &dyn CredentialStore,
    account: &Account,
    version: i64,
    otp: OtpSpend,
) -> CommitOutcome {
    let change = with(commit(account, version, "with otp"), |it| it.otp = Some(otp));
    store.commit(&change).await.expect("commit")
}

fn enrolled() -> OtpEnrollment {
    OtpEnrollment { sealed_secret: Some(vec![0, 1, 2, 255]), last_step: None, code: None }
}

pub(super) async fn steps_must_increase(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    require(fixture.set_otp(account.id, &enrolled()).await, "one-time passwords")?;
    let mut version = 1;
    for (step, accepted) in [(100, true), (100, false), (99, false), (101, true), (100, false)] {
        let committed = outcome(&*store, &account, version, OtpSpend::Step(step)).await;
        if accepted {
            version += 1;
            check_eq!(
                committed,
                CommitOutcome::Done { version },
                "step {step} is later than any used one"
            );
        } else {
            check_eq!(
                committed,
                CommitOutcome::OtpSpent,
                "step {step} is not later than the last used one"
            );
        }
    }

    let enrollment = OtpEnrollment { last_step: Some(7), ..enrolled() };
    fixture.set_otp(account.id, &enrollment).await;
    let old = outcome(&*store, &account, version, OtpSpend::Step(7)).await;
    check_eq!(old, CommitOutcome::OtpSpent, "the last step of a new enrollment counts as used");
    let new = outcome(&*store, &account, version, OtpSpend::Step(8)).await;
    check_eq!(new, CommitOutcome::Done { version: version + 1 });

    // A6.
    let ahead = |last| OtpEnrollment { last_step: Some(last), ..enrolled() };
    for (last, step, expected) in
        [(12, 10, CommitOutcome::OtpSpent), (13, 10, CommitOutcome::Done { version: version + 2 })]
    {
        fixture.set_otp(account.id, &ahead(last)).await;
        let committed = outcome(&*store, &account, version + 1, OtpSpend::Step(step)).await;
        check_eq!(
            committed,
            expected,
            "step {step} after {last}, which a right clock cannot exceed"
        );
    }
    Ok(())
}

/// Proves ASVS 6.5.1.
pub(super) async fn a_sign_in_uses_one_up(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let code = digest("code");
    let enrollment = OtpEnrollment { code: Some((code, at(1))), ..enrolled() };
    require(fixture.set_otp(account.id, &enrollment).await, "one-time passwords")?;
    let (key, policy) = (key(&account), policy(10, Duration::from_secs(60)));
    let sign_in = async |otp: OtpSpend| {
        let reserved = reserve(&*store, &key, AttemptPath::Password, &policy, at(0), None).await;
        let reservation = reserved.expect("not locked out");
        let succeeded = AttemptOutcome::Succeeded;
        let record = audit(&account, "password.verify");
        let finish = FinishAttempt::reserved(reservation.clone(), succeeded, record);
        let finish = finish.with_otp(Some((account.id, otp)));
        (store.finish_attempt(&finish).await.expect("finishing an attempt"), reservation.failures)
    };
    for otp in [OtpSpend::Step(100), OtpSpend::Code(code)] {
        check_eq!(sign_in(otp).await, (true, 1), "{otp:?} is unused, and the failures are cleared");
    }
    for (failures, otp) in (1..).zip([OtpSpend::Step(100), OtpSpend::Code(code)]) {
        let used = sign_in(otp).await;
        check_eq!(used, (false, failures), "{otp:?} is used, and the failures before it are kept");
    }
    Ok(())
}

/// Proves ASVS 6.5.1.
pub(super) async fn codes_are_accepted_once(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let code = digest("code");
    let enrollment = OtpEnrollment { code: Some((code, at(1))), ..OtpEnrollment::default() };
    require(fixture.set_otp(account.id, &enrollment).await, "one-time passwords")?;
    for (account, code, why) in [
        (&account, digest("wrong"), "a code that was not issued is refused"),
        (&other, code, "a code of another account is refused"),
    ] {
        let wrong = outcome(&*store, account, 1, OtpSpend::Code(code)).await;
        check_eq!(wrong, CommitOutcome::OtpSpent, "{why}");
    }
    let right = outcome(&*store, &account, 1, OtpSpend::Code(code)).await;
    check_eq!(right, CommitOutcome::Done { version: 2 });
    let again = outcome(&*store, &account, 2, OtpSpend::Code(code)).await;
    check_eq!(again, CommitOutcome::OtpSpent, "a used code is refused");

    let expired = OtpEnrollment { code: Some((code, at(0))), ..OtpEnrollment::default() };
    fixture.set_otp(account.id, &expired).await;
    let late = outcome(&*store, &account, 2, OtpSpend::Code(code)).await;
    check_eq!(late, CommitOutcome::OtpSpent, "a code is refused from the moment of its expiry on");
    Ok(())
}

pub(super) async fn refused_changes_use_up_nothing(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let code = digest("code");
    let enrollment = OtpEnrollment { code: Some((code, at(600))), ..enrolled() };
    require(fixture.set_otp(account.id, &enrollment).await, "one-time passwords")?;
    for otp in [OtpSpend::Step(5), OtpSpend::Code(code)] {
        let conflict = outcome(&*store, &account, 9, otp).await;
        check_eq!(conflict, CommitOutcome::Conflict);
    }
    for (version, otp) in [(1, OtpSpend::Step(5)), (2, OtpSpend::Code(code))] {
        let done = outcome(&*store, &account, version, otp).await;
        check_eq!(
            done,
            CommitOutcome::Done { version: version + 1 },
            "a refused change does not use up {otp:?}"
        );
    }
    let both = outcome(&*store, &account, 9, OtpSpend::Step(5)).await;
    check_eq!(
        both,
        CommitOutcome::Conflict,
        "of a conflict and a used one-time password the conflict is returned"
    );

    let before = found(&*store, &account).await;
    let spent = outcome(&*store, &account, 3, OtpSpend::Step(5)).await;
    check_eq!(spent, CommitOutcome::OtpSpent);
    check_eq!(found(&*store, &account).await, before, "a refused change writes nothing");
    Ok(())
}

pub(super) async fn one_of_many_concurrent_uses_wins(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let account = added(fixture).await;
    require(fixture.set_otp(account.id, &enrolled()).await, "one-time passwords")?;
    let tasks: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|_| {
            let (store, account) = (fixture.store(), account.clone());
            tokio::spawn(async move { outcome(&*store, &account, 1, OtpSpend::Step(3)).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(matches!(
            task.await.expect("a task that commits"),
            CommitOutcome::Done { .. }
        ));
    }
    check_eq!(done, 1, "of {CONCURRENT_CALLS} concurrent uses exactly one is accepted");
    Ok(())
}
