//! Threads that hash, with a bounded queue in front of them.

mod bench;
mod queue;
mod task;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout_at;

pub(super) use self::bench::{Bench, KernelBench};
use self::queue::{BURST, Bounds, Departure, Queue, Refused, Ticket};
pub(super) use self::queue::{JobClass, JobSize};
use self::task::{Pending, Task};
use super::kernel::Argon2Kernel;
use super::status::HasherStatus;
use super::{HashError, HasherOptions};

/// No answer waits for hashes that take longer: that would gain little, and delay much.
const BRIEF: Duration = Duration::from_millis(50);

type Answer<T> = Result<T, HashError>;
type Jobs = Queue<Box<dyn Task>>;

/// Threads, each with an arena, and the queue that they work off.
pub(super) struct Pool {
    jobs: Arc<Jobs>,
    threads: Vec<JoinHandle<()>>,
    /// Each thread holds a receiver for as long as it has its memory.
    at_work: watch::Sender<()>,
    deadline: Duration,
    bulk_deadline: Duration,
}

impl Pool {
    /// Starts the threads, and returns when each has its memory.
    pub(super) fn start<K: Argon2Kernel>(options: &HasherOptions, kernel: K) -> Answer<Self> {
        let bounds = Bounds {
            threads: options.threads.get(),
            interactive: options.queue.get(),
            bulk: options.bulk_queue.get(),
            brief: BRIEF,
        };
        // When not all can be started, dropping it ends those that were.
        let mut pool = Self {
            jobs: Arc::new(Queue::new(bounds)),
            threads: Vec::with_capacity(bounds.threads),
            at_work: watch::Sender::new(()),
            deadline: options.deadline,
            bulk_deadline: options.bulk_deadline,
        };
        let kernel = Arc::new(kernel);
        let blocks = options.arena_blocks();
        let (tell, started) = mpsc::channel();
        for number in 0..bounds.threads {
            let (jobs, kernel, tell) = (Arc::clone(&pool.jobs), Arc::clone(&kernel), tell.clone());
            let at_work = pool.at_work.subscribe();
            // The thread that will use the memory is the first to touch it, so that it lies near the
            // thread's core.
            let work = move || {
                match KernelBench::new(kernel, blocks) {
                    Err(error) => drop(tell.send(Err(error))),
                    Ok(mut bench) => {
                        // The starter waits for it, so there is somebody to hear.
                        drop(tell.send(Ok(())));
                        drop(tell);
                        work_off(&jobs, &mut bench);
                    }
                }
                drop(at_work);
            };
            let thread = std::thread::Builder::new().name(format!("hash-{number}")).spawn(work);
            pool.threads.push(thread.map_err(HashError::Thread)?);
        }
        drop(tell);
        started.into_iter().collect::<Answer<()>>()?;
        Ok(pool)
    }

    /// Has `compute` done by a thread when its turn comes, and gives what comes of it.
    ///
    /// When this future is dropped, the job leaves the queue at once; one that runs already runs to
    /// its end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        class: JobClass,
        size: JobSize,
        compute: impl FnOnce(&mut dyn Bench) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let patience = match class {
            JobClass::Interactive => self.deadline,
            JobClass::Bulk => self.bulk_deadline,
        };
        // A deadline past the end of time is none.
        let deadline = tokio::time::Instant::now().checked_add(patience);
        let start_before = deadline.map(tokio::time::Instant::into_std);
        let (job, mut answer) = Pending::new(compute);
        let ticket = self.jobs.push(class, size, start_before, Box::new(job))?;
        let place = Place { jobs: &self.jobs, ticket };
        let answered = match deadline {
            None => answer.await,
            Some(deadline) => match timeout_at(deadline, &mut answer).await {
                Ok(answered) => answered,
                Err(_) if place.leave(Departure::Late) => {
                    return Err(HashError::Busy { retry_after: self.jobs.retry_after(class) });
                }
                // It began in time, and will be done.
                Err(_) => answer.await,
            },
        };
        answered.unwrap_or(Err(HashError::Stopped))
    }

    /// Refuses what waits and all that comes, and returns when the threads have finished what runs
    /// and given back their memory.
    pub(super) async fn shutdown(&self) {
        self.refuse();
        self.at_work.closed().await;
    }

    /// After how long a newcomer should come again, when there are too many.
    pub(super) fn crowded(&self, class: JobClass) -> Option<Duration> {
        self.jobs.crowded(class)
    }

    pub(super) fn status(&self) -> HasherStatus {
        self.jobs.status()
    }

    fn refuse(&self) {
        for job in self.jobs.stop() {
            job.refuse(HashError::Stopped);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.refuse();
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so; there is nothing more to do about it.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl From<Refused> for HashError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full { retry_after } => Self::Busy { retry_after },
            Refused::Stopped => Self::Stopped,
        }
    }
}

/// A place in the queue that is given up with the future that waits in it.
struct Place<'a> {
    jobs: &'a Jobs,
    ticket: Ticket,
}

impl Place<'_> {
    /// Whether the job waited still.
    fn leave(&self, why: Departure) -> bool {
        self.jobs.leave(self.ticket, why).is_some()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave(Departure::Abandoned);
    }
}

