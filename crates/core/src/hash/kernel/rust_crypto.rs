use argon2::Block;

use super::{Argon2Inputs, Argon2Kernel, Argon2Parameters, KernelError, fill_by};

/// The kernel of the `argon2` crate, by the RustCrypto project. It computes the lanes one after the
/// other, and takes at most 32 bytes of associated data.
#[derive(Debug, Clone, Copy, Default)]
pub struct RustCryptoKernel;

impl Argon2Kernel for RustCryptoKernel {
    type Block = Block;

    fn name(&self) -> &'static str {
        "argon2 crate"
    }

    fn fill(
        &self,
        arena: &mut [Block],
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), KernelError> {
        fill_by!(argon2, argon2 => argon2, arena, parameters, inputs, tag)
    }
}
