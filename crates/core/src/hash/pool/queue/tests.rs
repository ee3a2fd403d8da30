use super::*;

use JobSize::{Fits, Large};

fn queue(threads: usize, slots: usize) -> Queue<String> {
    Queue::new(Limits { threads, slots, deadline: Duration::ZERO })
}

fn kind(size: JobSize) -> JobKind {
    JobKind { size, family: "argon2" }
}

impl Queue<String> {
    fn add(&self, size: JobSize, name: &str) -> Slot {
        self.push(kind(size), None, name.to_owned()).unwrap()
    }

    fn counts(&self, class: &'static str) -> JobCounts {
        self.status().jobs[&(class, "argon2")]
    }

    /// Takes the next job without waiting for one.
    fn begin(&self) -> Option<QueuedJob<String>> {
        self.lock().next()
    }

    /// Runs all waiting jobs in order.
    fn run_all(&self) -> Vec<String> {
        let run = |queued: QueuedJob<String>| {
            self.completed(queued.kind, Duration::from_millis(1));
            queued.job
        };
        std::iter::from_fn(|| self.begin().map(run)).collect()
    }
}

#[test]
fn jobs_of_all_sizes_run_in_the_order_of_arrival() {
    let queue = queue(1, 100);
    for (name, size) in [("a", Fits), ("b", Large), ("c", Large), ("d", Fits), ("e", Large)] {
        queue.add(size, name);
    }
    assert_eq!(queue.run_all(), ["a", "b", "c", "d", "e"]);
}

#[test]
fn one_large_job_runs_at_a_time() {
    let queue = queue(3, 100);
    queue.add(Large, "large 1");
    queue.add(Large, "large 2");
    queue.add(Large, "large 3");
    queue.add(Fits, "small");
    let first = queue.begin().unwrap();
    assert_eq!(first.job, "large 1");
    assert_eq!(queue.begin().unwrap().job, "small");
    assert!(queue.begin().is_none());
    queue.completed(first.kind, Duration::ZERO);
    assert_eq!(queue.begin().unwrap().job, "large 2");
    assert!(queue.begin().is_none());
}

#[test]
fn a_job_for_an_idle_thread_needs_no_slot() {
    let queue = queue(2, 1);
    let push = |size| queue.push(kind(size), None, String::new());
    for _ in 0..3 {
        assert!(push(Fits).is_ok());
    }
    assert!(matches!(push(Fits), Err(HashError::Busy { .. })));
    let running: Vec<_> = std::iter::from_fn(|| queue.begin()).take(2).collect();
    assert!(matches!(push(Fits), Err(HashError::Busy { .. })));
    for queued in running {
        queue.completed(queued.kind, Duration::ZERO);
    }
    assert!(push(Fits).is_ok());
    assert_eq!(queue.counts("normal").refused, 2);
}

#[test]
fn large_jobs_that_wait_for_each_other_do_not_block_others() {
    let queue = queue(2, 2);
    let push = |size| queue.push(kind(size), None, String::new());
    let mut taken = Vec::new();
    for _ in 0..3 {
        assert!(push(Large).is_ok());
        taken.extend(queue.begin());
    }
    assert_eq!(taken.len(), 1);
    assert!(matches!(push(Large), Err(HashError::Busy { .. })));
    assert!(push(Fits).is_ok());
}

#[test]
fn a_large_job_for_an_idle_thread_needs_no_slot() {
    for (busy_threads, admitted) in [(0, 2), (1, 1)] {
        let queue = queue(1, 1);
        for _ in 0..busy_threads {
            queue.add(Fits, "runs");
            assert!(queue.begin().is_some());
        }
        let push = || queue.push(kind(Large), None, String::new()).is_ok();
        assert_eq!([(); 4].map(|()| push()).into_iter().filter(|ok| *ok).count(), admitted);
    }
}

#[test]
fn a_job_that_is_taken_too_late_is_counted_and_frees_its_thread() {
    let queue = queue(1, 100);
    for late in 1..=2 {
        queue.add(Large, "late");
        let taken = queue.begin().unwrap();
        queue.expired(taken.kind);
        let counts = queue.counts("large");
        assert_eq!((counts.late, counts.completed, queue.status().running), (late, 0, 0));
    }
}

#[test]
fn a_canceled_job_frees_its_slot_and_is_returned_once() {
    let queue = queue(1, 1);
    queue.add(Fits, "runs");
    let running = queue.begin().unwrap();
    let slot = queue.add(Fits, "leaves");
    assert!(queue.push(kind(Fits), None, String::new()).is_err());
    assert_eq!(queue.cancel(slot, Cancellation::Abandoned).as_deref(), Some("leaves"));
    assert_eq!(queue.cancel(slot, Cancellation::Late), None);
    queue.add(Fits, "comes");
    queue.completed(running.kind, Duration::ZERO);
    assert_eq!(queue.run_all(), ["comes"]);
    let counts = queue.counts("normal");
    assert_eq!((counts.abandoned, counts.late, counts.completed), (1, 0, 2));
}

#[test]
fn a_running_job_cannot_be_canceled() {
    let queue = queue(1, 100);
    let slot = queue.add(Large, "a");
    assert!(queue.begin().is_some());
    assert_eq!(queue.cancel(slot, Cancellation::Late), None);
    assert_eq!(queue.counts("large").late, 0);
}

#[test]
fn jobs_are_counted_by_class_and_family() {
    let queue = queue(1, 100);
    for (size, family) in [(Fits, "argon2"), (Large, "argon2"), (Large, "scrypt"), (Fits, "argon2")]
    {
        queue.push(JobKind { size, family }, None, String::new()).unwrap();
    }
    queue.run_all();
    let jobs = queue.status().jobs;
    let ran: Vec<_> = jobs.iter().map(|(kind, own)| (*kind, own.completed, own.run_time)).collect();
    let ms = Duration::from_millis;
    assert_eq!(
        ran,
        [
            (("large", "argon2"), 1, ms(1)),
            (("large", "scrypt"), 1, ms(1)),
            (("normal", "argon2"), 2, ms(2)),
        ]
    );
}

#[test]
fn a_stopped_queue_returns_waiting_jobs_and_refuses_new_ones() {
    let queue = queue(1, 100);
    queue.add(Fits, "first");
    queue.add(Large, "large");
    queue.add(Fits, "small");
    let mut waiting = queue.stop();
    waiting.sort();
    assert_eq!(waiting, ["first", "large", "small"]);
    assert!(queue.next(|| {}).is_none());
    let refused = queue.push(kind(Fits), None, String::new());
    assert!(matches!(refused, Err(HashError::Stopped)));
    assert!(queue.stop().is_empty());
}

#[test]
fn on_idle_is_called_once_and_only_before_waiting() {
    let queue = queue(1, 100);
    queue.add(Fits, "waits");
    assert_eq!(queue.next(|| panic!("a job waits")).unwrap().job, "waits");
    let next = queue.next(|| _ = queue.add(Fits, "comes meanwhile"));
    assert_eq!(next.unwrap().job, "comes meanwhile");
}
