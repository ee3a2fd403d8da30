//! Argon2 hashes as PHC strings.

use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::kernel::{Argon2Inputs, Argon2Parameters, Argon2Variant, Argon2Version};
use super::pepper::is_id;
use super::pool::Bench;
use super::{HashError, HashedPassword, Peppers};
use crate::Plaintext;

/// Tag of a new hash, in bytes.
pub(super) const TAG_BYTES: usize = 32;

/// A hash of any Argon2 variant.
pub(super) struct Argon2Hash {
    pub(super) parameters: Argon2Parameters,
    /// The id of the pepper key.
    pub(super) pepper: Option<String>,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// The most that a stored hash may ask for beside its memory, so that an imported one cannot keep a
/// thread for ever.
const MAX_ITERATIONS: u32 = 100;
const MAX_PARALLELISM: u32 = 64;
const STORED_TAG_BYTES: std::ops::RangeInclusive<usize> = 4..=1024;
const STORED_SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=1024;
/// RFC 9106, section 3.1.
const LEAST_KIB_PER_LANE: u32 = 8;

impl Argon2Hash {
    /// Hashes `password` with `salt` and the current pepper into a tag of [`TAG_BYTES`].
    pub(super) fn compute(
        bench: &mut dyn Bench,
        parameters: Argon2Parameters,
        password: &Plaintext,
        salt: &[u8],
        peppers: &Peppers,
    ) -> Result<Self, HashError> {
        let pepper = peppers.current().map(str::to_owned);
        let mut hash = Self { parameters, pepper, salt: salt.to_vec(), tag: vec![0; TAG_BYTES] };
        hash.tag = hash.tag_of(bench, password, peppers)?;
        Ok(hash)
    }

    /// Whether this is the hash of `password`.
    pub(super) fn verify(
        &self,
        bench: &mut dyn Bench,
        password: &Plaintext,
        peppers: &Peppers,
    ) -> Result<bool, HashError> {
        let mut tag = self.tag_of(bench, password, peppers)?;
        let same = tag.ct_eq(&self.tag).into();
        tag.zeroize();
        Ok(same)
    }

    /// The tag of `password` in place of the own one.
    fn tag_of(
        &self,
        bench: &mut dyn Bench,
        password: &Plaintext,
        peppers: &Peppers,
    ) -> Result<Vec<u8>, HashError> {
        let peppered = self.pepper.as_ref().map(|id| peppers.applied(id, password)).transpose()?;
        let password = match &peppered {
            None => password.expose().as_bytes(),
            Some(peppered) => peppered.as_slice(),
        };
        let mut tag = vec![0; self.tag.len()];
        bench.compute(&self.parameters, &Argon2Inputs::new(password, &self.salt), &mut tag)?;
        Ok(tag)
    }

    /// The PHC string.
    pub(super) fn to_phc(&self) -> HashedPassword {
        let Argon2Parameters { variant, version, memory_kib, iterations, parallelism } =
            self.parameters;
        let variant = match variant {
            Argon2Variant::Argon2d => "argon2d",
            Argon2Variant::Argon2i => "argon2i",
            Argon2Variant::Argon2id => "argon2id",
        };
        let version = match version {
            Argon2Version::V0x10 => 16,
            Argon2Version::V0x13 => 19,
        };
        let pepper = self.pepper.as_ref();
        let key_id = pepper.map(|id| format!(",{KEY_ID}{}", BASE64_NOPAD.encode(id.as_bytes())));
        HashedPassword::from_stored(format!(
            "${variant}$v={version}$m={memory_kib},t={iterations},p={parallelism}{}${}${}",
            key_id.unwrap_or_default(),
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.tag),
        ))
    }

    /// Reads a PHC string that asks for at most `most_kib` of memory. Without a version it is of
    /// version 1.0, as before there were others.
    pub(super) fn from_phc(text: &str, most_kib: u32) -> Result<Self, HashError> {
        let damaged = HashError::Unsupported("damaged Argon2 string");
        let mut parts = text.split('$');
        if parts.next() != Some("") {
            return Err(HashError::Unsupported("no PHC string"));
        }
        let variant = match parts.next() {
            Some("argon2d") => Argon2Variant::Argon2d,
            Some("argon2i") => Argon2Variant::Argon2i,
            Some("argon2id") => Argon2Variant::Argon2id,
            _ => return Err(HashError::Unsupported("not an Argon2 hash")),
        };
        let mut parts = parts.peekable();
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Argon2Version::V0x10,
            Some("v=19") => Argon2Version::V0x13,
            Some(_) => return Err(HashError::Unsupported("unknown Argon2 version")),
        };
        let (Some(costs), Some(salt), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(damaged);
        };
        let Some((memory_kib, iterations, parallelism, pepper)) = parse_costs(costs) else {
            return Err(damaged);
        };
        if memory_kib > most_kib || iterations > MAX_ITERATIONS || parallelism > MAX_PARALLELISM {
            return Err(HashError::Unsupported("Argon2 parameters out of bounds"));
        }
        if parallelism == 0 || iterations == 0 || memory_kib < LEAST_KIB_PER_LANE * parallelism {
            return Err(damaged);
        }
        let (Ok(salt), Ok(tag)) =
            (BASE64_NOPAD.decode(salt.as_bytes()), BASE64_NOPAD.decode(tag.as_bytes()))
        else {
            return Err(damaged);
        };
        if !STORED_TAG_BYTES.contains(&tag.len()) || !STORED_SALT_BYTES.contains(&salt.len()) {
            return Err(damaged);
        }
        let parameters = Argon2Parameters { variant, version, memory_kib, iterations, parallelism };
        Ok(Self { parameters, pepper, salt, tag })
    }
}

