//! What computes Argon2, behind one small trait.

mod rust_crypto;
mod vector;

use std::fmt;

pub use rust_crypto::RustCryptoKernel;
pub use vector::VectorKernel;

/// Computes Argon2 (RFC 9106) in memory that it is given.
///
/// [`Argon2idHasher`](crate::Argon2idHasher) runs one `fill` per thread at a time, each in an arena
/// of the thread's own. The arena is page-aligned. It may hold what the `fill` before left there, so
/// every block is to be written before it is read, which is how Argon2 goes about it. The hasher wipes
/// it, so a kernel needs to wipe only what it keeps elsewhere.
pub trait Argon2Kernel: fmt::Debug + Send + Sync + 'static {
    /// One block of memory: 1024 bytes, which is checked when the program is compiled. Its default
    /// is what memory is wiped with.
    type Block: Copy + Default + Send + 'static;

    /// What to call it in a table or a log.
    fn name(&self) -> &'static str;

    /// Computes the tag of `inputs` into the whole of `tag`, 4 to 1024 bytes.
    ///
    /// `arena` has exactly [`parameters.blocks()`](Argon2Parameters::blocks) blocks.
    ///
    /// # Errors
    /// When the kernel does not take such parameters or inputs.
    fn fill(
        &self,
        arena: &mut [Self::Block],
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), KernelError>;
}

/// Which Argon2, and how costly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Parameters {
    /// The variant.
    pub variant: Argon2Variant,
    /// The version.
    pub version: Argon2Version,
    /// Memory in KiB; at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub iterations: u32,
    /// Lanes, at least 1.
    pub parallelism: u32,
}

impl Argon2Parameters {
    /// Blocks of memory that the computation takes: the memory in KiB, rounded down to a multiple of
    /// four for each lane (RFC 9106, section 3.2, step 2).
    pub const fn blocks(&self) -> usize {
        let four_per_lane = 4 * self.parallelism as usize;
        self.memory_kib as usize / four_per_lane * four_per_lane
    }
}

/// How Argon2 chooses the blocks that it reads again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argon2Variant {
    /// By what it has computed.
    Argon2d,
    /// By its place alone.
    Argon2i,
    /// By its place in the first half of the first pass, then by what it has computed.
    Argon2id,
}

/// Version of Argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argon2Version {
    /// 1.0, decimal 16: older than RFC 9106.
    V0x10,
    /// 1.3, decimal 19: that of RFC 9106.
    V0x13,
}

/// What is hashed.
#[derive(Clone, Copy)]
pub struct Argon2Inputs<'a> {
    /// The password (RFC 9106 calls it the message, P).
    pub password: &'a [u8],
    /// The salt, S; 8 bytes or more.
    pub salt: &'a [u8],
    /// The secret value, K; empty when there is none.
    pub secret: &'a [u8],
    /// The associated data, X; empty when there is none.
    pub associated_data: &'a [u8],
}

impl<'a> Argon2Inputs<'a> {
    /// A password with its salt, and neither secret value nor associated data.
    pub const fn new(password: &'a [u8], salt: &'a [u8]) -> Self {
        Self { password, salt, secret: &[], associated_data: &[] }
    }
}

impl fmt::Debug for Argon2Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Argon2Inputs(..)")
    }
}

/// A kernel refused its parameters or inputs. The reason quotes no input.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct KernelError {
    reason: String,
}

impl KernelError {
    /// For this reason, which must not quote an input.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string() }
    }
}

