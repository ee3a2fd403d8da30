//! The hasher's threads and queue, with a kernel that runs only as far as the test lets it.

mod kernel;
mod memory;

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use repass_core::{
    Argon2idHasher, HashError, HashProfile, HashedPassword, Hasher, HasherOptions, Knowledge,
    NewPassword, Plaintext, Policy, SystemRandomness,
};

use self::kernel::{Gate, gated};

/// No test waits for it; some move the clock beyond it.
const HOUR: Duration = Duration::from_secs(3600);

fn options(threads: usize, queue: usize) -> HasherOptions {
    let number = |number| NonZeroUsize::new(number).unwrap();
    HasherOptions {
        profile: HashProfile::INSECURE_FOR_TESTS,
        arena_memory_kib: None,
        threads: number(threads),
        queue: number(queue),
        deadline: HOUR,
        bulk_queue: number(queue),
        bulk_deadline: 2 * HOUR,
        ..HasherOptions::default()
    }
}

fn start(options: &HasherOptions) -> (Argon2idHasher, Gate) {
    let (kernel, gate) = gated();
    (Argon2idHasher::start_with(kernel, options, Arc::new(SystemRandomness)).unwrap(), gate)
}

type Verification<'a> = Pin<Box<dyn Future<Output = Result<bool, HashError>> + Send + 'a>>;

/// Has a password verified from beginning to end; the gate must be open, or be opened meanwhile.
fn verify<'a>(
    hasher: &'a Argon2idHasher,
    password: &str,
    hash: &'a HashedPassword,
) -> Verification<'a> {
    hasher.verify(Arc::new(Plaintext::from(password)), hash)
}

/// Has a password verified as far as to stand in the queue, or to run as far as the closed gate.
fn begin<'a>(hasher: &'a Argon2idHasher, password: &str) -> Verification<'a> {
    begin_against(hasher, password, hasher.decoy())
}

fn begin_against<'a>(
    hasher: &'a Argon2idHasher,
    password: &str,
    hash: &'a HashedPassword,
) -> Verification<'a> {
    let mut verification = verify(hasher, password, hash);
    let polled = verification.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    verification
}

