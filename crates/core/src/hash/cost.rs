//! The cost of verifying a stored hash.

use std::time::Duration;

use repass_hash_families::MAX_USUAL_TIME;

use super::HashProfile;

/// The cost of verifying a stored hash, by its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashCost {
    /// The variant and the cost parameters as text, without salt and tag.
    pub parameters: String,
    /// Maximum memory in bytes.
    pub memory_bytes: usize,
    /// Estimated time with the longest password, on one thread, as
    /// [`ForeignHash::estimated_time`](repass_hash_families::ForeignHash::estimated_time).
    pub time: Duration,
}

impl HashCost {
    /// Returns whether a verification may take longer than two seconds. The bounds of stored hashes
    /// permit up to a minute, so that no hash of a real system is lost; such hashes should be
    /// imported knowingly.
    pub fn is_costly(&self) -> bool {
        self.time > MAX_USUAL_TIME
    }

    /// Returns the time as a multiple of that of a new hash of `profile`.
    pub fn relative_to(&self, profile: HashProfile) -> f64 {
        let (kib, iterations) = (profile.memory_kib(), profile.iterations());
        self.time.as_secs_f64() / argon2_time(kib, iterations).as_secs_f64()
    }
}

/// Returns the estimated time of Argon2, which was measured on one thread of a shared x86-64 server
/// with AVX-512 (`repass hash tune`). Memory beyond the caches is slower.
pub(super) fn argon2_time(kib: u32, iterations: u32) -> Duration {
    let nanoseconds = if kib <= CACHED_KIB { 80 } else { 200 };
    Duration::from_nanos(u64::from(kib) * u64::from(iterations) * nanoseconds)
}

/// Memory that stays in the caches of a server, in KiB.
const CACHED_KIB: u32 = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::super::HashedPassword;
    use super::*;

    fn cost(text: &str) -> HashCost {
        HashedPassword::from_stored(text).cost().unwrap()
    }

    #[test]
    fn the_cost_of_argon2_is_relative_to_a_profile() {
        let hash = cost("$argon2id$v=19$m=19456,t=4,p=1$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
        assert_eq!(hash.parameters, "argon2id v=19,m=19456,t=4,p=1");
        assert_eq!(hash.memory_bytes, 19456 * 1024);
        assert_eq!(hash.relative_to(HashProfile::OWASP), 2.0);
        assert!(!hash.is_costly());
        let rfc_9106 = cost("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
        assert!(!rfc_9106.is_costly());
        let hash = cost("{ARGON2}$argon2i$m=1048576,t=100,p=1$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
        assert!(hash.is_costly());
    }

    #[test]
    #[cfg(feature = "hash-families")]
    fn costly_hashes_are_those_near_the_bounds() {
        let salt_and_tag = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for (text, is_costly) in [
            (format!("$2b$12${salt_and_tag}"), false),
            (format!("$2b$15${salt_and_tag}"), false),
            (format!("$2b$16${salt_and_tag}"), true),
            ("_zzzzzzzzLPryANbQomo".to_owned(), true),
            ("{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr".to_owned(), false),
        ] {
            assert_eq!(cost(&text).is_costly(), is_costly, "{text}");
        }
    }

    #[test]
    fn a_hash_that_cannot_be_verified_has_no_cost() {
        let error = HashedPassword::from_stored("hunter2").cost().unwrap_err();
        assert!(error.is_unverifiable(), "{error}");
    }
}
