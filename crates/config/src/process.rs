//! What both programs set up for their process.

/// Keeps the secrets of this process in it: the message of a panic, which may quote one, is
/// withheld, and no core dump is written. On Linux only root can attach a debugger.
pub fn protect_secrets() {
    repass_http::install_redacting_panic_hook();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // To lower a limit is always allowed.
        let _ = setrlimit(Resource::Core, none);
    }
    // Linux ignores the limit if it pipes dumps to a program, as systemd-coredump.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
