use super::*;

use JobSize::{Fits, Large};
use Priority::{Bulk, Interactive};

/// Limits with numbers of threads and of slots in each lane.
fn limits(threads: usize, interactive: usize, bulk: usize) -> Limits {
    let lane = |slots| LaneLimits { slots, deadline: Duration::ZERO };
    Limits { threads, interactive: lane(interactive), bulk: lane(bulk) }
}

fn queue(threads: usize, interactive: usize, bulk: usize) -> Queue<String> {
    Queue::new(limits(threads, interactive, bulk))
}

impl Queue<String> {
    fn add(&self, priority: Priority, size: JobSize, name: &str) -> Slot {
        self.push(priority, size, None, name.to_owned()).unwrap()
    }

    /// Takes the next job without waiting for one.
    fn begin(&self) -> Option<QueuedJob<String>> {
        self.lock().next()
    }

    /// Runs all waiting jobs in order.
    fn run_all(&self) -> Vec<String> {
        let run = |queued: QueuedJob<String>| {
            self.completed(queued.size, Duration::from_millis(1));
            queued.job
        };
        std::iter::from_fn(|| self.begin().map(run)).collect()
    }
}

#[test]
fn jobs_of_all_sizes_run_in_the_order_of_arrival() {
    let queue = queue(1, 100, 100);
    for (name, size) in [("a", Fits), ("b", Large), ("c", Large), ("d", Fits), ("e", Large)] {
        queue.add(Interactive, size, name);
    }
    assert_eq!(queue.run_all(), ["a", "b", "c", "d", "e"]);
}

#[test]
fn interactive_jobs_run_first_and_every_sixteenth_job_is_bulk() {
    let queue = queue(1, 100, 100);
    for number in 0..3 {
        queue.add(Bulk, Fits, &format!("bulk {number}"));
    }
    for number in 0..40 {
        queue.add(Interactive, Fits, &format!("{number}"));
    }
    let order = queue.run_all();
    let at = |name: &str| order.iter().position(|job| job == name).unwrap();
    assert_eq!([at("bulk 0"), at("bulk 1"), at("bulk 2")], [15, 31, 42]);
    assert_eq!([at("0"), at("14"), at("15"), at("39")], [0, 14, 16, 41]);
}

#[test]
fn jobs_that_ran_while_no_bulk_job_waited_do_not_count() {
    let queue = queue(1, 100, 100);
    for _ in 0..20 {
        queue.add(Interactive, Fits, "earlier");
    }
    queue.run_all();
    queue.add(Bulk, Fits, "bulk");
    queue.add(Interactive, Fits, "interactive");
    assert_eq!(queue.run_all(), ["interactive", "bulk"]);
}

#[test]
fn one_large_job_runs_at_a_time() {
    let queue = queue(3, 100, 100);
    queue.add(Interactive, Large, "large 1");
    queue.add(Interactive, Large, "large 2");
    queue.add(Bulk, Large, "large 3");
    queue.add(Interactive, Fits, "small");
    let first = queue.begin().unwrap();
    assert_eq!(first.job, "large 1");
    assert_eq!(queue.begin().unwrap().job, "small");
    assert!(queue.begin().is_none());
    queue.completed(first.size, Duration::ZERO);
    assert_eq!(queue.begin().unwrap().job, "large 2");
    assert!(queue.begin().is_none());
}

#[test]
fn a_job_for_an_idle_thread_needs_no_slot() {
    let queue = queue(2, 1, 1);
    let push = |priority, size| queue.push(priority, size, None, String::new());
    for _ in 0..3 {
        assert!(push(Interactive, Fits).is_ok());
    }
    assert!(matches!(push(Interactive, Fits), Err(HashError::Busy { .. })));
    // Both threads are taken by interactive jobs, so one slot is free.
    assert!(push(Bulk, Fits).is_ok());
    assert!(matches!(push(Bulk, Fits), Err(HashError::Busy { .. })));
    let running: Vec<_> = std::iter::from_fn(|| queue.begin()).take(2).collect();
    assert!(matches!(push(Interactive, Fits), Err(HashError::Busy { .. })));
    for queued in running {
        queue.completed(queued.size, Duration::ZERO);
    }
    assert!(push(Interactive, Fits).is_ok());
    assert_eq!(queue.status().refused, 3);
}

