//! Panics become answers, and what they say stays unsaid: it may quote a secret.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use futures_util::FutureExt;
use zeroize::Zeroize;

thread_local! {
    /// Where the last panic of this thread was, when [`withhold_panic_messages`] is in force.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug)]
pub(crate) struct Panicked {
    /// File, line and column, when known.
    pub(crate) location: Option<String>,
}

/// Replaces the process's panic hook by one that tells where a panic was, and not what it said: to the
/// log, or to standard error while no log was started.
///
/// A panic's message may quote what was being worked on, and so a password. The service never logs
/// it, but Rust's own hook prints it before anybody can catch the panic. Call this at the start of
/// `main`. The service's error lines name the place of a panic as well then.
pub fn withhold_panic_messages() {
    std::panic::set_hook(Box::new(tell_location));
}

fn tell_location(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let place = location.as_deref().unwrap_or("an unknown place");
    if tracing::dispatcher::has_been_set() {
        // Writing to standard error here could wait for its reader, and with it all other requests.
        tracing::error!(target: "repass::panic", thread = name, location = place, "panicked");
    } else {
        // Nobody is left to be told when this fails.
        let _ =
            writeln!(std::io::stderr(), "thread '{name}' panicked at {place} (message withheld)");
    }
    let _ = LOCATION.try_with(|last| last.replace(location));
}

/// Runs `work`; a panic in it is caught.
pub(crate) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What was being worked on is not looked at again after a panic, except by the answer of a fault,
    // which reads the head of the request alone.
    catch_unwind(AssertUnwindSafe(work)).map_err(caught)
}

/// Awaits `work`; a panic in it is caught.
pub(crate) async fn guard_async<F: Future>(work: F) -> Result<F::Output, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(caught)
}

fn caught(payload: Box<dyn Any + Send>) -> Panicked {
    if let Ok(mut message) = payload.downcast::<String>() {
        message.zeroize();
    }
    Panicked { location: LOCATION.try_with(RefCell::take).ok().flatten() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_caught_and_results_pass() {
        assert_eq!(guard(|| 1).unwrap(), 1);
        assert!(guard(|| panic!("{}", "of any kind")).is_err());
        assert!(guard(|| std::panic::panic_any(7)).is_err());
    }

    #[test]
    fn the_place_is_known_where_messages_are_withheld() {
        let prior = std::panic::take_hook();
        withhold_panic_messages();
        let caught = guard(|| panic!("here"));
        std::panic::set_hook(prior);
        let location = caught.unwrap_err().location.unwrap();
        assert!(location.contains("panics.rs:"), "{location}");
    }

    #[tokio::test]
    async fn panics_of_futures_are_caught() {
        assert_eq!(guard_async(async { 1 }).await.unwrap(), 1);
        let work = async {
            tokio::task::yield_now().await;
            panic!("after a while");
        };
        assert!(guard_async(work).await.is_err());
    }
}