/// Computes with a crate that has the API of the `argon2` crate; there are two. `$adjusted` has the
/// last word on how.
macro_rules! fill_by {
    ($api:ident, $argon2:ident => $adjusted:expr, $arena:ident, $parameters:ident, $inputs:ident, $tag:ident) => {{
        use $api::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

        use crate::hash::kernel::{Argon2Variant, Argon2Version};

        let mut costs = ParamsBuilder::new();
        costs
            .m_cost($parameters.memory_kib)
            .t_cost($parameters.iterations)
            .p_cost($parameters.parallelism)
            .output_len($tag.len());
        if !$inputs.associated_data.is_empty() {
            costs.data(AssociatedData::new($inputs.associated_data).map_err(KernelError::new)?);
        }
        let costs = costs.build().map_err(KernelError::new)?;
        let algorithm = match $parameters.variant {
            Argon2Variant::Argon2d => Algorithm::Argon2d,
            Argon2Variant::Argon2i => Algorithm::Argon2i,
            Argon2Variant::Argon2id => Algorithm::Argon2id,
        };
        let version = match $parameters.version {
            Argon2Version::V0x10 => Version::V0x10,
            Argon2Version::V0x13 => Version::V0x13,
        };
        let $argon2 = Argon2::new_with_secret($inputs.secret, algorithm, version, costs)
            .map_err(KernelError::new)?;
        $adjusted
            .hash_password_into_with_memory($inputs.password, $inputs.salt, $tag, $arena)
            .map_err(KernelError::new)
    }};
}
use fill_by;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Argon2Path;

    #[test]
    fn rfc_9106_3_2_the_memory_is_a_multiple_of_four_blocks_a_lane() {
        let blocks = |memory_kib, parallelism| {
            let (variant, version) = (Argon2Variant::Argon2id, Argon2Version::V0x13);
            Argon2Parameters { variant, version, memory_kib, iterations: 1, parallelism }.blocks()
        };
        assert_eq!(blocks(32, 4), 32);
        assert_eq!(blocks(47, 4), 32);
        assert_eq!(blocks(19456, 1), 19456);
        assert_eq!(blocks(19457, 1), 19456);
    }

    #[test]
    fn inputs_are_not_told() {
        let inputs = Argon2Inputs::new(b"password", b"somesalt");
        assert_eq!(format!("{inputs:?}"), "Argon2Inputs(..)");
    }

    /// RFC 9106, sections 5.1 to 5.3: all inputs, all variants.
    #[test]
    fn rfc_9106_5_test_vectors() {
        let inputs = Argon2Inputs {
            password: &[1; 32],
            salt: &[2; 16],
            secret: &[3; 8],
            associated_data: &[4; 12],
        };
        for (variant, expected) in [
            (
                Argon2Variant::Argon2d,
                "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
            ),
            (
                Argon2Variant::Argon2i,
                "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
            ),
            (
                Argon2Variant::Argon2id,
                "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
            ),
        ] {
            let version = Argon2Version::V0x13;
            let parameters = Argon2Parameters {
                variant,
                version,
                memory_kib: 32,
                iterations: 3,
                parallelism: 4,
            };
            assert_eq!(tag(&RustCryptoKernel, &parameters, &inputs), expected, "{variant:?}");
            for path in Argon2Path::ALL.into_iter().filter(|path| path.is_available()) {
                let kernel: VectorKernel = path.as_str().parse().unwrap();
                assert_eq!(tag(&kernel, &parameters, &inputs), expected, "{variant:?}, {path}");
            }
        }
    }

    fn tag<K: Argon2Kernel>(
        kernel: &K,
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
    ) -> String {
        let mut arena = vec![K::Block::default(); parameters.blocks()];
        let mut tag = [0; 32];
        // What another computation leaves in the arena makes no difference.
        let other = Argon2Inputs::new(b"another password", b"another salt");
        kernel.fill(&mut arena, parameters, &other, &mut tag).unwrap();
        kernel.fill(&mut arena, parameters, inputs, &mut tag).unwrap();
        data_encoding::HEXLOWER.encode(&tag)
    }

    #[test]
    fn what_a_kernel_does_not_take_is_an_error() {
        refuse(&RustCryptoKernel);
        refuse(&VectorKernel::auto());
    }

    fn refuse<K: Argon2Kernel>(kernel: &K) {
        let parameters = Argon2Parameters {
            variant: Argon2Variant::Argon2id,
            version: Argon2Version::V0x13,
            memory_kib: 8,
            iterations: 1,
            parallelism: 1,
        };
        let mut arena = vec![K::Block::default(); parameters.blocks()];
        let refused = |arena: &mut [K::Block], inputs: Argon2Inputs<'_>| {
            kernel.fill(arena, &parameters, &inputs, &mut [0; 32]).is_err()
        };
        let inputs = Argon2Inputs::new(b"password", b"somesalt");
        assert!(!refused(&mut arena, inputs));
        assert!(refused(&mut arena, Argon2Inputs { salt: b"short", ..inputs }));
        assert!(refused(&mut arena, Argon2Inputs { associated_data: &[0; 33], ..inputs }));
        assert!(refused(&mut arena[..7], inputs));
    }
}