#[test]
fn large_jobs_that_wait_for_each_other_do_not_block_others() {
    let queue = queue(2, 2, 1);
    let push = |size| queue.push(Interactive, size, None, String::new());
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
        let queue = queue(1, 1, 1);
        for _ in 0..busy_threads {
            queue.add(Interactive, Fits, "runs");
            assert!(queue.begin().is_some());
        }
        let push = || queue.push(Interactive, Large, None, String::new()).is_ok();
        assert_eq!([(); 4].map(|()| push()).into_iter().filter(|ok| *ok).count(), admitted);
    }
}

#[test]
fn a_job_that_is_taken_too_late_is_counted_and_frees_its_thread() {
    let queue = queue(1, 100, 100);
    for late in 1..=2 {
        queue.add(Interactive, Large, "late");
        let taken = queue.begin().unwrap();
        queue.expired(taken.size);
        let status = queue.status();
        assert_eq!((status.late, status.running, status.completed), (late, 0, 0));
    }
}

#[test]
fn a_canceled_job_frees_its_slot_and_is_returned_once() {
    let queue = queue(1, 1, 1);
    queue.add(Interactive, Fits, "runs");
    let running = queue.begin().unwrap();
    let slot = queue.add(Interactive, Fits, "leaves");
    assert!(queue.push(Interactive, Fits, None, String::new()).is_err());
    assert_eq!(queue.cancel(slot, Cancellation::Abandoned).as_deref(), Some("leaves"));
    assert_eq!(queue.cancel(slot, Cancellation::Late), None);
    queue.add(Interactive, Fits, "comes");
    queue.completed(running.size, Duration::ZERO);
    assert_eq!(queue.run_all(), ["comes"]);
    let status = queue.status();
    assert_eq!((status.abandoned, status.late, status.completed), (1, 0, 2));
}

#[test]
fn a_running_job_cannot_be_canceled() {
    let queue = queue(1, 100, 100);
    let slot = queue.add(Bulk, Large, "a");
    assert!(queue.begin().is_some());
    assert_eq!(queue.cancel(slot, Cancellation::Late), None);
    assert_eq!(queue.status().late, 0);
}

#[test]
fn the_retry_delay_grows_with_the_queue_within_bounds() {
    let queue = queue(2, 100, 100);
    let seconds = |priority| match queue.busy(priority) {
        HashError::Busy { retry_after } => retry_after.as_secs_f64(),
        other => panic!("{other:?}"),
    };
    assert_eq!(seconds(Interactive), 1.0, "no job has run yet");
    queue.add(Interactive, Fits, "a");
    let running = queue.begin().unwrap();
    queue.completed(running.size, Duration::from_secs(2));
    assert_eq!(seconds(Interactive), 1.0, "no job waits");
    for _ in 0..4 {
        queue.add(Interactive, Fits, "b");
        queue.add(Bulk, Fits, "c");
    }
    assert_eq!(seconds(Interactive), 4.0);
    assert_eq!(seconds(Bulk), 8.0);
    for _ in 0..90 {
        queue.add(Bulk, Fits, "c");
    }
    assert_eq!(seconds(Bulk), 30.0);
}

#[test]
fn the_mean_is_a_moving_average() {
    let queue = queue(1, 100, 100);
    queue.add(Interactive, Fits, "a");
    queue.add(Interactive, Fits, "b");
    for took in [Duration::from_millis(80), Duration::from_millis(160)] {
        let running = queue.begin().unwrap();
        queue.completed(running.size, took);
    }
    assert_eq!(queue.status().mean, Some(Duration::from_millis(90)));
}

#[test]
fn a_stopped_queue_returns_waiting_jobs_and_refuses_new_ones() {
    let queue = queue(1, 100, 100);
    queue.add(Bulk, Fits, "bulk");
    queue.add(Interactive, Large, "large");
    queue.add(Interactive, Fits, "small");
    let mut waiting = queue.stop();
    waiting.sort();
    assert_eq!(waiting, ["bulk", "large", "small"]);
    assert!(queue.next(|| {}).is_none());
    let refused = queue.push(Interactive, Fits, None, String::new());
    assert!(matches!(refused, Err(HashError::Stopped)));
    assert!(queue.stop().is_empty());
    assert!(queue.status().stopped);
}

#[test]
fn on_idle_is_called_once_and_only_before_waiting() {
    let queue = queue(1, 100, 100);
    queue.add(Interactive, Fits, "waits");
    assert_eq!(queue.next(|| panic!("a job waits")).unwrap().job, "waits");
    let next = queue.next(|| _ = queue.add(Interactive, Fits, "comes meanwhile"));
    assert_eq!(next.unwrap().job, "comes meanwhile");
}
