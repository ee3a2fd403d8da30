//! A stored hash is replaced in place only if it determines the password (fault H1).

use std::sync::atomic::Ordering;

use repass_core::{ChangeError, Hasher};
use repass_hash_families::{ExportedHash, ImportFormat, stored_text};

use crate::families::credential;
use crate::test_context::{NEW, TestContext, old_password};

const STAPLE: &str = "correct horse battery staple";
const LONG: &str =
    "correct horse battery staple, correct horse battery staple, correct horse battery";

/// The name of a format, a hash in it, the password that was set, and another text that the hash
/// accepts. Hashes were made by Python's bcrypt and hashlib and by libxcrypt.
const ACCEPT_TWO: [(&str, &str, &str, &str); 11] = [
    (
        "self-describing",
        "$2b$05$abcdefghijklmnopqrstuuR18JeNhZadeUAyaWD7CaELHItKSjcbC",
        LONG,
        "correct horse battery staple, correct horse battery staple, correct hors TYPO",
    ),
    (
        "self-describing",
        "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        STAPLE,
        "correct horse battery staple\0correct horse battery staple",
    ),
    (
        "better-auth",
        "3f0a9d5f7c1e4b2a8d6c0e9f1a2b3c4d:2d604795b8ce7a553680804d07606885bd4ba75c5d56a74551ab312110041d70cc5cbf710362a17aaa05cc30dba144a28f794d107ee485d84c3e0a6470792b10",
        STAPLE,
        "ｃｏｒｒｅｃｔ horse battery staple",
    ),
    (
        "self-describing",
        "pbkdf2_sha256$1000$abc$70m+hKmbvIH/QfII9PwYuIZXomKqG4wgvNLdHGMor9U=",
        STAPLE,
        "correct horse battery staple\0",
    ),
    (
        "self-describing",
        "{CRYPT}$2y$04$CCCCCCCCCCCCCCCCCCCCC.WS95vnpaSaEswqHuOCVbsSLJ7ZTfkV2",
        LONG,
        "correct horse battery staple, correct horse battery staple, correct hors",
    ),
    (
        "django",
        "bcrypt$$2b$05$abcdefghijklmnopqrstuuR18JeNhZadeUAyaWD7CaELHItKSjcbC",
        LONG,
        "correct horse battery staple, correct horse battery staple, correct horse battery!",
    ),
    (
        "self-describing",
        "$2x$04$CCCCCCCCCCCCCCCCCCCCC.GCpw9I4xKyKQ0E7lpYOOOiQmU8YXBUW",
        "Zo\u{eb} plus 20 K\u{e4}sebr\u{f6}tchen",
        "Zy\u{eb} plus 20 K\u{e4}sebr\u{f6}tchen",
    ),
    (
        "self-describing",
        "$wp$2y$04$CCCCCCCCCCCCCCCCCCCCC.tyYxmveiRsg3cIgx54krB.AhMF/rZ/W",
        STAPLE,
        "correct horse battery staple ",
    ),
    (
        "self-describing",
        "$7$86..../....SodiumChloride$9INSS.LUCj8ojunHTi4w4i5iQs3oOBJ18P7jRr/84t6",
        "p\u{e4}ssword",
        "p\u{e4}ssword\0",
    ),
    (
        "self-describing",
        "$y$.75$Hx4NdJLP1V4Pj7LOYJ4$9INSS.LUCj8ojunHTi4w4i5iQs3oOBJ18P7jRr/84t6",
        "p\u{e4}ssword",
        "p\u{e4}ssword\0",
    ),
    (
        "self-describing",
        "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
        "my password",
        "my password\0",
    ),
];

/// Proves H1.
#[tokio::test]
async fn h1_a_text_that_only_the_old_scheme_accepts_is_not_rehashed() {
    let test = TestContext::new().await;
    for (at, (format, hash, password, other)) in ACCEPT_TWO.into_iter().enumerate() {
        let format = ImportFormat::from_options(format, []).unwrap();
        let text = stored_text(&format, ExportedHash { hash, salt: None }).unwrap();
        let user_id = &format!("user-{at}");
        test.add_stored(user_id, &text).await;
        let before = credential(&test, user_id).await;

        let refused = test.change(old_password(user_id, other, "short")).await;
        assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{text}: {refused:?}");
        assert_eq!(credential(&test, user_id).await, before, "{text}");
        assert_eq!(test.hasher.hashed.load(Ordering::SeqCst), 0, "{text}: nothing was hashed");
        let audit = test.audit().await;
        assert_eq!(
            (audit[0].action.as_str(), audit[0].outcome.as_str()),
            ("password.change", "rejected")
        );
        assert!(audit.iter().all(|record| record.action != "password.rehash"), "{text}");
        assert!(test.is_password(user_id, password).await, "{text}");
    }
    // A change replaces each of them.
    for (at, (_, _, password, _)) in ACCEPT_TWO.into_iter().enumerate() {
        let user_id = &format!("user-{at}");
        test.change(old_password(user_id, password, NEW)).await.unwrap();
        assert!(test.hasher.is_current(&credential(&test, user_id).await.hash));
    }
}

/// Proves H1.
#[tokio::test]
async fn a_password_over_4096_bytes_is_wrong_even_if_the_old_scheme_ignores_its_end() {
    let test = TestContext::new().await;
    test.add_stored("sam", ACCEPT_TWO[0].1).await;
    let long = |length: usize| LONG.to_owned() + &"x".repeat(length - LONG.len());
    let wrong = test.change(old_password("sam", &long(4097), NEW)).await;
    assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{wrong:?}");
    test.change(old_password("sam", &long(4096), NEW)).await.unwrap();
}

#[tokio::test]
async fn h1_a_text_that_the_old_scheme_determines_is_rehashed() {
    let test = TestContext::new().await;
    for (user_id, text, password) in [
        ("bcrypt", "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS", STAPLE),
        ("crypt", "{CRYPT}$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS", STAPLE),
        ("wordpress", "$wp$2y$04$CCCCCCCCCCCCCCCCCCCCC.tyYxmveiRsg3cIgx54krB.AhMF/rZ/W", STAPLE),
        ("pbkdf2", "pbkdf2_sha256$1000$abc$70m+hKmbvIH/QfII9PwYuIZXomKqG4wgvNLdHGMor9U=", STAPLE),
        ("yescrypt", "$y$j75$LdJMENpBA.$NoYmTLXw0ebCILgz90sY6kEkfwbbwvoN9EGXA5buQ60", STAPLE),
    ] {
        test.add_stored(user_id, text).await;
        test.change(old_password(user_id, password, "short")).await.unwrap_err();
        assert!(test.hasher.is_current(&credential(&test, user_id).await.hash), "{text}");
        assert_eq!(test.audit().await[1].action, "password.rehash", "{text}");
        assert!(test.is_password(user_id, password).await, "{text}");
    }
}
