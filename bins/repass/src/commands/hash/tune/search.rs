//! Which parameters spend the target best: RFC 9106, section 4, above OWASP's minimum.

use std::time::Duration;

use repass_core::HashProfile;

/// What is wanted.
pub(super) struct Goal {
    /// How long one hash may take.
    pub(super) target: Duration,
    /// The most memory for one hash, in KiB.
    pub(super) most_kib: u32,
    /// Lanes.
    pub(super) parallelism: u32,
}

/// What a profile costs on this machine.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) profile: HashProfile,
    /// Of one hash, the median.
    pub(super) time: Duration,
    /// Of all threads together.
    pub(super) per_second: f64,
}

/// What was found.
#[derive(Debug)]
pub(super) struct AccountWithCredential {
    /// The costliest profile that meets the target; else the minimum.
    pub(super) proposal: Measured,
    /// The one of OWASP's minimums that the search began at.
    pub(super) minimum: Measured,
}

/// Rounds of correcting the first guess. Time is nearly in proportion to memory × passes, so the
/// second guess is close already.
const GUESSES: usize = 5;

/// Part of the target to aim at, so that noise does not push a guess beyond it.
const AIM: f64 = 0.97;

/// The largest share of memory a profile may have, as [`HashProfile::new`] has it.
const MOST_KIB: u32 = 4 * 1024 * 1024;

/// Searches by measuring; `None` when the memory is too little for any of OWASP's minimums.
pub(super) async fn search<E>(
    goal: &Goal,
    mut measure: impl AsyncFnMut(HashProfile) -> Result<Measured, E>,
) -> Result<Option<AccountWithCredential>, E> {
    let mut minimum: Option<Measured> = None;
    // Most memory first. Where none of them meets the target, the fastest is left.
    for floor in HashProfile::OWASP_MINIMUMS {
        let Some(profile) = goal.profile(floor.memory_kib(), floor.iterations()) else { continue };
        let measured = measure(profile).await?;
        let fits = measured.time <= goal.target;
        if minimum.as_ref().is_none_or(|fastest| fits || measured.time < fastest.time) {
            minimum = Some(measured);
        }
        if fits {
            break;
        }
    }
    let Some(minimum) = minimum else { return Ok(None) };
    let mut proposal = minimum.clone();
    if proposal.time <= goal.target {
        let mut last = minimum.clone();
        let mut tried = vec![last.profile];
        for _ in 0..GUESSES {
            let guess = goal.spend(&last, minimum.profile);
            let Some(guess) = guess.filter(|guess| !tried.contains(guess)) else { break };
            tried.push(guess);
            last = measure(guess).await?;
            if last.time <= goal.target && cost(guess) > cost(proposal.profile) {
                proposal = last.clone();
            }
        }
    }
    Ok(Some(AccountWithCredential { proposal, minimum }))
}

impl Goal {
    /// The profile that should just meet the target, judging by what another one took: memory first,
    /// in whole MiB, then passes.
    fn spend(&self, known: &Measured, floor: HashProfile) -> Option<HashProfile> {
        let rate = known.time.as_secs_f64() / cost(known.profile) as f64;
        // In KiB × passes; a cast of what is too large or no number saturates.
        let budget = (self.target.as_secs_f64() * AIM / rate) as u64;
        let one_pass = HashProfile::OWASP_MINIMUMS.map(|floor| floor.memory_kib())[0];
        let most = u64::from(self.most_kib.min(MOST_KIB));
        let in_one_pass = budget.min(most) >= one_pass.into();
        let passes = if in_one_pass { 1 } else { u64::from(floor.iterations()) };
        let memory = (budget / passes).min(most) / 1024 * 1024;
        let memory = memory.max(floor.memory_kib().into());
        let passes = (budget / memory).clamp(passes, 100);
        self.profile(u32::try_from(memory).ok()?, u32::try_from(passes).ok()?)
    }

