//! Compares every path with the `argon2` crate on random inputs.
//!
//! Each test covers all combinations of a variant, both versions, 1 to 8 lanes and 1 to 4 passes,
//! with random memory, lengths and bytes. The seed is printed; `TEST_ARGON2_SEED` repeats a run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use repass_argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Path, Version};

/// Number of random inputs for each combination of variant, version, lanes and passes: 9600 inputs,
/// each hashed on every path of this CPU.
const INPUTS: u32 = 50;

#[test]
fn argon2d_equals_the_argon2_crate() {
    compare(Algorithm::Argon2d, argon2::Algorithm::Argon2d);
}

#[test]
fn argon2i_equals_the_argon2_crate() {
    compare(Algorithm::Argon2i, argon2::Algorithm::Argon2i);
}

#[test]
fn argon2id_equals_the_argon2_crate() {
    compare(Algorithm::Argon2id, argon2::Algorithm::Argon2id);
}

/// Long segments need several blocks of addresses each.
#[test]
fn long_segments_equal_the_argon2_crate() {
    let mut random = RandomInputs::new(3);
    for lanes in [1, 2, 3, 4, 5, 8] {
        for (ours, theirs) in [
            (Algorithm::Argon2d, argon2::Algorithm::Argon2d),
            (Algorithm::Argon2i, argon2::Algorithm::Argon2i),
            (Algorithm::Argon2id, argon2::Algorithm::Argon2id),
        ] {
            let memory = lanes * (512 + random.below(1200));
            let case = Case::new(&mut random, memory, 2, lanes);
            case.check((ours, theirs), (Version::V0x13, argon2::Version::V0x13));
            case.check((ours, theirs), (Version::V0x10, argon2::Version::V0x10));
        }
    }
}

fn compare(ours: Algorithm, theirs: argon2::Algorithm) {
    let mut random = RandomInputs::new(ours as u64);
    for lanes in 1..=8 {
        for passes in 1..=4 {
            for version in
                [(Version::V0x10, argon2::Version::V0x10), (Version::V0x13, argon2::Version::V0x13)]
            {
                for _ in 0..INPUTS {
                    let memory = 8 * lanes + random.below(9 * lanes + 7);
                    Case::new(&mut random, memory, passes, lanes).check((ours, theirs), version);
                }
            }
        }
    }
}

/// Random inputs.
#[derive(Debug)]
struct Case {
    memory: u32,
    passes: u32,
    lanes: u32,
    password: Vec<u8>,
    salt: Vec<u8>,
    secret: Vec<u8>,
    data: Vec<u8>,
    tag_length: usize,
    /// The initial content of the memory.
    before: Block,
}

impl Case {
    fn new(random: &mut RandomInputs, memory: u32, passes: u32, lanes: u32) -> Self {
        let mut before = Block::new();
        before.as_mut().fill(random.rng.next_u64());
        Self {
            memory,
            passes,
            lanes,
            password: random.bytes(0, 200),
            salt: random.bytes(8, 48),
            secret: random.bytes(0, 40),
            data: random.bytes(0, 32),
            tag_length: random.tag_length(),
            before,
        }
    }

    fn check(
        &self,
        (ours, theirs): (Algorithm, argon2::Algorithm),
        (version, their_version): (Version, argon2::Version),
    ) {
        let expected = self.theirs(theirs, their_version);
        for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
            assert!(
                self.ours(path, ours, version) == expected,
                "{path} {ours} {version:?} differs: {self:?}"
            );
        }
    }

    fn ours(&self, path: Path, algorithm: Algorithm, version: Version) -> Vec<u8> {
        let mut builder = ParamsBuilder::new();
        builder.m_cost(self.memory).t_cost(self.passes).p_cost(self.lanes);
        let params = builder.data(AssociatedData::new(&self.data).unwrap()).build().unwrap();
        let argon2 = Argon2::new_with_secret(&self.secret, algorithm, version, params)
            .unwrap()
            .with_path(path)
            .unwrap();
        let mut memory = vec![self.before; argon2.params().block_count()];
        let mut tag = vec![0; self.tag_length];
        argon2
            .hash_password_into_with_memory(&self.password, &self.salt, &mut tag, &mut memory[..])
            .unwrap();
        tag
    }

    fn theirs(&self, algorithm: argon2::Algorithm, version: argon2::Version) -> Vec<u8> {
        let mut builder = argon2::ParamsBuilder::new();
        builder.m_cost(self.memory).t_cost(self.passes).p_cost(self.lanes);
        let data = argon2::AssociatedData::new(&self.data).unwrap();
        let params = builder.data(data).build().unwrap();
        let mut tag = vec![0; self.tag_length];
        argon2::Argon2::new_with_secret(&self.secret, algorithm, version, params)
            .unwrap()
            .hash_password_into(&self.password, &self.salt, &mut tag)
            .unwrap();
        tag
    }
}

/// Shows that the comparisons above depend on every input.
#[test]
fn every_input_changes_the_hash() {
    let case = Case::new(&mut RandomInputs::new(4), 64, 2, 2);
    let hash = |case: &Case| case.ours(Path::Portable, Algorithm::Argon2id, Version::V0x13);
    let tag = hash(&case);
    let changed = |change: &dyn Fn(&mut Case)| {
        let mut other = Case {
            password: case.password.clone(),
            salt: case.salt.clone(),
            secret: case.secret.clone(),
            data: case.data.clone(),
            ..case
        };
        change(&mut other);
        hash(&other)
    };
    assert_eq!(changed(&|case| case.before = Block::new()), tag);
    assert_ne!(changed(&|case| case.password.push(0)), tag);
    assert_ne!(changed(&|case| case.salt.push(0)), tag);
    assert_ne!(changed(&|case| case.secret.push(0)), tag);
    assert_ne!(changed(&|case| case.data = vec![case.data.len() as u8; 7]), tag);
    assert_ne!(changed(&|case| case.memory += 1), tag);
    assert_ne!(changed(&|case| case.passes += 1), tag);
    assert_ne!(changed(&|case| case.lanes += 1), tag);
    assert_ne!(case.ours(Path::Portable, Algorithm::Argon2id, Version::V0x10), tag);
    assert_ne!(case.ours(Path::Portable, Algorithm::Argon2i, Version::V0x13), tag);
}

struct RandomInputs {
    rng: TestRng,
}

impl RandomInputs {
    /// Creates a generator that differs between tests and runs.
    fn new(test: u64) -> Self {
        let seed = match std::env::var("TEST_ARGON2_SEED") {
            Ok(text) => text.parse().expect("TEST_ARGON2_SEED is a number"),
            Err(_) => RandomState::new().hash_one(test),
        };
        println!("TEST_ARGON2_SEED={seed}");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&test.to_le_bytes());
        Self { rng: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes) }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32() % bound
    }

    fn bytes(&mut self, min: u32, max: u32) -> Vec<u8> {
        let length = min + self.below(max - min + 1);
        let mut bytes = vec![0; length as usize];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Returns 4 to 1024, half of them around 64, where H' changes.
    fn tag_length(&mut self) -> usize {
        let length = match self.below(4) {
            0 => 4 + self.below(61),
            1 => 62 + self.below(70),
            _ => 4 + self.below(1021),
        };
        length as usize
    }
}
