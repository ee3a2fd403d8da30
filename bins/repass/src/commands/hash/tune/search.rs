//! Searches the strongest parameters within the target time, by RFC 9106, section 4, and not below
//! OWASP's minimum.

use std::time::Duration;

use repass_core::HashProfile;

use super::super::measure::Measured;

pub(super) struct Goal {
    /// Maximum time of one hash.
    pub(super) target: Duration,
    /// Maximum memory of one hash, in KiB.
    pub(super) max_kib: u32,
    /// Number of lanes.
    pub(super) parallelism: u32,
}

#[derive(Debug)]
pub(super) struct SearchResult {
    /// The most expensive profile within the target, or else the minimum.
    pub(super) proposal: Measured,
    /// The OWASP minimum that the search started from.
    pub(super) minimum: Measured,
}

/// Maximum number of guesses. Time is nearly proportional to memory × passes, so the second guess
/// is already close.
const MAX_GUESSES: usize = 5;

/// The fraction of the target to aim at, a margin for noise.
const AIM: f64 = 0.97;

/// Maximum memory that [`HashProfile::new`] accepts.
const MAX_PROFILE_KIB: u32 = 4 * 1024 * 1024;

/// Searches by measuring. Returns `None` if the memory is too little for every OWASP minimum.
pub(super) async fn search<E>(
    goal: &Goal,
    mut measure: impl AsyncFnMut(HashProfile) -> Result<Measured, E>,
) -> Result<Option<SearchResult>, E> {
    let mut minimum: Option<Measured> = None;
    // Ordered by memory, most first. If none is within the target, the fastest remains.
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
        for _ in 0..MAX_GUESSES {
            let guess = goal.guess(&last, minimum.profile);
            let Some(guess) = guess.filter(|guess| !tried.contains(guess)) else { break };
            tried.push(guess);
            last = measure(guess).await?;
            if last.time <= goal.target && cost(guess) > cost(proposal.profile) {
                proposal = last.clone();
            }
        }
    }
    Ok(Some(SearchResult { proposal, minimum }))
}

impl Goal {
    /// Extrapolates from a measured profile to one that just meets the target: first the memory is
    /// maximized, in whole MiB, then the number of passes.
    fn guess(&self, known: &Measured, floor: HashProfile) -> Option<HashProfile> {
        let rate = known.time.as_secs_f64() / cost(known.profile) as f64;
        // In KiB × passes; the cast saturates.
        let budget = (self.target.as_secs_f64() * AIM / rate) as u64;
        let one_pass = HashProfile::OWASP_MINIMUMS.map(|floor| floor.memory_kib())[0];
        let max = u64::from(self.max_kib.min(MAX_PROFILE_KIB));
        let in_one_pass = budget.min(max) >= one_pass.into();
        let passes = if in_one_pass { 1 } else { u64::from(floor.iterations()) };
        let memory = (budget / passes).min(max) / 1024 * 1024;
        let memory = memory.max(floor.memory_kib().into());
        let passes = (budget / memory).clamp(passes, 100);
        self.profile(u32::try_from(memory).ok()?, u32::try_from(passes).ok()?)
    }

    /// Returns the profile with these parameters, if they are valid and within the limit.
    fn profile(&self, memory_kib: u32, iterations: u32) -> Option<HashProfile> {
        let profile = HashProfile::new(memory_kib, iterations, self.parallelism).ok()?;
        (memory_kib <= self.max_kib).then_some(profile)
    }
}

fn cost(profile: HashProfile) -> u64 {
    u64::from(profile.memory_kib()) * u64::from(profile.iterations())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Searches on a machine that needs `nanoseconds` for each KiB and pass, and 1 ms for each
    /// hash.
    async fn search_on_machine(nanoseconds: u64, goal: &Goal) -> Option<SearchResult> {
        let measure = async |profile| {
            let time = Duration::from_nanos(1_000_000 + nanoseconds * cost(profile));
            Ok::<_, Infallible>(Measured { profile, time, per_second: 1.0 })
        };
        search(goal, measure).await.unwrap()
    }

    fn goal(milliseconds: u64, max_kib: u32) -> Goal {
        Goal { target: Duration::from_millis(milliseconds), max_kib, parallelism: 1 }
    }

    fn parameters(measured: &Measured) -> (u32, u32) {
        (measured.profile.memory_kib(), measured.profile.iterations())
    }

    #[tokio::test]
    async fn memory_is_maximized_first() {
        let found = search_on_machine(1000, &goal(250, u32::MAX)).await.unwrap();
        let (memory, passes) = parameters(&found.proposal);
        assert_eq!((parameters(&found.minimum), passes), ((47104, 1), 1));
        assert!((220 * 1024..=250 * 1024).contains(&memory), "{memory}");
        assert_eq!(memory % 1024, 0);
        assert!(found.proposal.time <= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn passes_are_added_at_the_memory_limit() {
        let found = search_on_machine(1000, &goal(250, 65536)).await.unwrap();
        assert_eq!(parameters(&found.proposal), (65536, 3));
        let found = search_on_machine(1000, &goal(250, 20_000)).await.unwrap();
        assert_eq!(parameters(&found.minimum), (19456, 2));
        assert_eq!(parameters(&found.proposal), (19456, 12));
        let found = search_on_machine(1, &goal(60_000, 65536)).await.unwrap();
        assert_eq!(parameters(&found.proposal), (65536, 100));
    }

    #[tokio::test]
    async fn a_short_target_starts_from_another_owasp_minimum() {
        let found = search_on_machine(1000, &goal(41, u32::MAX)).await.unwrap();
        assert_eq!(parameters(&found.minimum), (19456, 2));
        assert_eq!(parameters(&found.proposal), (19456, 2));
    }

    #[tokio::test]
    async fn nothing_below_owasps_minimum_is_proposed() {
        for milliseconds in [0, 1, 30] {
            let found = search_on_machine(1000, &goal(milliseconds, u32::MAX)).await.unwrap();
            assert_eq!(parameters(&found.proposal), (7168, 5), "the fastest of them");
            assert!(found.proposal.time > Duration::from_millis(milliseconds));
        }
        assert!(search_on_machine(1000, &goal(250, 7167)).await.is_none());
    }

    #[tokio::test]
    async fn the_search_ends_on_machines_of_any_speed() {
        for nanoseconds in [0, 1, 37, 999, 50_000] {
            for milliseconds in [1, 17, 250, 60_000] {
                for max_kib in [7168, 12_288, 50_000, 1_000_000, u32::MAX] {
                    let goal = goal(milliseconds, max_kib);
                    let found = search_on_machine(nanoseconds, &goal).await.unwrap();
                    let (memory, passes) = parameters(&found.proposal);
                    assert!(memory <= max_kib);
                    assert!(HashProfile::new(memory, passes, 1).is_ok());
                    assert!(cost(found.proposal.profile) >= cost(found.minimum.profile));
                }
            }
        }
    }

    #[tokio::test]
    async fn the_proposal_has_the_requested_lanes() {
        let goal = Goal { parallelism: 4, ..goal(250, u32::MAX) };
        let found = search_on_machine(1000, &goal).await.unwrap();
        assert_eq!(found.proposal.profile.parallelism(), 4);
    }
}