/// What a thread does until the queue is stopped.
fn work_off(jobs: &Jobs, bench: &mut dyn Bench) {
    let mut answers: Vec<Box<dyn FnOnce()>> = Vec::with_capacity(BURST);
    loop {
        let next = jobs.next_at_once();
        let may_wait = next.as_ref().is_some_and(|turn| turn.answers_may_wait);
        if !may_wait || answers.len() >= BURST {
            answers.drain(..).for_each(|answer| answer());
        }
        let next = next.or_else(|| {
            bench.wipe();
            jobs.next()
        });
        let Some(turn) = next else { return };
        let begun = Instant::now();
        if turn.start_before.is_some_and(|at| begun > at) {
            // Whoever waits has its own timer; this is for when that is late itself.
            jobs.skipped(turn.size);
            let retry_after = jobs.retry_after(turn.class);
            turn.job.refuse(HashError::Busy { retry_after });
            continue;
        }
        let answer = turn.job.run(bench);
        // Before the answer, so that whoever hears of it finds the thread free.
        jobs.ran(turn.size, begun.elapsed());
        answers.push(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::oneshot::Receiver;

    use super::*;
    use crate::hash::kernel::{Argon2Inputs, Argon2Parameters};

    /// Tells what is done at it.
    struct Told(Arc<Mutex<Vec<&'static str>>>);

    impl Bench for Told {
        fn compute(
            &mut self,
            _: &Argon2Parameters,
            _: &Argon2Inputs<'_>,
            _: &mut [u8],
        ) -> Result<(), HashError> {
            Ok(())
        }

        fn wipe(&mut self) {
            self.0.lock().unwrap().push("wipe");
        }
    }

    fn jobs() -> Arc<Jobs> {
        // However slow the machine is at times.
        let brief = Duration::MAX;
        Arc::new(Jobs::new(Bounds { threads: 1, interactive: 100, bulk: 100, brief }))
    }

    /// Starts a thread on what is in the queue, and on what comes.
    fn start(jobs: &Arc<Jobs>, mut bench: Told) -> JoinHandle<()> {
        let jobs = Arc::clone(jobs);
        std::thread::spawn(move || work_off(&jobs, &mut bench))
    }

    #[test]
    fn a_thread_wipes_when_nothing_more_waits() {
        let jobs = jobs();
        let told = Arc::new(Mutex::new(Vec::new()));
        let push = |name: &'static str| {
            let told = Arc::clone(&told);
            let (job, answer) = Pending::new(move |_: &mut dyn Bench| {
                told.lock().unwrap().push(name);
                Ok(())
            });
            jobs.push(JobClass::Interactive, JobSize::Usual, None, Box::new(job)).unwrap();
            answer
        };
        let answers = [push("first"), push("second")];
        let thread = start(&jobs, Told(Arc::clone(&told)));
        for answer in answers {
            answer.blocking_recv().unwrap().unwrap();
        }
        while told.lock().unwrap().len() < 3 {
            std::thread::yield_now();
        }
        push("third").blocking_recv().unwrap().unwrap();
        jobs.stop();
        thread.join().unwrap();
        assert_eq!(*told.lock().unwrap(), ["first", "second", "wipe", "third", "wipe"]);
    }

    /// How many answers had been given when each of these jobs ran, which all waited at first.
    fn answers_before_each(sizes: [JobSize; 10]) -> Vec<usize> {
        let jobs = jobs();
        let answers = Arc::new(Mutex::new(Vec::new()));
        for size in sizes {
            let before = Arc::clone(&answers);
            let (job, answer) = Pending::new(move |_: &mut dyn Bench| {
                let before: &[Receiver<Answer<usize>>] = &before.lock().unwrap();
                Ok(before.iter().filter(|answer| !answer.is_empty()).count())
            });
            jobs.push(JobClass::Interactive, size, None, Box::new(job)).unwrap();
            answers.lock().unwrap().push(answer);
        }
        let thread = start(&jobs, Told(Arc::default()));
        while jobs.status().completed < 10 {
            std::thread::yield_now();
        }
        jobs.stop();
        thread.join().unwrap();
        let answers = std::mem::take(&mut *answers.lock().unwrap());
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap()).collect()
    }

    #[test]
    fn while_many_wait_answers_are_given_four_at_a_time() {
        let usual = [JobSize::Usual; 10];
        assert_eq!(answers_before_each(usual), [0, 0, 0, 0, 4, 4, 6, 7, 8, 9]);
    }

    #[test]
    fn no_answer_waits_for_what_may_take_long() {
        for size in [JobSize::Fits, JobSize::Large] {
            let mut sizes = [JobSize::Usual; 10];
            sizes[2] = size;
            assert_eq!(answers_before_each(sizes), [0, 0, 2, 2, 2, 2, 6, 7, 8, 9]);
        }
    }

    #[test]
    fn answers_that_wait_are_given_when_the_queue_is_stopped() {
        let jobs = jobs();
        let push = |compute: Box<dyn FnOnce() + Send>| {
            let (job, answer) = Pending::new(move |_: &mut dyn Bench| {
                compute();
                Ok(())
            });
            jobs.push(JobClass::Interactive, JobSize::Usual, None, Box::new(job)).unwrap();
            answer
        };
        let first = push(Box::new(|| {}));
        let stopping = Arc::clone(&jobs);
        let second = push(Box::new(move || drop(stopping.stop())));
        let others: Vec<_> = (0..8).map(|_| push(Box::new(|| {}))).collect();
        start(&jobs, Told(Arc::default())).join().unwrap();
        for answer in [first, second] {
            answer.blocking_recv().unwrap().unwrap();
        }
        assert!(others.into_iter().all(|answer| answer.blocking_recv().is_err()));
    }
}
