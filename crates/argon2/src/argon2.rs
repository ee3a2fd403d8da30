mod initial;

use std::fmt;

use zeroize::Zeroize;

use crate::blake2b_long::blake2b_long;
use crate::fill::{Fill, Geometry};
use crate::memory::Memory;
use crate::{Algorithm, Block, Error, Params, Path, PathError, Result, Version};

/// Maximum length of a password, in bytes.
pub const MAX_PWD_LEN: usize = 0xFFFF_FFFF;
/// Minimum length of a salt, in bytes.
pub const MIN_SALT_LEN: usize = 8;
/// Maximum length of a salt, in bytes.
pub const MAX_SALT_LEN: usize = 0xFFFF_FFFF;
/// Recommended length of a salt for passwords, in bytes.
pub const RECOMMENDED_SALT_LEN: usize = 16;
/// Maximum length of a secret, in bytes.
pub const MAX_SECRET_LEN: usize = 0xFFFF_FFFF;

/// Argon2 with its parameters.
///
/// Uses the [`path`](crate::path()) of the process, unless [`Argon2::with_path`] sets another.
#[derive(Clone)]
pub struct Argon2<'key> {
    inputs: Inputs<'key>,
    path: Path,
    kernel: &'static dyn Fill,
}

impl<'key> Argon2<'key> {
    /// Creates an instance without a secret.
    #[must_use]
    pub fn new(algorithm: Algorithm, version: Version, params: Params) -> Self {
        Self::on_path(Inputs { algorithm, version, params, secret: None })
    }

    /// Creates an instance with a secret, also called pepper: a key stored apart from the hashes.
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

    /// Sets the path. It has no effect on the hash.
    ///
    /// # Errors
    /// If this CPU does not have the instructions, or the path fails its [check](Path::check).
    pub fn with_path(self, path: Path) -> std::result::Result<Self, PathError> {
        path.check()?;
        let kernel = path.kernel().ok_or(PathError::Unavailable(path))?;
        Ok(Self { path, kernel, ..self })
    }

    /// The path.
    #[must_use]
    pub const fn path(&self) -> Path {
        self.path
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.inputs.params
    }

    /// Hashes `pwd` with `salt` into `out`, in allocated memory that is wiped afterwards.
    ///
    /// The allocation takes up to half of the time. To hash repeatedly, reuse the memory with
    /// [`Argon2::hash_password_into_with_memory`].
    ///
    /// # Errors
    /// - [`Error::PwdTooLong`], [`Error::SaltTooShort`] and [`Error::SaltTooLong`].
    /// - [`Error::OutputTooShort`] and [`Error::OutputTooLong`] if `out` does not have the length
    ///   in the parameters, or has less than 4 or more than 2^32 - 1 bytes.
    /// - [`Error::OutOfMemory`].
    pub fn hash_password_into(&self, pwd: &[u8], salt: &[u8], out: &mut [u8]) -> Result<()> {
        self.inputs.verify(pwd, salt, out)?;
        let mut memory = Memory::zeroed(self.params().block_count())?;
        self.hash_password_into_with_memory(pwd, salt, out, &mut memory)
    }

    /// Hashes `pwd` with `salt` into `out`, in the caller's memory: at least
    /// [`Params::block_count`] blocks with any content. They are not wiped; see
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

/// The inputs of a hash except the password and its salt.
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

    /// Computes the hash of checked inputs, in memory of exactly the required length.
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
    fn inputs_out_of_bounds_are_refused() {
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
    fn too_little_memory_is_refused_for_the_maximum_cost() {
        if size_of::<usize>() == 8 {
            let argon2 = Argon2::from(Params::new(u32::MAX, 1, 1, None).unwrap());
            let mut memory = [Block::new()];
            let result =
                argon2.hash_password_into_with_memory(b"", &[0; 8], &mut [0; 4], &mut memory[..]);
            assert_eq!(result, Err(Error::MemoryTooLittle));
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        let argon2 = Argon2::new_with_secret(
            b"pepper of the server",
            Algorithm::Argon2id,
            Version::V0x13,
            Params::DEFAULT,
        );
        assert!(!format!("{argon2:?}").contains("pepper"));
        assert!(!format!("{argon2:?}").contains("112"));
    }

    #[test]
    fn an_unavailable_path_is_refused() {
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
