//! Whether hashing has the memory that it may come to take.

use repass_core::HasherOptions;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// What this machine has, or the container may use, in bytes; `None` when that cannot be found out.
pub(super) fn of_this_machine() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    let machine = system.total_memory();
    Some(container.map_or(machine, |container| container.min(machine)))
}

/// A warning when the threads' arenas take more than half of `available` bytes.
pub(super) fn warning(hasher: &HasherOptions, available: Option<u64>) -> Option<String> {
    const MIB: u64 = 1024 * 1024;
    let (taken, available) = (hasher.arena_bytes(), available?);
    (taken > available / 2).then(|| {
        format!(
            "hashing takes {} MiB ({} threads with {} MiB each), more than half of the {} MiB that \
             there are; lower hashing.threads or hashing.memory_kib",
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
    fn more_than_half_of_the_memory_is_warned_of() {
        let threads = NonZeroUsize::new(32).unwrap();
        let hasher = HasherOptions { threads, ..HasherOptions::default() };
        let taken = 32 * 19456 * 1024;
        assert_eq!(warning(&hasher, Some(2 * taken)), None);
        assert_eq!(warning(&hasher, None), None, "nobody knows");
        let text = warning(&hasher, Some(2 * taken - 2)).unwrap();
        assert!(text.starts_with("hashing takes 608 MiB (32 threads with 19 MiB each)"), "{text}");
    }

    #[test]
    fn the_machine_has_memory() {
        assert!(of_this_machine().unwrap() > 0);
    }
}