    /// The profile of these costs, if it is one and within the limit.
    fn profile(&self, memory_kib: u32, iterations: u32) -> Option<HashProfile> {
        let profile = HashProfile::new(memory_kib, iterations, self.parallelism).ok()?;
        (memory_kib <= self.most_kib).then_some(profile)
    }
}

fn cost(profile: HashProfile) -> u64 {
    u64::from(profile.memory_kib()) * u64::from(profile.iterations())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A machine that takes so many nanoseconds for each KiB and pass, and some for each hash.
    async fn on_machine(nanoseconds: u64, goal: &Goal) -> Option<AccountWithCredential> {
        let measure = async |profile| {
            let time = Duration::from_nanos(1_000_000 + nanoseconds * cost(profile));
            Ok::<_, Infallible>(Measured { profile, time, per_second: 1.0 })
        };
        search(goal, measure).await.unwrap()
    }

    fn goal(milliseconds: u64, most_kib: u32) -> Goal {
        Goal { target: Duration::from_millis(milliseconds), most_kib, parallelism: 1 }
    }

    fn parameters(measured: &Measured) -> (u32, u32) {
        (measured.profile.memory_kib(), measured.profile.iterations())
    }

    #[tokio::test]
    async fn memory_comes_first() {
        let found = on_machine(1000, &goal(250, u32::MAX)).await.unwrap();
        let (memory, passes) = parameters(&found.proposal);
        assert_eq!((parameters(&found.minimum), passes), ((47104, 1), 1));
        assert!((220 * 1024..=250 * 1024).contains(&memory), "{memory}");
        assert_eq!(memory % 1024, 0);
        assert!(found.proposal.time <= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn where_memory_ends_passes_go_on() {
        let found = on_machine(1000, &goal(250, 65536)).await.unwrap();
        assert_eq!(parameters(&found.proposal), (65536, 3));
        let found = on_machine(1000, &goal(250, 20_000)).await.unwrap();
        assert_eq!(parameters(&found.minimum), (19456, 2));
        assert_eq!(parameters(&found.proposal), (19456, 12));
        let found = on_machine(1, &goal(60_000, 65536)).await.unwrap();
        assert_eq!(parameters(&found.proposal), (65536, 100));
    }

    #[tokio::test]
    async fn a_short_target_leads_to_another_of_owasps_minimums() {
        let found = on_machine(1000, &goal(41, u32::MAX)).await.unwrap();
        assert_eq!(parameters(&found.minimum), (19456, 2));
        assert_eq!(parameters(&found.proposal), (19456, 2));
    }

    #[tokio::test]
    async fn nothing_below_owasps_minimum_is_proposed() {
        for milliseconds in [0, 1, 30] {
            let found = on_machine(1000, &goal(milliseconds, u32::MAX)).await.unwrap();
            assert_eq!(parameters(&found.proposal), (7168, 5), "the fastest of them");
            assert!(found.proposal.time > Duration::from_millis(milliseconds));
        }
        assert!(on_machine(1000, &goal(250, 7167)).await.is_none());
    }

    #[tokio::test]
    async fn machines_of_any_speed_end_the_search() {
        for nanoseconds in [0, 1, 37, 999, 50_000] {
            for milliseconds in [1, 17, 250, 60_000] {
                for most_kib in [7168, 12_288, 50_000, 1_000_000, u32::MAX] {
                    let goal = goal(milliseconds, most_kib);
                    let found = on_machine(nanoseconds, &goal).await.unwrap();
                    let (memory, passes) = parameters(&found.proposal);
                    assert!(memory <= most_kib);
                    assert!(HashProfile::new(memory, passes, 1).is_ok());
                    assert!(cost(found.proposal.profile) >= cost(found.minimum.profile));
                }
            }
        }
    }

    #[tokio::test]
    async fn lanes_are_as_wished() {
        let goal = Goal { parallelism: 4, ..goal(250, u32::MAX) };
        let found = on_machine(1000, &goal).await.unwrap();
        assert_eq!(found.proposal.profile.parallelism(), 4);
    }
}
