//! A kernel that tells of each computation that begins, and waits before it goes on.

use std::sync::{Arc, Condvar, Mutex, Weak};

use repass_core::{Argon2Inputs, Argon2Kernel, Argon2Parameters, KernelError};
use tokio::sync::mpsc;

/// A password whose computation panics.
pub(super) const PANICS: &str = "panics";
/// A password that the kernel does not take.
pub(super) const REFUSED: &str = "refused by the kernel";

#[derive(Clone, Copy)]
pub(super) struct Block([u64; 128]);

impl Default for Block {
    fn default() -> Self {
        Self([0; 128])
    }
}

/// A computation that began.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) parameters: Argon2Parameters,
    pub(super) password: String,
    /// Where its memory begins.
    pub(super) address: usize,
    pub(super) blocks: usize,
    /// Whether something of an earlier computation was left in it.
    pub(super) dirty: bool,
}

#[derive(Debug)]
struct GatedKernel {
    tell: mpsc::UnboundedSender<Begun>,
    permits: Arc<Permits>,
    _life: Arc<()>,
}

#[derive(Debug, Default)]
struct Permits {
    left: Mutex<usize>,
    more: Condvar,
}

/// The test's hand on the kernel.
pub(super) struct Gate {
    begun: mpsc::UnboundedReceiver<Begun>,
    permits: Arc<Permits>,
    life: Weak<()>,
}

pub(super) fn gated() -> (impl Argon2Kernel, Gate) {
    let (tell, begun) = mpsc::unbounded_channel();
    let permits = Arc::new(Permits::default());
    let life = Arc::new(());
    let gate = Gate { begun, permits: Arc::clone(&permits), life: Arc::downgrade(&life) };
    (GatedKernel { tell, permits, _life: life }, gate)
}

impl Gate {
    /// The next computation that began, in the order they did.
    pub(super) async fn begun(&mut self) -> Begun {
        self.begun.recv().await.unwrap()
    }

    /// How many more have begun.
    pub(super) fn more(&self) -> usize {
        self.begun.len()
    }

    /// Lets so many computations go on.
    pub(super) fn open(&self, computations: usize) {
        *self.permits.left.lock().unwrap() += computations;
        self.permits.more.notify_all();
    }

    pub(super) fn kernel_lives(&self) -> bool {
        self.life.strong_count() > 0
    }
}

impl Drop for Gate {
    /// A test that failed must not leave threads behind that never end.
    fn drop(&mut self) {
        self.open(1_000_000);
    }
}

impl Argon2Kernel for GatedKernel {
    type Block = Block;

    fn name(&self) -> &'static str {
        "gated"
    }

    fn fill(
        &self,
        arena: &mut [Block],
        parameters: &Argon2Parameters,
        inputs: &Argon2Inputs<'_>,
        tag: &mut [u8],
    ) -> Result<(), KernelError> {
        let password = String::from_utf8(inputs.password.to_vec()).unwrap();
        let begun = Begun {
            parameters: *parameters,
            password: password.clone(),
            address: arena.as_ptr().addr(),
            blocks: arena.len(),
            dirty: arena.iter().any(|block| block.0 != [0; 128]),
        };
        self.tell.send(begun).unwrap();
        let mut left = self
            .permits
            .more
            .wait_while(self.permits.left.lock().unwrap(), |left| *left == 0)
            .unwrap();
        *left -= 1;
        drop(left);
        arena.fill(Block([u64::MAX; 128]));
        match password.as_str() {
            PANICS => panic!("as it was asked to"),
            REFUSED => return Err(KernelError::new("not this")),
            _ => {}
        }
        // No secure hash, but one that tells passwords apart.
        for (at, byte) in tag.iter_mut().enumerate() {
            *byte =
                inputs.password[at % inputs.password.len()] ^ inputs.salt[at % inputs.salt.len()];
        }
        Ok(())
    }
}
