//! One Argon2 computation in memory that the caller owns, and its PHC string.

use argon2::{Algorithm, Argon2, Block, MIN_SALT_LEN, Params, Version};
use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{HashError, HashProfile, HashedPassword};
use crate::Plaintext;

/// Memory for one computation at a time, kept from one to the next and wiped after each.
pub(super) struct Arena(Vec<Block>);

impl Arena {
    pub(super) fn new(profile: &HashProfile) -> Result<Self, HashError> {
        let mut arena = Self::empty();
        let blocks = profile.argon2().map_err(algorithm)?.params().block_count();
        arena.reserve(blocks);
        Ok(arena)
    }

    /// Memory to be reserved when it is needed.
    pub(super) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Wipes what a computation left behind that did not come to its end.
    pub(super) fn wipe(&mut self) {
        wipe(&mut self.0);
    }

    fn reserve(&mut self, blocks: usize) {
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
    }

    fn compute(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = argon2.params().block_count();
        self.reserve(blocks);
        let memory = &mut self.0[..blocks];
        let result = argon2.hash_password_into_with_memory(password, salt, tag, &mut *memory);
        wipe(memory);
        result.map_err(algorithm)
    }
}

/// A plain fill, because volatile stores cost a fifth of the hash; `black_box` keeps it from being
/// optimised away.
fn wipe(memory: &mut [Block]) {
    memory.fill(Block::default());
    std::hint::black_box(memory);
}

/// Hashes `password` with `salt` into a PHC string.
pub(super) fn hash(
    arena: &mut Arena,
    profile: &HashProfile,
    password: &Plaintext,
    salt: &[u8; 16],
) -> Result<HashedPassword, HashError> {
    let argon2 = profile.argon2().map_err(algorithm)?;
    let mut tag = [0; 32];
    arena.compute(&argon2, password.expose().as_bytes(), salt, &mut tag)?;
    Ok(HashedPassword::from_stored(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism(),
        BASE64_NOPAD.encode(salt),
        BASE64_NOPAD.encode(&tag),
    )))
}

/// Whether `stored`, a PHC string of any Argon2 variant, is of `password`.
pub(super) fn verify(
    arena: &mut Arena,
    password: &Plaintext,
    stored: &HashedPassword,
) -> Result<bool, HashError> {
    let stored = Parsed::from_phc(stored.as_str())?;
    let mut tag = vec![0; stored.tag.len()];
    arena.compute(&stored.argon2, password.expose().as_bytes(), &stored.salt, &mut tag)?;
    let same = tag.ct_eq(&stored.tag).into();
    tag.zeroize();
    Ok(same)
}

/// The most a stored hash may ask for, so that an imported one cannot exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 100;
const MAX_PARALLELISM: u32 = 64;
const MAX_TAG: usize = 1024;
const MAX_SALT: usize = 1024;

struct Parsed {
    argon2: Argon2<'static>,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Parsed {
    fn from_phc(text: &str) -> Result<Self, HashError> {
        let damaged = HashError::Unsupported("damaged Argon2 string");
        let mut parts = text.split('$');
        if parts.next() != Some("") {
            return Err(HashError::Unsupported("no PHC string"));
        }
        let algorithm = parts
            .next()
            .and_then(|name| Algorithm::new(name).ok())
            .ok_or(HashError::Unsupported("not an Argon2 hash"))?;
        let mut parts = parts.peekable();
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(HashError::Unsupported("unknown Argon2 version")),
        };
        let (Some(costs), Some(salt), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(damaged);
        };
        let Some((memory, iterations, parallelism)) = parse_costs(costs) else {
            return Err(damaged);
        };
        if memory > MAX_MEMORY_KIB || iterations > MAX_ITERATIONS || parallelism > MAX_PARALLELISM {
            return Err(HashError::Unsupported("Argon2 parameters out of bounds"));
        }
        let (Ok(salt), Ok(tag)) =
            (BASE64_NOPAD.decode(salt.as_bytes()), BASE64_NOPAD.decode(tag.as_bytes()))
        else {
            return Err(damaged);
        };
        if tag.len() > MAX_TAG || !(MIN_SALT_LEN..=MAX_SALT).contains(&salt.len()) {
            return Err(damaged);
        }
        let params =
            Params::new(memory, iterations, parallelism, Some(tag.len())).map_err(|_| damaged)?;
        Ok(Self { argon2: Argon2::new(algorithm, version, params), salt, tag })
    }
}

/// `m=…,t=…,p=…` in this order, as the PHC string format has it; further members (key id, data) mean
/// inputs that are not here.
fn parse_costs(text: &str) -> Option<(u32, u32, u32)> {
    let mut costs = text.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse().ok();
    let parsed = (cost("m=")?, cost("t=")?, cost("p=")?);
    costs.next().is_none().then_some(parsed)
}

fn algorithm(error: argon2::Error) -> HashError {
    HashError::Algorithm(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena() -> Arena {
        Arena::new(&HashProfile::INSECURE_FOR_TESTS).unwrap()
    }

    /// Known answers of the reference implementation's own test program.
    #[test]
    fn reference_hashes_of_every_variant_and_version_verify() {
        let known = [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        ];
        for phc in known {
            let stored = HashedPassword::from_stored(phc);
            assert!(verify(&mut arena(), &Plaintext::from("password"), &stored).unwrap(), "{phc}");
            assert!(!verify(&mut arena(), &Plaintext::from("Password"), &stored).unwrap());
        }
    }

    #[test]
    fn a_fresh_hash_verifies_and_nothing_of_the_password_stays_in_the_arena() {
        let mut arena = arena();
        let password = Plaintext::from("correct horse battery staple");
        let hash = hash(&mut arena, &HashProfile::INSECURE_FOR_TESTS, &password, &[7; 16]).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(verify(&mut arena, &password, &hash).unwrap());
        assert!(arena.0.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn damaged_or_foreign_hashes_are_named_so() {
        let bad = [
            "",
            "plain",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,p=1,t=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMC",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
            "$argon2id$v=19$m=256,t=2,p=1$c2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$!!!!$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ];
        for phc in bad {
            let stored = HashedPassword::from_stored(phc);
            let verdict = verify(&mut arena(), &Plaintext::from("password"), &stored);
            assert!(matches!(verdict, Err(HashError::Unsupported(_))), "{phc}: {verdict:?}");
        }
    }
}
