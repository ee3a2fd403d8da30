//! What the threads compute in.

use super::*;

const TAG: &str = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// A stored hash that asks for so much memory.
fn stored(memory_kib: u32) -> HashedPassword {
    let text = format!("$argon2id$v=19$m={memory_kib},t=1,p=1$c29tZXNhbHQ${TAG}");
    HashedPassword::from_stored(text)
}

#[tokio::test]
async fn each_thread_has_one_arena_on_a_page_of_its_own() {
    let (hasher, mut gate) = start(&options(2, 10));
    let mut addresses = Vec::new();
    for _ in 0..3 {
        let both = [begin(&hasher, "a"), begin(&hasher, "b")];
        for _ in 0..2 {
            let begun = gate.begun().await;
            assert_eq!(begun.blocks, 8);
            assert_eq!(begun.address % 65536, 0);
            addresses.push(begun.address);
        }
        gate.open(2);
        for verification in both {
            verification.await.unwrap();
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 2);
}

#[tokio::test]
async fn nothing_is_left_in_it_by_what_went_wrong() {
    for wrong in [kernel::PANICS, kernel::REFUSED] {
        let (hasher, mut gate) = start(&options(1, 1));
        let first = begin(&hasher, wrong);
        gate.begun().await;
        let second = begin(&hasher, "waits already");
        gate.open(2);
        first.await.unwrap_err();
        second.await.unwrap();
        assert!(!gate.begun().await.dirty, "{wrong}");
    }
}

#[tokio::test]
async fn a_hash_takes_as_many_blocks_as_it_asks_for() {
    let options = HasherOptions { arena_memory_kib: Some(64), ..options(1, 1) };
    let (hasher, mut gate) = start(&options);
    gate.open(3);
    for memory_kib in [64, 8, 33] {
        verify(&hasher, "x", &stored(memory_kib)).await.unwrap();
        let begun = gate.begun().await;
        assert_eq!(begun.blocks, memory_kib as usize / 4 * 4);
    }
}

#[tokio::test]
async fn what_fits_no_arena_runs_one_at_a_time_and_keeps_no_other_up() {
    let (hasher, mut gate) = start(&options(2, 10));
    let large = stored(64);
    let first = begin_against(&hasher, "large 1", &large);
    let begun = gate.begun().await;
    assert_eq!((begun.password.as_str(), begun.blocks), ("large 1", 64));
    let second = begin_against(&hasher, "large 2", &large);
    let small = [begin(&hasher, "small 1"), begin(&hasher, "small 2")];
    let small_1 = gate.begun().await;
    assert_eq!((small_1.password.as_str(), small_1.blocks), ("small 1", 8));
    assert_ne!(small_1.address, begun.address);
    let status = hasher.status();
    assert_eq!((status.running, status.waiting), (2, 2));
    // One of the two goes on, whichever. In any case the large one is now the oldest.
    gate.open(4);
    assert!(!first.await.unwrap());
    assert!(!second.await.unwrap());
    for small in small {
        assert!(!small.await.unwrap());
    }
    let mut later = [gate.begun().await.password, gate.begun().await.password];
    later.sort();
    assert_eq!(later, ["large 2", "small 2"]);
}

#[tokio::test]
async fn memory_of_a_large_hash_is_given_back() {
    let (hasher, mut gate) = start(&options(1, 10));
    gate.open(3);
    let mut addresses = Vec::new();
    for hash in [stored(8), stored(64), stored(8)] {
        verify(&hasher, "x", &hash).await.unwrap();
        let begun = gate.begun().await;
        assert!(!begun.dirty);
        addresses.push(begun.address);
    }
    assert_eq!(addresses[0], addresses[2], "the arena has not grown");
    assert_ne!(addresses[0], addresses[1]);
}

#[tokio::test]
async fn a_panic_in_a_large_hash_lets_the_next_one_run() {
    let (hasher, gate) = start(&options(2, 10));
    let large = stored(64);
    gate.open(2);
    let error = verify(&hasher, kernel::PANICS, &large).await.unwrap_err();
    assert!(matches!(error, HashError::Panicked), "{error:?}");
    assert!(!verify(&hasher, "next", &large).await.unwrap());
}
