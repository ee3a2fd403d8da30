//! Tests of threads and queue with jobs that wait for the test.

mod gate;

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::{HashProfile, JobCounts};
use gate::Gate;

use JobSize::{Fits, Large};

/// A deadline that passes only when a test advances the clock.
const HOUR: Duration = Duration::from_secs(3600);

fn options(threads: usize, queue: usize) -> HasherOptions {
    let number = |number| NonZeroUsize::new(number).unwrap();
    HasherOptions {
        profile: HashProfile::INSECURE_FOR_TESTS,
        threads: number(threads),
        queue: number(queue),
        deadline: HOUR,
        ..HasherOptions::default()
    }
}

fn start(threads: usize, queue: usize) -> (Pool, Gate) {
    (Pool::start(&options(threads, queue)).unwrap(), Gate::new())
}

fn kind(size: JobSize) -> JobKind {
    JobKind { size, family: "argon2" }
}

fn counts(pool: &Pool) -> JobCounts {
    pool.status().jobs[&("normal", "argon2")]
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), HashError>> + Send + 'a>>;

/// A named job that waits at the gate.
fn job<'a>(pool: &'a Pool, gate: &Gate, name: &'static str) -> Running<'a> {
    let pass = gate.pass(name);
    Box::pin(pool.run(kind(Fits), move |_| {
        pass();
        Ok(())
    }))
}

