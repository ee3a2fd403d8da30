//! Panics become answers, and what they say stays unsaid: it may quote a secret.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use zeroize::Zeroize;

thread_local! {
    /// Where the last panic of this thread was, when one of the hooks below is installed.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether this thread is within [`guard`].
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
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
/// it, but Rust's own hook prints it before anybody can catch the panic. For programs that are repass
/// alone; call it at the start of `main`. The service's error lines name the place of a panic as well
/// then.
pub fn install_redacting_panic_hook() {
    std::panic::set_hook(Box::new(tell_location));
}

/// Does the same for panics within the service and in the hasher's threads, and leaves all others to the
/// hook that was there before. For applications that have a service of their own beside repass.
pub fn chain_redacting_panic_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let is_hasher =
            std::thread::current().name().is_some_and(|name| name.starts_with("repass-"));
        if is_hasher || IS_GUARDED.try_with(Cell::get).unwrap_or(true) {
            tell_location(info);
        } else {
            previous(info);
        }
    }));
}

fn tell_location(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let place = location.as_deref().unwrap_or("an unknown place");
    // Writing to standard error could wait for its reader, and with it all other requests.
    if tracing::dispatcher::has_been_set() {
        // The service logs what it catches itself.
        if !IS_GUARDED.try_with(Cell::get).unwrap_or(false) {
            tracing::error!(target: "repass::panic", thread = name, location = place, "panicked");
        }
    } else {
        // An error here has no one to be told to.
        let _ =
            writeln!(std::io::stderr(), "thread '{name}' panicked at {place} (message withheld)");
    }
    let _ = LOCATION.try_with(|last| last.replace(location));
}

/// Runs `work`; a panic in it is caught.
pub(crate) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What was being worked on is not looked at again after a panic, except by the answer of a fault,
    // which reads what the call kept of the head alone.
    let outer = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(outer);
    result.map_err(caught)
}

/// Awaits `work`; a panic in it is caught.
pub(crate) async fn guard_async<F: Future>(work: F) -> Result<F::Output, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match guard(|| work.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

fn caught(payload: Box<dyn Any + Send>) -> Panicked {
    if let Ok(mut message) = payload.downcast::<String>() {
        message.zeroize();
    }
    Panicked { location: LOCATION.try_with(RefCell::take).ok().flatten() }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// The hook is the process's.
    static HOOK: Mutex<()> = Mutex::new(());

    #[test]
    fn panics_are_caught_and_results_pass() {
        assert_eq!(guard(|| 1).unwrap(), 1);
        assert!(guard(|| panic!("{}", "of any kind")).is_err());
        assert!(guard(|| std::panic::panic_any(7)).is_err());
    }

    #[test]
    fn the_place_is_known_where_messages_are_withheld() {
        let _hook = HOOK.lock();
        let prior = std::panic::take_hook();
        install_redacting_panic_hook();
        let caught = guard(|| panic!("here"));
        std::panic::set_hook(prior);
        let location = caught.unwrap_err().location.unwrap();
        assert!(location.contains("panics.rs:"), "{location}");
    }

    /// Proves E9.
    #[test]
    fn e9_panics_outside_the_service_go_to_the_hook_that_was_there() {
        static OTHERS: AtomicUsize = AtomicUsize::new(0);
        let _hook = HOOK.lock();
        let prior = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {
            OTHERS.fetch_add(1, Ordering::SeqCst);
        }));
        chain_redacting_panic_hook();
        let within = guard(|| panic!("within"));
        let outside = catch_unwind(|| panic!("outside"));
        let hashing = std::thread::Builder::new().name("repass-hash-0".to_owned());
        let hashing = hashing.spawn(|| panic!("hashing")).unwrap().join();
        std::panic::set_hook(prior);
        assert!(within.is_err() && outside.is_err() && hashing.is_err());
        assert_eq!(OTHERS.load(Ordering::SeqCst), 1);
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
