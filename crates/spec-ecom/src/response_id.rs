use repass_core::Randomness;
use uuid::Builder;

/// Returns a new identifier of an answer: a version 4 UUID, a hyphen, eight lower-case hexadecimal
/// digits.
///
/// It is not a secret. If the random source fails, the random bits are zero, so that the request is
/// still answered.
pub(crate) fn generate(randomness: &dyn Randomness) -> String {
    let mut uuid = [0; 16];
    let mut suffix = [0; 4];
    if randomness.fill(&mut uuid).and_then(|()| randomness.fill(&mut suffix)).is_err() {
        (uuid, suffix) = ([0; 16], [0; 4]);
    }
    let uuid = Builder::from_random_bytes(uuid).into_uuid();
    format!("{uuid}-{:08x}", u32::from_be_bytes(suffix))
}

#[cfg(test)]
mod tests {
    use repass_core::{RandomnessError, SystemRandomness};

    use super::*;

    #[derive(Debug)]
    struct Broken;

    impl Randomness for Broken {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
            bytes.fill(0xFF);
            Err(RandomnessError("broken".to_owned()))
        }
    }

    /// Proves ECOM-16.
    #[test]
    fn an_id_is_a_random_uuid_and_eight_digits() {
        let id = generate(&SystemRandomness);
        let (uuid, suffix) = id.split_at(36);
        assert_eq!(uuid.parse::<uuid::Uuid>().unwrap().get_version_num(), 4);
        let digits = suffix.strip_prefix('-').unwrap();
        assert_eq!(digits.len(), 8);
        assert!(digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_ne!(id, generate(&SystemRandomness));
    }

    #[test]
    fn an_id_is_zero_if_the_random_source_fails() {
        assert_eq!(generate(&Broken), "00000000-0000-4000-8000-000000000000-00000000");
    }
}
