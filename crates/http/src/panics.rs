//! Catches panics and withholds their messages, which may quote a secret.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use zeroize::Zeroize;

thread_local! {
    /// The location of this thread's last panic, if one of the hooks below is installed.
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

/// Replaces the panic hook by one that reports the location of a panic and withholds its message.
/// It writes to the log, or to standard error if no `tracing` subscriber is set.
///
/// The message of a panic may quote a password. The service never logs it, but Rust's default hook
/// prints it before the panic is caught. Call this at the start of `main` in a program that runs
/// nothing but repass. The service's error lines then also have the location.
pub fn install_redacting_panic_hook() {
    std::panic::set_hook(Box::new(report_location));
}

/// Does the same for panics within the service and in the hasher's threads, and passes all others
/// to the previous hook. For applications that run more than repass.
pub fn chain_redacting_panic_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let is_hasher =
            std::thread::current().name().is_some_and(|name| name.starts_with("repass-"));
        if is_hasher || IS_GUARDED.try_with(Cell::get).unwrap_or(true) {
            report_location(info);
        } else {
            previous(info);
        }
    }));
}

fn report_location(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let shown = location.as_deref().unwrap_or("an unknown location");
    // Standard error can block; the log does not.
    if tracing::dispatcher::has_been_set() {
        // `RequestLog::panicked` logs a guarded panic.
        if !IS_GUARDED.try_with(Cell::get).unwrap_or(false) {
            tracing::error!(target: "repass::panic", thread = name, location = shown, "panicked");
        }
    } else {
        // A failure to write cannot be reported anywhere.
        let _ =
            writeln!(std::io::stderr(), "thread '{name}' panicked at {shown} (message withheld)");
    }
    let _ = LOCATION.try_with(|last| last.replace(location));
}

/// Runs `work` and catches a panic.
pub(crate) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    // Unwind safe: after a panic only `Call::reject` runs, which uses nothing but the parsed head.
    let outer = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(outer);
    result.map_err(caught)
}

/// Awaits `work` and catches a panic.
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

    /// Serializes the tests that replace the panic hook.
    static HOOK: Mutex<()> = Mutex::new(());

    #[test]
    fn guard_returns_results_and_catches_panics() {
        assert_eq!(guard(|| 1).unwrap(), 1);
        assert!(guard(|| panic!("{}", "of any kind")).is_err());
        assert!(guard(|| std::panic::panic_any(7)).is_err());
    }

    #[test]
    fn a_caught_panic_has_its_location() {
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
    fn e9_panics_outside_the_service_go_to_the_previous_hook() {
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
    async fn guard_async_returns_results_and_catches_panics() {
        assert_eq!(guard_async(async { 1 }).await.unwrap(), 1);
        let work = async {
            tokio::task::yield_now().await;
            panic!("after a while");
        };
        assert!(guard_async(work).await.is_err());
    }
}