/// The member of a PHC string that names a key; its value is Base64 of 1 to 8 bytes.
const KEY_ID: &str = "keyid=";

/// `m=…,t=…,p=…` in this order, and `keyid=…` if there is a pepper, as the PHC string format has it;
/// a further member (data) means an input that is not here.
fn parse_costs(text: &str) -> Option<(u32, u32, u32, Option<String>)> {
    let mut costs = text.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse().ok();
    let (memory_kib, iterations, parallelism) = (cost("m=")?, cost("t=")?, cost("p=")?);
    let pepper = match costs.next() {
        None => None,
        Some(member) => Some(decode_key_id(member.strip_prefix(KEY_ID)?)?),
    };
    costs.next().is_none().then_some((memory_kib, iterations, parallelism, pepper))
}

fn decode_key_id(text: &str) -> Option<String> {
    let id = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    String::from_utf8(id).ok().filter(|id| is_id(id))
}

/// The id of the pepper key that a PHC string names, if it does.
pub(super) fn key_id(text: &str) -> Option<String> {
    let hash = Argon2Hash::from_phc(text, u32::MAX).ok()?;
    hash.pepper
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HashProfile;
    use crate::hash::kernel::RustCryptoKernel;
    use crate::hash::pool::KernelBench;

    fn bench() -> KernelBench<RustCryptoKernel> {
        KernelBench::new(RustCryptoKernel.into(), 256).unwrap()
    }

    fn read(text: &str) -> Result<Argon2Hash, HashError> {
        Argon2Hash::from_phc(text, 1024)
    }

    fn verify(stored: &Argon2Hash, password: &str, peppers: &Peppers) -> Result<bool, HashError> {
        stored.verify(&mut bench(), &Plaintext::from(password), peppers)
    }

    fn hash(password: &str, peppers: &Peppers) -> HashedPassword {
        let parameters = HashProfile::INSECURE_FOR_TESTS.parameters();
        let password = Plaintext::from(password);
        Argon2Hash::compute(&mut bench(), parameters, &password, &[7; 16], peppers)
            .unwrap()
            .to_phc()
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
    fn what_is_written_is_read_again() {
        let password = "correct horse battery staple";
        let phc = hash(password, &Peppers::none());
        assert!(phc.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(verify(&read(phc.as_str()).unwrap(), password, &Peppers::none()).unwrap());
        let old = "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY";
        assert_eq!(
            read(old).unwrap().to_phc().as_str(),
            old.replace("argon2i$", "argon2i$v=16$"),
            "the version is always told"
        );
    }

    #[test]
    fn a_peppered_hash_names_its_key_and_takes_it() {
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
        // It is not the password that the key was left out of.
        let plain = read(&phc.as_str().replace(",keyid=b25l", "")).unwrap();
        assert!(!verify(&plain, "a password", &one).unwrap());
    }

    #[test]
    fn damaged_or_foreign_hashes_are_named_so() {
        let tag = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let good = format!("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ${tag}");
        assert!(read(&good).is_ok());
        for (right, wrong) in [
            (good.as_str(), ""),
            (&good, "plain"),
            (&good, "$2b$12$abcdefghijklmnopqrstuv"),
            (&format!("${tag}"), ""),
            ("v=19", "v=18"),
            ("m=256,t=2,p=1", "m=256,p=1,t=2"),
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
            (tag, ""),
            (tag, "AAAA"),
            (tag, "!!!!"),
            ("c29tZXNhbHQ", "c2FsdA"),
            ("c29tZXNhbHQ", "!!!!"),
        ] {
            let bad = good.replace(right, wrong);
            assert_ne!(bad, good);
            let verdict = read(&bad);
            assert!(matches!(verdict, Err(HashError::Unsupported(_))), "{bad}");
        }
    }
}
