//! Where a thread computes: a kernel and an arena, with the kernel's type forgotten.

use std::sync::Arc;

use crate::hash::HashError;
use crate::hash::arena::Arena;
use crate::hash::kernel::{Argon2Inputs, Argon2Kernel, Argon2Parameters};

/// Computes Argon2 with whatever kernel there is.
pub(in crate::hash) trait Bench {
    /// Computes the tag of `inputs` into `tag`: in the thread's arena, or, when that is too small, in
    /// memory that is given back afterwards.
    fn compute(
        &mut self,
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), HashError>;

    /// Wipes what the last computation left in the arena: to be called before anything is done that
    /// does not overwrite it, and before nothing is done.
    fn wipe(&mut self);
}

/// A kernel, and the memory of one thread for it.
pub(in crate::hash) struct KernelBench<K: Argon2Kernel> {
    kernel: Arc<K>,
    arena: Arena<K::Block>,
}

impl<K: Argon2Kernel> KernelBench<K> {
    /// With an arena of so many blocks.
    pub(in crate::hash) fn new(kernel: Arc<K>, blocks: usize) -> Result<Self, HashError> {
        const { assert!(size_of::<K::Block>() == 1024, "a block of Argon2 has 1024 bytes") }
        Ok(Self { kernel, arena: Arena::new(blocks)? })
    }
}

impl<K: Argon2Kernel> Bench for KernelBench<K> {
    fn compute(
        &mut self,
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = parameters.blocks();
        let mut own;
        let arena = if blocks <= self.arena.blocks() {
            &mut self.arena
        } else {
            self.arena.wipe();
            own = Arena::new(blocks)?;
            &mut own
        };
        let mut lent = arena.lend(blocks).ok_or(HashError::OutOfMemory { kib: blocks })?;
        self.kernel
            .fill(&mut lent, parameters, inputs, tag)
            .map_err(|error| HashError::Algorithm(error.to_string()))?;
        lent.finish();
        Ok(())
    }

    fn wipe(&mut self) {
        self.arena.wipe();
    }
}