/// Asks for a verification that is refused at once.
fn refused(hasher: &Argon2idHasher) -> HashError {
    let mut verification = verify(hasher, "refused", hasher.decoy());
    match verification.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(Err(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

fn assert_busy(error: &HashError) {
    let HashError::Busy { retry_after } = error else { panic!("{error:?}") };
    assert!((1..=30).contains(&retry_after.as_secs()), "{retry_after:?}");
}

fn accepted(text: &str) -> NewPassword {
    Policy::default().accept(Arc::new(Plaintext::from(text)), &Knowledge::default()).unwrap()
}

#[tokio::test]
async fn with_the_default_kernel_what_was_hashed_verifies_and_nothing_else() {
    let profile = HashProfile::INSECURE_FOR_TESTS;
    let options = HasherOptions { profile, ..HasherOptions::default() };
    let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
    let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
    let again = hasher.bulk().hash(accepted("long enough, surely")).await.unwrap();
    assert_ne!(hash, again, "each hash has a salt of its own");
    let verify = |text| hasher.verify(Arc::new(Plaintext::from(text)), &hash);
    assert!(verify("long enough, surely").await.unwrap());
    assert!(!verify("long enough, surely ").await.unwrap());
    assert!(!hasher.verify(Arc::new(Plaintext::from("x")), hasher.decoy()).await.unwrap());
}

#[tokio::test]
async fn the_kernel_gets_the_parameters_and_its_tag_is_the_hash() {
    let (hasher, mut gate) = start(&options(1, 1));
    gate.open(2);
    let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
    let begun = gate.begun().await;
    assert_eq!(begun.parameters, HashProfile::INSECURE_FOR_TESTS.parameters());
    assert_eq!(begun.password, "long enough, surely");
    let verified = hasher.verify(Arc::new(Plaintext::from("long enough, surely")), &hash).await;
    assert!(verified.unwrap());
}

#[tokio::test]
async fn interactive_work_goes_before_bulk_work_in_the_order_it_came() {
    let (hasher, mut gate) = start(&options(1, 10));
    let bulk = hasher.bulk();
    let mut all = vec![begin(&hasher, "running")];
    assert_eq!(gate.begun().await.password, "running");
    for password in ["bulk 1", "bulk 2"] {
        all.push(begin(&bulk, password));
    }
    for password in ["1", "2", "3"] {
        all.push(begin(&hasher, password));
    }
    let status = hasher.status();
    assert_eq!((status.running, status.waiting, status.waiting_bulk), (1, 3, 2));
    gate.open(6);
    for verification in all {
        assert!(!verification.await.unwrap());
    }
    for expected in ["1", "2", "3", "bulk 1", "bulk 2"] {
        assert_eq!(gate.begun().await.password, expected);
    }
    let status = hasher.status();
    assert_eq!((status.running, status.waiting, status.waiting_bulk), (0, 0, 0));
    assert_eq!((status.completed, status.refused, status.abandoned), (6, 0, 0));
}

#[tokio::test]
async fn a_full_queue_is_busy_at_once_for_its_class_alone() {
    let (hasher, mut gate) = start(&options(1, 2));
    let bulk = hasher.bulk();
    let running = begin(&hasher, "running");
    gate.begun().await;
    let _waiting = [begin(&hasher, "1"), begin(&hasher, "2")];
    assert_busy(&refused(&hasher));
    let _waiting_bulk = [begin(&bulk, "bulk 1"), begin(&bulk, "bulk 2")];
    assert_busy(&refused(&bulk));
    assert_eq!(hasher.status().refused, 2);
    gate.open(5);
    assert!(!running.await.unwrap());
}

#[tokio::test]
async fn who_goes_makes_room_and_costs_nothing() {
    let (hasher, mut gate) = start(&options(1, 2));
    let running = begin(&hasher, "running");
    gate.begun().await;
    let gone = [begin(&hasher, "gone"), begin(&hasher, "gone too")];
    assert_busy(&refused(&hasher));
    drop(gone);
    let living = [begin(&hasher, "1"), begin(&hasher, "2")];
    assert_busy(&refused(&hasher));
    gate.open(3);
    assert!(!running.await.unwrap());
    for (living, password) in living.into_iter().zip(["1", "2"]) {
        assert!(!living.await.unwrap());
        assert_eq!(gate.begun().await.password, password);
    }
    let status = hasher.status();
    assert_eq!((status.abandoned, status.completed), (2, 3));
}

#[tokio::test]
async fn what_runs_when_its_caller_goes_is_finished_and_the_next_is_served() {
    let (hasher, mut gate) = start(&options(1, 1));
    let gone = begin(&hasher, "gone");
    gate.begun().await;
    drop(gone);
    gate.open(2);
    assert!(!verify(&hasher, "next", hasher.decoy()).await.unwrap());
    assert_eq!((hasher.status().completed, hasher.status().abandoned), (2, 0));
}

#[tokio::test]
async fn the_deadline_is_answered_while_all_threads_are_busy() {
    let (hasher, mut gate) = start(&options(2, 10));
    let bulk = hasher.bulk();
    let running = [begin(&hasher, "running"), begin(&hasher, "running")];
    gate.begun().await;
    gate.begun().await;
    let waiting = begin(&hasher, "waiting");
    let waiting_bulk = begin(&bulk, "waiting bulk");
    // From here on nothing but the clock moves.
    tokio::time::pause();
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    assert_busy(&waiting.await.unwrap_err());
    let status = hasher.status();
    assert_eq!((status.late, status.waiting, status.waiting_bulk), (1, 0, 1));
    tokio::time::advance(HOUR).await;
    assert_busy(&waiting_bulk.await.unwrap_err());
    assert_eq!((hasher.status().late, hasher.status().running), (2, 2));
    // What began in time is finished, however late it is by now.
    gate.open(2);
    for running in running {
        assert!(!running.await.unwrap());
    }
    assert_eq!(gate.more(), 0, "nothing that was late has run");
}

#[tokio::test]
async fn no_patience_at_all_is_busy_and_endless_patience_is_none() {
    for deadline in [Duration::ZERO, Duration::MAX] {
        let (hasher, gate) = start(&HasherOptions { deadline, ..options(1, 1) });
        gate.open(1);
        let verdict = verify(&hasher, "x", hasher.decoy()).await;
        if deadline.is_zero() {
            assert_busy(&verdict.unwrap_err());
            assert_eq!(hasher.status().late, 1);
        } else {
            assert!(!verdict.unwrap());
        }
    }
}

#[tokio::test]
async fn shutting_down_finishes_what_runs_and_refuses_the_rest() {
    let (hasher, mut gate) = start(&options(1, 10));
    let bulk = hasher.bulk();
    let running = begin(&hasher, "running");
    gate.begun().await;
    let waiting = [begin(&hasher, "waiting"), begin(&bulk, "waiting bulk")];
    let mut shutdown = Box::pin(hasher.shutdown());
    let polled = shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "a job runs still");
    for waiting in waiting {
        let error = waiting.await.unwrap_err();
        assert!(matches!(error, HashError::Stopped), "{error:?}");
    }
    assert!(matches!(refused(&hasher), HashError::Stopped));
    assert!(gate.kernel_lives());
    gate.open(1);
    assert!(!running.await.unwrap());
    shutdown.await;
    assert!(!gate.kernel_lives(), "the threads are gone, and all that they had");
    assert!(matches!(refused(&bulk), HashError::Stopped));
    assert!(hasher.status().stopped);
    hasher.shutdown().await;
}

#[tokio::test]
async fn dropping_the_last_hasher_ends_the_threads() {
    let (hasher, mut gate) = start(&options(3, 10));
    let bulk = hasher.bulk();
    let gone = begin(&hasher, "gone while it runs");
    gate.begun().await;
    drop(gone);
    gate.open(2);
    drop(hasher);
    assert!(!verify(&bulk, "served still", bulk.decoy()).await.unwrap());
    drop(bulk);
    assert!(!gate.kernel_lives());
}

#[tokio::test]
async fn a_panic_or_a_refusal_of_the_kernel_costs_no_thread() {
    let (hasher, gate) = start(&options(1, 1));
    gate.open(5);
    for _ in 0..2 {
        let error = verify(&hasher, kernel::PANICS, hasher.decoy()).await.unwrap_err();
        assert!(matches!(error, HashError::Panicked), "{error:?}");
        let error = verify(&hasher, kernel::REFUSED, hasher.decoy()).await.unwrap_err();
        assert!(matches!(&error, HashError::Algorithm(why) if why == "not this"), "{error:?}");
    }
    assert!(!verify(&hasher, "fine", hasher.decoy()).await.unwrap());
    assert_eq!(hasher.status().completed, 5);
}

#[tokio::test]
async fn a_hash_that_cannot_be_verified_reaches_no_thread() {
    let (hasher, _gate) = start(&options(1, 1));
    let tag = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let too_large = HasherOptions::LARGEST_STORED_KIB + 1;
    for text in [
        "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
        format!("$argon2id$v=19$m={too_large},t=1,p=1$c29tZXNhbHQ${tag}"),
    ] {
        let stored = HashedPassword::from_stored(text);
        let verdict = verify(&hasher, "password", &stored).await;
        assert!(verdict.as_ref().is_err_and(HashError::is_unverifiable), "{verdict:?}");
    }
    assert_eq!(hasher.status().completed, 0);
}
