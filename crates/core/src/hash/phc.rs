//! Argon2 hashes as PHC strings.

use std::ops::RangeInclusive;

use argon2::{KeyId, Params, ParamsBuilder};
use data_encoding::{BASE64, BASE64_NOPAD};
use repass_argon2::{Algorithm, Argon2, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::cost::argon2_time;
use super::pepper::is_id;
use super::worker::Worker;
use super::{HashCost, HashError, HashProfile, HashedPassword, Peppers};
use crate::Plaintext;

/// The tag of a new hash, in bytes.
pub(super) const TAG_BYTES: usize = 32;

/// An Argon2 hash of any variant.
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    /// The costs, and the id of the pepper key.
    params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// Bounds of stored hashes, so that an imported hash cannot block a thread for long.
const MAX_ITERATIONS: u32 = 100;
const MAX_PARALLELISM: u32 = 64;
const STORED_TAG_BYTES: RangeInclusive<usize> = 4..=1024;
const STORED_SALT_BYTES: RangeInclusive<usize> = 8..=1024;

impl Argon2Hash {
    /// Creates a hash with the parameters of new ones: Argon2id, version 1.3, with the current
    /// pepper.
    pub(super) fn new(
        profile: HashProfile,
        peppers: &Peppers,
        salt: &[u8],
        tag: [u8; TAG_BYTES],
    ) -> Result<Self, HashError> {
        let mut params = ParamsBuilder::new();
        params
            .m_cost(profile.memory_kib())
            .t_cost(profile.iterations())
            .p_cost(profile.parallelism());
        if let Some(id) = peppers.current() {
            params.keyid(KeyId::new(id.as_bytes()).map_err(HashError::algorithm)?);
        }
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params.build().map_err(HashError::algorithm)?,
            salt: salt.to_vec(),
            tag: tag.to_vec(),
        })
    }

    /// Hashes `password` with `salt` and the current pepper.
    pub(super) fn compute(
        worker: &mut Worker,
        profile: HashProfile,
        password: &Plaintext,
        salt: &[u8],
        peppers: &Peppers,
    ) -> Result<Self, HashError> {
        let mut hash = Self::new(profile, peppers, salt, [0; TAG_BYTES])?;
        hash.tag = hash.compute_tag(worker, password, peppers)?;
        Ok(hash)
    }

    /// Returns whether `password` matches the hash.
    pub(super) fn verify(
        &self,
        worker: &mut Worker,
        password: &Plaintext,
        peppers: &Peppers,
    ) -> Result<bool, HashError> {
        let mut tag = self.compute_tag(worker, password, peppers)?;
        let same = tag.ct_eq(&self.tag).into();
        tag.zeroize();
        Ok(same)
    }

    /// Computes the tag of `password` with the parameters of this hash.
    fn compute_tag(
        &self,
        worker: &mut Worker,
        password: &Plaintext,
        peppers: &Peppers,
    ) -> Result<Vec<u8>, HashError> {
        let peppered = self.pepper().map(|id| peppers.applied(id, password)).transpose()?;
        let password = match &peppered {
            None => password.expose().as_bytes(),
            Some(peppered) => peppered.as_slice(),
        };
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let params = repass_argon2::Params::new(m, t, p, Some(self.tag.len()))
            .map_err(HashError::algorithm)?;
        let argon2 = Argon2::new(self.algorithm, self.version, params);
        let mut tag = vec![0; self.tag.len()];
        worker.compute(argon2, password, &self.salt, &mut tag)?;
        Ok(tag)
    }

    /// Returns the id of the pepper key.
    pub(super) fn pepper(&self) -> Option<&str> {
        str::from_utf8(self.params.keyid()).ok().filter(|id| !id.is_empty())
    }

    /// Returns the memory of the computation in blocks of 1 KiB.
    pub(super) const fn blocks(&self) -> usize {
        self.params.block_count()
    }

    /// Returns the cost of a verification.
    pub(super) fn cost(&self) -> HashCost {
        let (kib, iterations) = (self.params.m_cost(), self.params.t_cost());
        let version = u32::from(self.version);
        HashCost {
            parameters: format!("{} v={version},{}", self.algorithm, self.params),
            memory_bytes: self.blocks() * 1024,
            time: argon2_time(kib, iterations),
        }
    }

    /// Returns whether the hash has the cost of a new hash of `profile`.
    pub(super) fn has_cost_of(&self, profile: HashProfile) -> bool {
        (self.algorithm, self.version) == (Algorithm::Argon2id, Version::V0x13)
            && self.params.m_cost() == profile.memory_kib()
            && self.params.t_cost() == profile.iterations()
            && self.params.p_cost() == profile.parallelism()
    }

    /// Writes the PHC string.
    pub(super) fn to_phc(&self) -> HashedPassword {
        HashedPassword::from_stored(format!(
            "${}$v={}${}${}${}",
            self.algorithm,
            u32::from(self.version),
            self.params,
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.tag),
        ))
    }

    /// Parses a PHC string that needs at most `max_kib` of memory. A string without a version is of
    /// version 1.0.
    pub(super) fn from_phc(text: &str, max_kib: u32) -> Result<Self, HashError> {
        let form =
            "the Argon2 string is not $argon2id$v=19$m=…,t=…,p=…$salt$tag; it may be cut off";
        let mut parts = text.split('$').peekable();
        if parts.next() != Some("") {
            return Err(HashError::Unsupported("not a PHC string"));
        }
        let algorithm = parts.next().and_then(|name| name.parse().ok());
        let algorithm = algorithm.ok_or(HashError::Unsupported("not an Argon2 hash"))?;
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(HashError::Unsupported("unknown Argon2 version")),
        };
        let (Some(costs), Some(salt), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HashError::Unsupported(form));
        };
        // The parser accepts any order, as some systems write them, but also fills in defaults.
        let sorted = |costs: &str| {
            let mut costs: Vec<_> = costs.split(',').map(str::to_owned).collect();
            costs.sort_unstable();
            costs
        };
        let params = costs.parse().ok().filter(|params: &Params| {
            sorted(&params.to_string()) == sorted(costs) && params.data().is_empty()
        });
        let params = params
            .ok_or(HashError::Unsupported("the costs of the Argon2 string are not m=…,t=…,p=…"))?;
        if params.m_cost() > max_kib
            || params.t_cost() > MAX_ITERATIONS
            || params.p_cost() > MAX_PARALLELISM
        {
            return Err(HashError::Unsupported("Argon2 parameters out of bounds"));
        }
        let decode = |text: &str, bytes: RangeInclusive<usize>, reason| {
            let encoding = if text.ends_with('=') { BASE64 } else { BASE64_NOPAD };
            let decoded = encoding.decode(text.as_bytes()).ok();
            let decoded = decoded.filter(|decoded| bytes.contains(&decoded.len()));
            decoded.ok_or(HashError::Unsupported(reason))
        };
        let salt_reason = "the salt of the Argon2 string is not 8 to 1024 bytes in Base64";
        let tag_reason =
            "the tag of the Argon2 string is not 4 to 1024 bytes in Base64; it may be cut off";
        let hash = Self {
            algorithm,
            version,
            params,
            salt: decode(salt, STORED_SALT_BYTES, salt_reason)?,
            tag: decode(tag, STORED_TAG_BYTES, tag_reason)?,
        };
        let has_valid_key = hash.params.keyid().is_empty() || hash.pepper().is_some_and(is_id);
        if has_valid_key {
            Ok(hash)
        } else {
            Err(HashError::Unsupported("the keyid of the Argon2 string is no id of a pepper key"))
        }
    }
}

