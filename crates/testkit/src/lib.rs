//! For tests of programs that use `repass-core`: a store in memory, a clock that is moved by hand, and
//! the conformance suite of stores.

mod clock;
pub mod conformance;
mod memory;

pub use clock::ManualClock;
pub use memory::MemoryStore;
