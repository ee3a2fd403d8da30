use super::*;

use JobClass::{Bulk, Interactive};
use JobSize::{Fits, Large, Usual};

const BOUNDS: Bounds =
    Bounds { threads: 1, interactive: 100, bulk: 100, brief: Duration::from_millis(50) };

fn queue(bounds: Bounds) -> Queue<String> {
    Queue::new(bounds)
}

impl Queue<String> {
    fn add(&self, class: JobClass, size: JobSize, name: &str) -> Ticket {
        self.push(class, size, None, name.to_owned()).unwrap()
    }

    /// Takes the next job without waiting for one.
    fn begin(&self) -> Option<Turn<String>> {
        self.lock().next(&self.bounds)
    }

    /// Runs all that wait, one after the other.
    fn run_all(&self) -> Vec<String> {
        let run = |turn: Turn<String>| {
            self.ran(turn.size, Duration::from_millis(1));
            turn.job
        };
        std::iter::from_fn(|| self.begin().map(run)).collect()
    }
}

#[test]
fn first_come_first_served_whatever_the_size() {
    let queue = queue(BOUNDS);
    for (name, size) in [("a", Fits), ("b", Large), ("c", Large), ("d", Fits), ("e", Large)] {
        queue.add(Interactive, size, name);
    }
    assert_eq!(queue.run_all(), ["a", "b", "c", "d", "e"]);
}

