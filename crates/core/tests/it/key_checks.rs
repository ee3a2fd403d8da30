//! Different keys than before are detected.

use repass_core::{
    InstallationKey, KeyCheckError, Peppers, accept_keys, check_keys, has_installation_key_check,
};
use repass_testkit::MemoryStore;

fn peppers(id: &str, byte: u8) -> Peppers {
    Peppers::none().with(id, &[byte; 32]).unwrap()
}

/// Proves K1.
#[tokio::test]
async fn k1_different_keys_are_refused_until_they_are_accepted() {
    let store = MemoryStore::new();
    let (key, other) = (InstallationKey::from_bytes([1; 32]), InstallationKey::from_bytes([2; 32]));
    assert!(!has_installation_key_check(&store).await.unwrap());
    check_keys(&store, &key, &Peppers::none()).await.unwrap();
    assert!(has_installation_key_check(&store).await.unwrap());
    check_keys(&store, &key, &peppers("k1", 1)).await.unwrap();

    let refused = check_keys(&store, &other, &Peppers::none()).await;
    assert!(matches!(refused, Err(KeyCheckError::OtherInstallationKey)), "{refused:?}");
    let refused = check_keys(&store, &key, &peppers("k1", 2)).await;
    assert!(
        matches!(&refused, Err(KeyCheckError::OtherPepper { id }) if id == "k1"),
        "{refused:?}"
    );
    check_keys(&store, &key, &peppers("k2", 2)).await.unwrap();

    accept_keys(&store, &other, &peppers("k1", 2)).await.unwrap();
    check_keys(&store, &other, &peppers("k1", 2)).await.unwrap();
    assert!(check_keys(&store, &key, &peppers("k1", 1)).await.is_err());
}
