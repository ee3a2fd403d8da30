//! Tools for tests of programs and stores that use `repass-core`.
//!
//! | | |
//! | --- | --- |
//! | [`conformance`] | the behavior that every store must have, as named checks |
//! | [`MemoryStore`] | a store in memory, with all ports |
//! | [`FailingStore`] | a store that is unavailable, fails or panics |
//! | [`ManualClock`] | a clock that a test moves by hand |
//! | [`fixtures`] | accounts, tokens and changes, and hashers that cost little |
//!
//! It is not for production: [`MemoryStore`] loses everything with the process, and the hashers of
//! [`fixtures`] protect no password. It has no features.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use repass_core::Clock;
//! use repass_testkit::conformance::{self, AdministrationFixture};
//! use repass_testkit::{ManualClock, MemoryStore};
//!
//! let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(clock.now().to_string(), "2026-01-01T00:01:00Z");
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let fixture = AdministrationFixture::new(Arc::new(MemoryStore::new()));
//! conformance::run(&fixture).await.assert_all_passed();
//! # });
//! ```
//!
//! To test a store of your own, see [`conformance`].

mod clock;
pub mod conformance;
mod failing_store;
pub mod fixtures;
mod memory;

pub use clock::ManualClock;
pub use failing_store::{FailingStore, StoreFailure};
pub use memory::MemoryStore;