/// Returns the id of the pepper key of a PHC string.
pub(super) fn key_id(text: &str) -> Option<String> {
    Argon2Hash::from_phc(text, u32::MAX).ok()?.pepper().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::worker::tests::worker;

    fn read(text: &str) -> Result<Argon2Hash, HashError> {
        Argon2Hash::from_phc(text, 1024)
    }

    fn verify(stored: &Argon2Hash, password: &str, peppers: &Peppers) -> Result<bool, HashError> {
        stored.verify(&mut worker(256), &Plaintext::from(password), peppers)
    }

    fn hash(password: &str, peppers: &Peppers) -> HashedPassword {
        let (profile, password) = (HashProfile::INSECURE_FOR_TESTS, Plaintext::from(password));
        let worker = &mut worker(256);
        Argon2Hash::compute(worker, profile, &password, &[7; 16], peppers).unwrap().to_phc()
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
            let stored = read(phc).unwrap();
            assert!(verify(&stored, "password", &Peppers::none()).unwrap(), "{phc}");
            assert!(!verify(&stored, "Password", &Peppers::none()).unwrap());
        }
    }

    #[test]
    fn the_argon2_crate_verifies_new_hashes() {
        use argon2::PasswordVerifier;
        use argon2::password_hash::phc::PasswordHash;

        let phc = hash("correct horse", &Peppers::none());
        let phc = PasswordHash::new(phc.as_str()).unwrap();
        let verify = |password: &[u8]| argon2::Argon2::default().verify_password(password, &phc);
        assert!(verify(b"correct horse").is_ok());
        assert!(verify(b"correct zebra").is_err());
    }

    #[test]
    fn a_written_hash_can_be_parsed() {
        let password = "correct horse battery staple";
        let phc = hash(password, &Peppers::none());
        assert!(phc.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(verify(&read(phc.as_str()).unwrap(), password, &Peppers::none()).unwrap());
        let old = "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY";
        assert_eq!(
            read(old).unwrap().to_phc().as_str(),
            old.replace("argon2i$", "argon2i$v=16$"),
            "the version is always written"
        );
    }

    #[test]
    fn a_peppered_hash_is_verified_with_the_key_that_it_names() {
        let keys = || Peppers::none().with("one", &[1; 32]).unwrap().with("two", &[2; 32]).unwrap();
        let one = keys().with_current("one").unwrap();
        let phc = hash("a password", &one);
        assert!(
            phc.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1,keyid=b25l$"),
            "{}",
            phc.as_str()
        );
        assert_eq!(phc.pepper().as_deref(), Some("one"));
        assert_eq!(hash("a password", &keys()).pepper(), None, "no key is the current one");
        let stored = read(phc.as_str()).unwrap();
        for current in [&one, &keys(), &keys().with_current("two").unwrap()] {
            assert!(verify(&stored, "a password", current).unwrap());
            assert!(!verify(&stored, "another password", current).unwrap());
        }
        let wrong = Peppers::none().with("one", &[3; 32]).unwrap();
        assert!(!verify(&stored, "a password", &wrong).unwrap());
        let missing = verify(&stored, "a password", &Peppers::none()).unwrap_err();
        assert!(matches!(&missing, HashError::UnknownPepper { id } if id == "one"));
        assert!(!missing.is_unverifiable(), "the password may be right");
        // Without the key id the hash does not match.
        let plain = read(&phc.as_str().replace(",keyid=b25l", "")).unwrap();
        assert!(!verify(&plain, "a password", &one).unwrap());
    }

    #[test]
    fn the_cost_of_a_profile_includes_all_its_parameters() {
        let costs = |text: &str| {
            let profile = HashProfile::new(19456, 2, 1).unwrap();
            Argon2Hash::from_phc(text, u32::MAX).unwrap().has_cost_of(profile)
        };
        let same = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAECAwQFBgcICQoLDA0ODw";
        assert!(costs(same));
        for (part, other) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=19456", "m=19457"),
            ("m=19456", "m=19455"),
            ("t=2", "t=3"),
            ("p=1", "p=2"),
        ] {
            assert!(!costs(&same.replace(part, other)), "{other}");
        }
    }

    #[test]
    fn the_largest_costs_are_accepted() {
        let text = |costs| format!("$argon2id$v=19${costs}$c29tZXNhbHQ$AAECAwQFBgcICQoLDA0ODw");
        assert!(read(&text("m=1024,t=100,p=64")).is_ok());
        assert!(read(&text("m=1024,t=100,p=65")).is_err());
    }

    #[test]
    fn corrupt_and_foreign_hashes_are_unsupported() {
        let tag = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let good = format!("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ${tag}");
        assert!(read(&good).is_ok());
        for (right, wrong) in [
            (good.as_str(), ""),
            (&good, "plain"),
            (&good, "$2b$12$abcdefghijklmnopqrstuv"),
            (&format!("${tag}"), ""),
            ("v=19", "v=18"),
            ("m=256,t=2,p=1", "m=256,p=1"),
            ("c29tZXNhbHQ", "c29tZXNhbHQ=="),
            ("m=256,t=2,p=1", "m=256,t=2"),
            ("m=256,t=2,p=1", ""),
            ("m=256", "m=0256"),
            ("m=256", "m=256,m=256"),
            ("m=256,t=2,p=1", "m=256,t=2,p=1,data=c29tZQ"),
            ("p=1", "p=1,keyid="),
            ("p=1", "p=1,keyid=!!!!"),
            ("p=1", "p=1,keyid=QQ"),
            ("p=1", "p=1,keyid=b25l,keyid=b25l"),
            ("p=1", "p=1,keyid=b25l,data=c29tZQ"),
            ("m=256", "m=4294967295"),
            ("m=256", "m=1025"),
            ("m=256", "m=7"),
            ("m=256", "m=-8"),
            ("t=2", "t=0"),
            ("t=2", "t=101"),
            ("p=1", "p=0"),
            ("p=1", "p=33"),
            ("p=1", "p=65"),
            ("p=1", "p=4294967295"),
            (tag, ""),
            (tag, "AAAA"),
            (tag, "!!!!"),
            ("c29tZXNhbHQ", "c2FsdA"),
            ("c29tZXNhbHQ", "!!!!"),
        ] {
            let bad = good.replace(right, wrong);
            assert_ne!(bad, good);
            let result = read(&bad);
            assert!(matches!(result, Err(HashError::Unsupported(_))), "{bad}");
        }
    }
}
