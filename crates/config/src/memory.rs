//! Compares the memory of hashing with that of the machine.

use repass_core::HasherOptions;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Returns the memory of the machine or the limit of the container, in bytes. `None` if it is
/// unknown.
pub(super) fn available() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    // A sandbox without `/proc/meminfo` has 0.
    [Some(system.total_memory()), container].into_iter().flatten().filter(|bytes| *bytes > 0).min()
}

/// Returns a warning if the memory of the hashing threads is more than half of `available` bytes.
pub(super) fn warning(hasher: &HasherOptions, available: Option<u64>) -> Option<String> {
    const MIB: u64 = 1024 * 1024;
    let (taken, available) = (hasher.arena_bytes(), available?);
    (taken > available / 2).then(|| {
        format!(
            "hashing takes {} MiB ({} threads with {} MiB each), more than half of the {} MiB of \
             memory; lower hashing.threads or hashing.memory_kib",
            taken / MIB,
            hasher.threads,
            taken / hasher.threads.get() as u64 / MIB,
            available / MIB,
        )
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn there_is_a_warning_if_hashing_takes_more_than_half_of_the_memory() {
        let threads = NonZeroUsize::new(32).unwrap();
        let hasher = HasherOptions { threads, ..HasherOptions::default() };
        let taken = 32 * 19456 * 1024;
        assert_eq!(warning(&hasher, Some(2 * taken)), None);
        assert_eq!(warning(&hasher, None), None, "the memory is unknown");
        let text = warning(&hasher, Some(2 * taken - 2)).unwrap();
        assert!(text.starts_with("hashing takes 608 MiB (32 threads with 19 MiB each)"), "{text}");
    }

    #[test]
    fn the_memory_of_this_machine_is_known() {
        assert!(available().unwrap() > 0);
    }
}
