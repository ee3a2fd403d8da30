use validator::Validate;

use crate::validation::first_message;

/// Cost parameters of Argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashProfile {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

/// The parameters are too weak, or not valid for Argon2.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct InvalidProfile(String);

/// The parameters before validation.
#[derive(Validate)]
struct Parameters {
    #[validate(range(min = 7168, max = 4_194_304, message = "memory is 7168 to 4194304 KiB"))]
    memory_kib: u32,
    #[validate(range(min = 1, max = 100, message = "iterations are 1 to 100"))]
    iterations: u32,
    #[validate(range(min = 1, max = 64, message = "parallelism is 1 to 64"))]
    parallelism: u32,
}

impl HashProfile {
    /// OWASP's equivalent minimums for Argon2id, most memory first. All have one lane.
    pub const OWASP_MINIMUMS: [Self; 5] = [
        Self { memory_kib: 47104, iterations: 1, parallelism: 1 },
        Self::OWASP,
        Self { memory_kib: 12288, iterations: 3, parallelism: 1 },
        Self { memory_kib: 9216, iterations: 4, parallelism: 1 },
        Self { memory_kib: 7168, iterations: 5, parallelism: 1 },
    ];

    /// OWASP's recommended minimum, and the default: 19,456 KiB, 2 iterations, 1 lane
    /// (ASVS 11.4.2).
    pub const OWASP: Self = Self { memory_kib: 19456, iterations: 2, parallelism: 1 };

    /// The second recommended option of RFC 9106, section 4: 64 MiB, 3 iterations, 4 lanes.
    pub const RFC_9106_SECOND: Self = Self { memory_kib: 65536, iterations: 3, parallelism: 4 };

    /// The cheapest parameters, which offer no protection. For tests only.
    pub const INSECURE_FOR_TESTS: Self = Self { memory_kib: 8, iterations: 1, parallelism: 1 };

    /// The names of the presets, for [`preset`](Self::preset).
    pub const PRESETS: [&'static str; 3] = ["owasp", "rfc-9106-second", "insecure-for-tests"];

    /// Returns the preset of this name.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "owasp" => Some(Self::OWASP),
            "rfc-9106-second" => Some(Self::RFC_9106_SECOND),
            "insecure-for-tests" => Some(Self::INSECURE_FOR_TESTS),
            _ => None,
        }
    }

    /// Creates a profile with memory in KiB, iterations and lanes.
    ///
    /// # Errors
    /// When it is weaker than all of [OWASP's minimums](Self::OWASP_MINIMUMS), or has more than 4
    /// GiB, 100 iterations or 64 lanes.
    pub fn new(memory_kib: u32, iterations: u32, parallelism: u32) -> Result<Self, InvalidProfile> {
        let parameters = Parameters { memory_kib, iterations, parallelism };
        parameters.validate().map_err(|errors| InvalidProfile(first_message(&errors)))?;
        let strong_enough = Self::OWASP_MINIMUMS
            .iter()
            .any(|least| memory_kib >= least.memory_kib && iterations >= least.iterations);
        if !strong_enough {
            return Err(InvalidProfile(format!(
                "{memory_kib} KiB with {iterations} iterations is below OWASP's minimum for \
                 Argon2id (19456 KiB with 2 iterations, or as strong)"
            )));
        }
        Ok(Self { memory_kib, iterations, parallelism })
    }

    /// Memory in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Lanes.
    pub const fn parallelism(&self) -> u32 {
        self.parallelism
    }
}

impl Default for HashProfile {
    fn default() -> Self {
        Self::OWASP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves ASVS 11.4.2.
    #[test]
    fn asvs_11_4_2_profiles_below_owasps_minimums_are_refused() {
        let minimums = [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5)];
        for ((memory, iterations), least) in minimums.into_iter().zip(HashProfile::OWASP_MINIMUMS) {
            assert_eq!(HashProfile::new(memory, iterations, 1), Ok(least));
            assert!(HashProfile::new(memory - 1, iterations, 1).is_err());
        }
        assert!(HashProfile::new(19456, 1, 1).is_err());
    }

    /// Proves OWASP storage bounds.
    #[test]
    fn each_preset_has_its_name() {
        let profiles = [HashProfile::OWASP, HashProfile::RFC_9106_SECOND];
        let presets = HashProfile::PRESETS.map(HashProfile::preset);
        assert_eq!(presets[..2], profiles.map(Some));
        assert_eq!(presets[2..], [Some(HashProfile::INSECURE_FOR_TESTS)]);
        assert_eq!(HashProfile::preset("OWASP"), None);
    }

    #[test]
    fn a_profile_returns_its_parameters() {
        let profile = HashProfile::new(65536, 3, 4).unwrap();
        let (memory, iterations) = (profile.memory_kib(), profile.iterations());
        assert_eq!((memory, iterations, profile.parallelism()), (65536, 3, 4));
        assert_eq!(profile, HashProfile::RFC_9106_SECOND);
    }

    #[test]
    fn parameters_out_of_bounds_are_named() {
        let message = |memory, iterations, parallelism| {
            HashProfile::new(memory, iterations, parallelism).unwrap_err().to_string()
        };
        assert!(message(u32::MAX, 2, 1).contains("memory"));
        assert!(message(19456, 0, 1).contains("iterations"));
        assert!(message(19456, 2, 65).contains("parallelism"));
    }
}