fn poll(running: &mut Running<'_>) -> Poll<Result<(), HashError>> {
    running.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Puts a job into the queue.
fn begin<'a>(pool: &'a Pool, gate: &Gate, name: &'static str) -> Running<'a> {
    let mut running = job(pool, gate, name);
    assert!(poll(&mut running).is_pending());
    running
}

/// The error of a job that is refused at once.
fn refused(pool: &Pool, gate: &Gate) -> HashError {
    match poll(&mut job(pool, gate, "refused")) {
        Poll::Ready(Err(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

fn assert_busy(error: &HashError) {
    let HashError::Busy { retry_after } = error else { panic!("{error:?}") };
    assert_eq!(retry_after.as_secs(), 1);
}

#[tokio::test]
async fn jobs_run_in_the_order_of_arrival() {
    let (pool, mut gate) = start(1, 10);
    let mut all = vec![begin(&pool, &gate, "running")];
    assert_eq!(gate.begun().await, "running");
    for name in ["1", "2", "3"] {
        all.push(begin(&pool, &gate, name));
    }
    let status = pool.status();
    assert_eq!((status.running, status.waiting), (1, 3));
    gate.open(4);
    for running in all {
        running.await.unwrap();
    }
    for expected in ["1", "2", "3"] {
        assert_eq!(gate.begun().await, expected);
    }
    let status = pool.status();
    assert_eq!((status.running, status.waiting), (0, 0));
    let counts = counts(&pool);
    assert_eq!((counts.completed, counts.refused, counts.abandoned), (4, 0, 0));
    assert!(!counts.wait_time.is_zero() && !counts.run_time.is_zero());
}

#[tokio::test]
async fn a_full_queue_refuses_jobs() {
    let (pool, mut gate) = start(1, 2);
    let running = begin(&pool, &gate, "running");
    gate.begun().await;
    let _waiting = ["1", "2"].map(|name| begin(&pool, &gate, name));
    assert_busy(&refused(&pool, &gate));
    assert_eq!(counts(&pool).refused, 1);
    gate.open(3);
    running.await.unwrap();
}

#[tokio::test]
async fn an_abandoned_job_frees_its_slot_and_is_not_run() {
    let (pool, mut gate) = start(1, 2);
    let running = begin(&pool, &gate, "running");
    gate.begun().await;
    let gone = ["gone", "gone too"].map(|name| begin(&pool, &gate, name));
    assert_busy(&refused(&pool, &gate));
    drop(gone);
    let waiting = ["1", "2"].map(|name| begin(&pool, &gate, name));
    assert_busy(&refused(&pool, &gate));
    gate.open(3);
    running.await.unwrap();
    for (waiting, name) in waiting.into_iter().zip(["1", "2"]) {
        waiting.await.unwrap();
        assert_eq!(gate.begun().await, name);
    }
    assert_eq!((counts(&pool).abandoned, counts(&pool).completed), (2, 3));
}

#[tokio::test]
async fn a_running_job_that_is_abandoned_is_finished() {
    let (pool, mut gate) = start(1, 1);
    let gone = begin(&pool, &gate, "gone");
    gate.begun().await;
    drop(gone);
    gate.open(2);
    job(&pool, &gate, "next").await.unwrap();
    assert_eq!((counts(&pool).completed, counts(&pool).abandoned), (2, 0));
}

#[tokio::test]
async fn a_job_fails_at_its_deadline_while_all_threads_are_busy() {
    let (pool, mut gate) = start(2, 10);
    let running = [(); 2].map(|()| begin(&pool, &gate, "running"));
    gate.begun().await;
    gate.begun().await;
    let waiting = begin(&pool, &gate, "waiting");
    tokio::time::pause();
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    assert_busy(&waiting.await.unwrap_err());
    let status = pool.status();
    assert_eq!((counts(&pool).late, status.waiting, status.running), (1, 0, 2));
    // Jobs that started before their deadline are finished.
    gate.open(2);
    for running in running {
        running.await.unwrap();
    }
    assert_eq!(gate.more(), 0, "no late job has run");
}

#[tokio::test]
async fn a_deadline_of_zero_fails_and_an_unlimited_one_does_not() {
    for deadline in [Duration::ZERO, Duration::MAX] {
        let pool = Pool::start(&HasherOptions { deadline, ..options(1, 1) }).unwrap();
        let result = pool.run(kind(Fits), |_| Ok(())).await;
        if deadline.is_zero() {
            assert_busy(&result.unwrap_err());
            assert_eq!(counts(&pool).late, 1);
        } else {
            result.unwrap();
        }
    }
}

#[tokio::test]
async fn shutdown_finishes_running_jobs_and_refuses_others() {
    let (pool, mut gate) = start(1, 10);
    let running = begin(&pool, &gate, "running");
    gate.begun().await;
    let waiting = ["1", "2"].map(|name| begin(&pool, &gate, name));
    let mut shutdown = Box::pin(pool.shutdown());
    let polled = shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "a job still runs");
    for waiting in waiting {
        let error = waiting.await.unwrap_err();
        assert!(matches!(error, HashError::Stopped), "{error:?}");
    }
    assert!(matches!(refused(&pool, &gate), HashError::Stopped));
    gate.open(1);
    running.await.unwrap();
    shutdown.await;
    assert_eq!(pool.alive.receiver_count(), 0, "the threads have freed their memory");
    assert!(matches!(refused(&pool, &gate), HashError::Stopped));
    pool.shutdown().await;
}

#[tokio::test]
async fn dropping_the_pool_ends_the_threads() {
    let (pool, mut gate) = start(3, 10);
    let gone = begin(&pool, &gate, "gone while it runs");
    gate.begun().await;
    drop(gone);
    gate.open(1);
    let queue = Arc::clone(&pool.queue);
    drop(pool);
    assert_eq!(Arc::strong_count(&queue), 1);
    assert_eq!(queue.status().jobs[&("normal", "argon2")].completed, 1);
}

#[tokio::test]
async fn a_panic_or_an_error_does_not_end_a_thread() {
    let pool = Pool::start(&options(2, 1)).unwrap();
    for size in [Fits, Large] {
        for _ in 0..3 {
            let panicked = pool.run(kind(size), |_| -> Result<(), _> { panic!("a bug") });
            let error = panicked.await.unwrap_err();
            assert!(matches!(error, HashError::Panicked), "{error:?}");
            let failed = pool.run(kind(size), |_| Err::<(), _>(HashError::algorithm("no")));
            let error = failed.await.unwrap_err();
            assert!(matches!(&error, HashError::Algorithm(why) if why == "no"), "{error:?}");
        }
        pool.run(kind(size), |_| Ok(())).await.unwrap();
    }
    let jobs = pool.status().jobs;
    assert_eq!(jobs.values().map(|counts| counts.completed).collect::<Vec<_>>(), [7, 7]);
}

#[tokio::test]
async fn an_idle_thread_wipes_its_arena() {
    let pool = Pool::start(&options(1, 1)).unwrap();
    let profile = HashProfile::INSECURE_FOR_TESTS;
    pool.run(kind(Fits), move |worker| {
        let (password, peppers) = (crate::Plaintext::from("x"), crate::Peppers::none());
        let salt = [7; 16];
        let hash =
            crate::hash::phc::Argon2Hash::compute(worker, profile, &password, &salt, &peppers);
        assert_eq!(worker.left(), 8);
        hash.map(drop)
    })
    .await
    .unwrap();
    // The thread may take the next job before it becomes idle.
    while pool.run(kind(Fits), |worker| Ok(worker.left())).await.unwrap() > 0 {}
}