#[test]
fn interactive_jobs_go_first_and_bulk_has_every_sixteenth_turn() {
    let queue = queue(BOUNDS);
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
fn while_a_large_job_runs_others_of_its_size_stand_aside() {
    let queue = queue(Bounds { threads: 3, ..BOUNDS });
    queue.add(Interactive, Large, "large 1");
    queue.add(Interactive, Large, "large 2");
    queue.add(Bulk, Large, "large 3");
    queue.add(Interactive, Fits, "small");
    let first = queue.begin().unwrap();
    assert_eq!(first.job, "large 1");
    assert_eq!(queue.begin().unwrap().job, "small");
    assert!(queue.begin().is_none());
    queue.ran(first.size, Duration::ZERO);
    assert_eq!(queue.begin().unwrap().job, "large 2");
    assert!(queue.begin().is_none());
}

#[test]
fn what_a_free_thread_takes_at_once_needs_no_place() {
    let queue = queue(Bounds { threads: 2, interactive: 1, bulk: 1, ..BOUNDS });
    let push = |class, size| queue.push(class, size, None, String::new());
    for _ in 0..3 {
        assert!(push(Interactive, Fits).is_ok());
    }
    assert!(matches!(push(Interactive, Fits), Err(Refused::Full { .. })));
    // The threads are the interactive jobs', so there is one place.
    assert!(push(Bulk, Fits).is_ok());
    assert!(matches!(push(Bulk, Fits), Err(Refused::Full { .. })));
    let turns: Vec<_> = std::iter::from_fn(|| queue.begin()).take(2).collect();
    assert!(matches!(push(Interactive, Fits), Err(Refused::Full { .. })));
    for turn in turns {
        queue.ran(turn.size, Duration::ZERO);
    }
    assert!(push(Interactive, Fits).is_ok());
    assert_eq!(queue.status().refused, 3);
}

#[test]
fn large_jobs_that_wait_for_each_other_keep_nobody_out() {
    let queue = queue(Bounds { threads: 2, interactive: 2, bulk: 1, ..BOUNDS });
    let push = |size| queue.push(Interactive, size, None, String::new());
    let mut taken = Vec::new();
    for _ in 0..3 {
        assert!(push(Large).is_ok());
        taken.extend(queue.begin());
    }
    assert_eq!(taken.len(), 1);
    assert!(matches!(push(Large), Err(Refused::Full { .. })));
    assert!(push(Fits).is_ok());
}

#[test]
fn who_leaves_makes_room_and_is_given_back_once() {
    let queue = queue(Bounds { threads: 1, interactive: 1, bulk: 1, ..BOUNDS });
    queue.add(Interactive, Fits, "runs");
    let turn = queue.begin().unwrap();
    let ticket = queue.add(Interactive, Fits, "leaves");
    assert!(queue.push(Interactive, Fits, None, String::new()).is_err());
    assert_eq!(queue.leave(ticket, Departure::Abandoned).as_deref(), Some("leaves"));
    assert_eq!(queue.leave(ticket, Departure::Late), None);
    queue.add(Interactive, Fits, "comes");
    queue.ran(turn.size, Duration::ZERO);
    assert_eq!(queue.run_all(), ["comes"]);
    let status = queue.status();
    assert_eq!((status.abandoned, status.late, status.completed), (1, 0, 2));
}

#[test]
fn a_job_whose_turn_has_come_cannot_leave() {
    let queue = queue(BOUNDS);
    let ticket = queue.add(Bulk, Large, "a");
    assert!(queue.begin().is_some());
    assert_eq!(queue.leave(ticket, Departure::Late), None);
    assert_eq!(queue.status().late, 0);
}

#[test]
fn half_of_the_places_are_not_for_newcomers() {
    for (places, most) in [(1, 1), (2, 1), (3, 2), (100, 50)] {
        let queue = queue(Bounds { interactive: places, ..BOUNDS });
        for _ in 0..most {
            assert_eq!(queue.crowded(Interactive), None, "{places}");
            queue.add(Interactive, Fits, "waits");
        }
        assert!(queue.crowded(Interactive).is_some(), "{places}");
        assert_eq!(queue.crowded(Bulk), None, "each class has its own");
        queue.run_all();
        assert_eq!(queue.crowded(Interactive), None, "{places}");
    }
}

#[test]
fn the_hint_follows_what_waits_within_bounds() {
    let queue = queue(Bounds { threads: 2, ..BOUNDS });
    let seconds = |class| queue.retry_after(class).as_secs_f64();
    assert_eq!(seconds(Interactive), 1.0, "nothing is known yet");
    queue.add(Interactive, Fits, "a");
    let turn = queue.begin().unwrap();
    queue.ran(turn.size, Duration::from_secs(2));
    assert_eq!(seconds(Interactive), 1.0, "nothing waits");
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
fn the_mean_follows_slowly() {
    let queue = queue(BOUNDS);
    queue.add(Interactive, Fits, "a");
    queue.add(Interactive, Fits, "b");
    for took in [Duration::from_millis(80), Duration::from_millis(160)] {
        let turn = queue.begin().unwrap();
        queue.ran(turn.size, took);
    }
    assert_eq!(queue.status().mean, Some(Duration::from_millis(90)));
}

#[test]
fn when_it_stops_what_waits_is_given_back_and_nobody_comes_in() {
    let queue = queue(BOUNDS);
    queue.add(Bulk, Fits, "bulk");
    queue.add(Interactive, Large, "large");
    queue.add(Interactive, Fits, "small");
    let mut waiting = queue.stop();
    waiting.sort();
    assert_eq!(waiting, ["bulk", "large", "small"]);
    assert!(queue.next().is_none());
    assert_eq!(queue.push(Interactive, Fits, None, String::new()).err(), Some(Refused::Stopped));
    assert!(queue.stop().is_empty());
    assert!(queue.status().stopped);
}

#[test]
fn answers_may_wait_for_a_brief_job_while_four_interactive_ones_wait_for_each_thread() {
    let may_wait = |size, takes, waiting| {
        let queue = queue(Bounds { threads: 2, ..BOUNDS });
        queue.add(Interactive, Usual, "told how long they take");
        queue.ran(queue.begin().unwrap().size, Duration::from_millis(takes));
        queue.add(Interactive, size, "next");
        for _ in 0..waiting {
            queue.add(Interactive, Fits, "interactive");
            queue.add(Bulk, Usual, "bulk");
        }
        queue.begin().unwrap().answers_may_wait
    };
    assert!(may_wait(Usual, 50, 8));
    assert!(!may_wait(Usual, 50, 7), "few wait, and an import");
    assert!(!may_wait(Usual, 51, 8), "they take long");
    for size in [Fits, Large] {
        assert!(!may_wait(size, 50, 8), "it may take long");
    }
}
