//! Hashing a password.

mod initial;

use std::fmt;

use zeroize::Zeroize;

use crate::blake2b_long::blake2b_long;
use crate::fill::{Fill, Geometry};
use crate::memory::Memory;
use crate::{Algorithm, Block, Error, Params, Path, PathError, Result, Version};

/// The longest password in bytes.
pub const MAX_PWD_LEN: usize = 0xFFFF_FFFF;
/// The shortest salt in bytes.
pub const MIN_SALT_LEN: usize = 8;
/// The longest salt in bytes.
pub const MAX_SALT_LEN: usize = 0xFFFF_FFFF;
/// The length in bytes that a salt for passwords should have.
pub const RECOMMENDED_SALT_LEN: usize = 16;
/// The longest secret in bytes.
pub const MAX_SECRET_LEN: usize = 0xFFFF_FFFF;

/// Argon2 with everything but the password and its salt.
///
/// It takes the process's [`path`](crate::path()), unless [`Argon2::with_path`] says another.
#[derive(Clone)]
pub struct Argon2<'key> {
    inputs: Inputs<'key>,
    path: Path,
    kernel: &'static dyn Fill,
}

impl<'key> Argon2<'key> {
    /// Without a secret.
    #[must_use]
    pub fn new(algorithm: Algorithm, version: Version, params: Params) -> Self {
        Self::on_path(Inputs { algorithm, version, params, secret: None })
    }

    /// With a secret: a key that is kept apart from the hashes, also called pepper.
    ///
    /// # Errors
    /// [`Error::SecretTooLong`].
    pub fn new_with_secret(
        secret: &'key [u8],
        algorithm: Algorithm,
        version: Version,
        params: Params,
    ) -> Result<Self> {
        if secret.len() > MAX_SECRET_LEN {
            return Err(Error::SecretTooLong);
        }
        Ok(Self::on_path(Inputs { algorithm, version, params, secret: Some(secret) }))
    }

    /// Computes with the instructions of `path`. The hash is the same.
    ///
    /// # Errors
    /// When this CPU does not have the instructions, or has been found to compute wrongly with them.
    pub fn with_path(self, path: Path) -> std::result::Result<Self, PathError> {
        path.check()?;
        let kernel = path.kernel().ok_or(PathError::Unavailable(path))?;
        Ok(Self { path, kernel, ..self })
    }

    /// The instructions that are computed with.
    #[must_use]
    pub const fn path(&self) -> Path {
        self.path
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.inputs.params
    }

    /// Hashes `pwd` with `salt` into `out`, in memory that is allocated for it and wiped after it.
    ///
    /// Allocating takes up to half of the time. To hash more than once, keep the memory and
    /// call [`Argon2::hash_password_into_with_memory`].
    ///
    /// # Errors
    /// - [`Error::PwdTooLong`], [`Error::SaltTooShort`] and [`Error::SaltTooLong`].
    /// - [`Error::OutputTooShort`] and [`Error::OutputTooLong`] when `out` has not the length that the
    ///   parameters ask for, or has less than 4 or more than 2^32 - 1 bytes.
    /// - [`Error::OutOfMemory`].
    pub fn hash_password_into(&self, pwd: &[u8], salt: &[u8], out: &mut [u8]) -> Result<()> {
        self.inputs.verify(pwd, salt, out)?;
        let mut memory = Memory::zeroed(self.params().block_count())?;
        self.hash_password_into_with_memory(pwd, salt, out, &mut memory)
    }

    /// Hashes `pwd` with `salt` into `out`, in the caller's memory: at least
    /// [`Params::block_count`] blocks with anything in them. They are not wiped; see
    /// [`wipe`](crate::wipe()).
    ///
    /// # Errors
    /// Those of [`Argon2::hash_password_into`], but [`Error::MemoryTooLittle`] instead of
    /// [`Error::OutOfMemory`].
    pub fn hash_password_into_with_memory(
        &self,
        pwd: &[u8],
        salt: &[u8],
        out: &mut [u8],
        mut memory_blocks: impl AsMut<[Block]>,
    ) -> Result<()> {
        self.inputs.verify(pwd, salt, out)?;
        let memory = memory_blocks
            .as_mut()
            .get_mut(..self.params().block_count())
            .ok_or(Error::MemoryTooLittle)?;
        self.inputs.hash(self.kernel, pwd, salt, out, memory);
        Ok(())
    }

    fn on_path(inputs: Inputs<'key>) -> Self {
        let path = crate::path();
        match path.kernel() {
            Some(kernel) => Self { inputs, path, kernel },
            None => Self { inputs, path: Path::Portable, kernel: &crate::kernel::Portable },
        }
    }
}

impl Default for Argon2<'_> {
    fn default() -> Self {
        Self::from(Params::default())
    }
}

