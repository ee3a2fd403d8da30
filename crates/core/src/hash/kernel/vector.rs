use std::str::FromStr;

use repass_argon2::{Block, Path, PathError};

use super::{Argon2Inputs, Argon2Kernel, Argon2Parameters, KernelError, fill_by};

/// The kernel of the `repass-argon2` crate, and the default: it computes with the widest vectors that
/// the CPU has. It takes at most 32 bytes of associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorKernel {
    path: Path,
}

impl VectorKernel {
    /// The best one for this CPU, found out once in the life of the process.
    pub fn auto() -> Self {
        Self { path: repass_argon2::path() }
    }

    /// One that computes with these instructions.
    ///
    /// # Errors
    /// When this CPU does not have them, or computes wrongly with them.
    pub fn on_path(path: Path) -> Result<Self, PathError> {
        path.check()?;
        Ok(Self { path })
    }

    /// Whether [`auto`](Self::auto) is the best that the CPU says it has. Programs log it when they
    /// start.
    ///
    /// # Errors
    /// When it is not; hashes are right nevertheless, only slower.
    pub fn self_check() -> Result<(), PathError> {
        repass_argon2::self_check().map(drop)
    }
}

impl Default for VectorKernel {
    fn default() -> Self {
        Self::auto()
    }
}

/// Read from `auto`, `portable`, `neon`, `avx2` or `avx512`.
impl FromStr for VectorKernel {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Self, PathError> {
        if name == "auto" { Ok(Self::auto()) } else { Self::on_path(name.parse()?) }
    }
}

impl Argon2Kernel for VectorKernel {
    type Block = Block;

    fn name(&self) -> &'static str {
        self.path.as_str()
    }

    fn fill(
        &self,
        arena: &mut [Block],
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), KernelError> {
        fill_by!(
            repass_argon2,
            argon2 => argon2.with_path(self.path).map_err(KernelError::new)?,
            arena, parameters, inputs, tag
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_chosen_by_name() {
        assert_eq!("auto".parse(), Ok(VectorKernel::auto()));
        assert_eq!("portable".parse::<VectorKernel>().unwrap().name(), "portable");
        assert_eq!("sse".parse::<VectorKernel>(), Err(PathError::Unknown));
        for path in Path::ALL {
            assert_eq!(path.as_str().parse::<VectorKernel>().is_ok(), path.is_available());
        }
    }
}
