//! Test support for programs that use `repass-core`: an in-memory store, a manual clock, fixtures, and
//! the conformance suite for stores.
//!
//! [`MemoryStore`] is not for production: its content is lost when the process ends.
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
pub mod fixtures;
mod memory;

pub use clock::ManualClock;
pub use memory::MemoryStore;