impl From<Params> for Argon2<'_> {
    fn from(params: Params) -> Self {
        Self::new(Algorithm::default(), Version::default(), params)
    }
}

impl From<&Params> for Argon2<'_> {
    fn from(params: &Params) -> Self {
        Self::from(params.clone())
    }
}

/// Does not show the secret.
impl fmt::Debug for Argon2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2")
            .field("algorithm", &self.inputs.algorithm)
            .field("version", &self.inputs.version)
            .field("params", &self.inputs.params)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What goes into a hash beside the password and its salt.
#[derive(Clone)]
pub(crate) struct Inputs<'key> {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Params,
    pub(crate) secret: Option<&'key [u8]>,
}

impl Inputs<'_> {
    fn verify(&self, pwd: &[u8], salt: &[u8], out: &[u8]) -> Result<()> {
        if out.len() < self.params.output_len().unwrap_or(Params::MIN_OUTPUT_LEN) {
            return Err(Error::OutputTooShort);
        }
        if out.len() > self.params.output_len().unwrap_or(Params::MAX_OUTPUT_LEN) {
            return Err(Error::OutputTooLong);
        }
        if pwd.len() > MAX_PWD_LEN {
            return Err(Error::PwdTooLong);
        }
        if salt.len() < MIN_SALT_LEN {
            return Err(Error::SaltTooShort);
        }
        if salt.len() > MAX_SALT_LEN {
            return Err(Error::SaltTooLong);
        }
        Ok(())
    }

    /// Computes the hash of what is within bounds, in memory of exactly the right length.
    pub(crate) fn hash(
        &self,
        kernel: &dyn Fill,
        pwd: &[u8],
        salt: &[u8],
        out: &mut [u8],
        memory: &mut [Block],
    ) {
        let geometry = Geometry::new(self.algorithm, self.version, &self.params);
        self.seed(&geometry, pwd, salt, out.len(), memory);
        let mut last = kernel.fill(memory, &geometry);
        let mut bytes = last.to_bytes();
        last.zeroize();
        blake2b_long(&[&bytes], out);
        bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argon2() -> Argon2<'static> {
        Argon2::from(Params::new(16, 1, 1, None).unwrap())
    }

    #[test]
    fn inputs_out_of_bounds_are_told() {
        let hash = |salt: usize, out: usize| {
            argon2().hash_password_into(b"password", &vec![0; salt], &mut vec![0; out])
        };
        assert_eq!(hash(7, 32), Err(Error::SaltTooShort));
        assert_eq!(hash(8, 3), Err(Error::OutputTooShort));
        assert_eq!(hash(8, 4), Ok(()));
        let exact = Argon2::from(Params::new(16, 1, 1, Some(16)).unwrap());
        for (length, expected) in
            [(15, Err(Error::OutputTooShort)), (16, Ok(())), (17, Err(Error::OutputTooLong))]
        {
            assert_eq!(exact.hash_password_into(b"", &[0; 8], &mut vec![0; length]), expected);
        }
    }

    #[test]
    fn memory_may_be_more_than_needed_but_not_less() {
        let hash = |blocks: usize, before: u8| {
            let mut memory = vec![Block::from_bytes(&[before; Block::SIZE]); blocks];
            let mut tag = [0; 32];
            argon2()
                .hash_password_into_with_memory(b"password", &[0; 16], &mut tag, &mut memory[..])
                .map(|()| tag)
        };
        assert_eq!(hash(0, 0), Err(Error::MemoryTooLittle));
        assert_eq!(hash(15, 0), Err(Error::MemoryTooLittle));
        assert_eq!(hash(16, 0xA5), hash(16, 0));
        assert_eq!(hash(40, 0xA5), hash(16, 0));
    }

    #[test]
    fn nothing_is_computed_in_memory_that_cannot_be_had() {
        if size_of::<usize>() == 8 {
            let argon2 = Argon2::from(Params::new(u32::MAX, 1, 1, None).unwrap());
            let mut memory = [Block::new()];
            let result =
                argon2.hash_password_into_with_memory(b"", &[0; 8], &mut [0; 4], &mut memory[..]);
            assert_eq!(result, Err(Error::MemoryTooLittle));
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let argon2 = Argon2::new_with_secret(
            b"pepper of the house",
            Algorithm::Argon2id,
            Version::V0x13,
            Params::DEFAULT,
        );
        assert!(!format!("{argon2:?}").contains("pepper"));
        assert!(!format!("{argon2:?}").contains("112"));
    }

    #[test]
    fn a_path_that_this_cpu_has_not_is_refused() {
        for path in Path::ALL {
            match argon2().with_path(path) {
                Ok(argon2) => assert_eq!(argon2.path(), path),
                Err(error) => {
                    assert!(!path.is_available());
                    assert_eq!(error, PathError::Unavailable(path));
                }
            }
        }
    }
}
