//! Returns the free memory of the C library's allocator to the system.
//!
//! The GNU C library keeps memory that was freed below memory in use, so a process stays as large as
//! it was at its peak. [`malloc_trim`] returns such memory.
//!
//! ```
//! let buffers: Vec<Vec<u8>> = (0..1000).map(|_| vec![0; 1000]).collect();
//! drop(buffers);
//! repass_malloc_trim::malloc_trim();
//! ```

/// Returns free memory to the system, with `malloc_trim(3)` of the GNU C library. Does nothing with
/// other C libraries.
///
/// Meanwhile other threads may wait for the allocator.
pub fn malloc_trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "a call of the C library")]
    // SAFETY: It accesses no memory of the caller, and any thread may call it at any time
    // (malloc_trim(3), "MT-Safe").
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn memory_freed_below_memory_in_use_is_returned() {
        let many: Vec<Vec<u8>> = (0..64 * 1024).map(|_| vec![1; 1024]).collect();
        let last = vec![1; 1024];
        drop(many);
        let kept = resident_kib();
        malloc_trim();
        let returned = kept.saturating_sub(resident_kib());
        assert!(returned > 48 * 1024, "{returned} of {kept} KiB");
        drop(last);
    }
}
