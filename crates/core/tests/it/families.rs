//! Stored hashes of other systems are verified and replaced.

use repass_core::{
    ChangeError, Credential, CredentialStore, HashedPassword, Hasher, Projects, Subject,
    SystemRandomness, random_uuid,
};
use repass_hash_families::{ExportedHash, Family, ImportFormat, stored_text};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, old_password, realm};

/// The signer key of the example in the README of firebase/scrypt.
const SIGNER_KEY: &str =
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

/// One published hash of each family, as `tests/it` of `repass-hash-families` has them with their
/// sources.
const KNOWN: [(Family, &str, &str); 37] = [
    (Family::Bcrypt, "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    (
        Family::BcryptSha256,
        "password",
        "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu",
    ),
    (Family::WordPress, "admin", "$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES"),
    (
        Family::Scrypt,
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI",
    ),
    (
        Family::Pbkdf2,
        "password",
        "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
    ),
    (
        Family::AspNetIdentity,
        "my password",
        "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
    ),
    (
        Family::AspNetMembership,
        "p\u{e4}ssword",
        "$aspnet-membership-sha1$didECXiE4DTmqjNbkzWZrQ$200uGeTrst+cPS+fPTXUilf3ty0",
    ),
    (Family::Md5Crypt, "test", "$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1"),
    (Family::ShaCrypt, "secret", "$5$rounds=1004$nacl$oiWPbm.kQ7.jTCZoOtdv7/tO5mWv/vxw5yTqlBagVR7"),
    (
        Family::Yescrypt,
        "pleaseletmein",
        "$y$j80$LdJMENpBABJJ3h2$ysXVVJwuaVlI1BWoEKt/Bz3WNDDmdOWz/8KTQaHL1cC",
    ),
    (Family::Phpass, "test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    (Family::Drupal, "hashcat", "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"),
    (Family::LdapDigest, "testing123", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"),
    (Family::NtHash, "passphrase", "$3$$7f8fe03093cc84b267b109625f6bbf4b"),
    (Family::SaltedDigest, "abc", "$unsalted-md5$kAFQmDzST7DWlj99KOF/cg"),
    (Family::BsdiCrypt, "correct horse battery staple", "_1...zzzzLPryANbQomo"),
    (
        Family::CiscoPbkdf2,
        "hashcat",
        "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk",
    ),
    (
        Family::CiscoScrypt,
        "hashcat",
        "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
    ),
    (
        Family::Aix,
        "hashcat",
        "{ssha256}06$aJckFGJAB30LTe10$ohUsB7LBPlgclE3hJg9x042DLJvQyxVCX.nZZLEz.g2",
    ),
    (Family::Oracle, "SHAlala", "S:2BFCFDF5895014EE9BB2B9BA067B01E0389BB5711B7B5F82B7235E9E182C"),
    (
        Family::SunMd5,
        "correct horse battery staple",
        "$md5,rounds=904$sa./ltsa$$Tq6OzL3pAs.Ti6RxpQ3Uy.",
    ),
    (Family::DesCrypt, "abc", "{CRYPT}rlckGD97BWszU"),
    (
        Family::Devise,
        "correct horse battery staple",
        "$devise$pepper=rails$2a$04$CCCCCCCCCCCCCCCCCCCCC.xaRnoSjg.a4J3PjDUXfQUKe5X0NM5by",
    ),
    (
        Family::GostYescrypt,
        "correct horse battery staple",
        "$gy$j75$LdJMENpBABJJ3h2$1guyWDnmzKQsMfyLuCSzSumMrkjOvOCnG1cL3WXnlm6",
    ),
    (
        Family::HmacDigest,
        "p\u{e4}ssword",
        "$hmac-sha256$SkRzcVlsQUU5eWI1RzJBdw$NVOzwpmHg4AwcpIa+V9lT6X3hPB5YXLpP+CGC0P8MII",
    ),
    (Family::MediaWiki, "hashcat", ":B:56668501:0ce106caa70af57fd525aeaf80ef2898"),
    (Family::Mssql, "hashcat", "0x010018102152f8f28c8499d8ef263c53f8be369d799f931b2fbe"),
    (Family::MyBb, "hashcat", "$mybb$NDcyMDQ$jSEpCD7zX0s2XV2HSH4SBw"),
    (Family::MysqlNative, "hashcat", "$mysql41$fcf7c1b8749cf99d88e5f34271d636178fb5d130"),
    (
        Family::MysqlSha2,
        "hashcat",
        "$mysql-sha2$005$f9cc98ce08892924f50a213b6bc571a2c11778c5$bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/",
    ),
    (Family::OpenCart, "hashcat", "$opencart$NDcyNDMzNjcz$bjbc/GFRJyx5cWX84h5o58dzfkA"),
    (
        Family::Scram,
        "correct horse battery staple",
        "SCRAM-SHA-256$4096:dd2XM+0y9lEPo0HV7HgG3Q==$jzJoTwELL+KnaMwshphto5zGIRIZzepdxdP7zkT1pqI=:yURK3qAMh4I0tWxhDbfG/tTjWyP+OUJZvQ0YhKrkzA0=",
    ),
    (Family::Sha1Crypt, "abc", "$sha1$100$wnUR8T1U$89Oe3Zm7STjApTNaSMwYXon5dGmJ"),
    (
        Family::SpringStandard,
        "correct horse battery staple",
        "$spring-standard$9ca693664dd4cfb9a585719fe73a6650bb1e05b46a4376fb0bbfa5a9e95ac5922985735891d6ee37",
    ),
    (
        Family::SupabaseScrypt,
        "mytestpassword",
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==",
    ),
    (
        Family::Symfony,
        "correct horse battery staple",
        "$symfony-sha512$i=5000$c29tZXNhbHQ$AEsH6MG9ANU/MiZV1PqL7jxwfA85rKIfe2P+WNkJoe9YMpsVWejE5x5ssKDGvbZncbA5yTkADqt3hAZb1r74IQ",
    ),
    (
        Family::VBulletin,
        "hashcat",
        "$vbulletin$MTgxMjY0MjUwMDU2Nzc0NjAzNjQxODc0MDQzMjcw$vzZjSMU93PvRbmPt/dHu5g",
    ),
];

/// The hashes above, and those of families whose hashes do not name their format.
fn known() -> Vec<(Family, &'static str, String)> {
    let better_auth = stored_text(
        &ImportFormat::from_options("better-auth", []).unwrap(),
        ExportedHash {
            hash: "173c1bbae627ae9ab9cca1d4d4e0bdc8:4ce77e5e05f8b5bfc0e305263a5a37f31030d1b61109dd6657ae64dc2229208b878d45afece4b5e08f9a50a95f1bf2d99ee1a1b18f433acb397f522751d2151e",
            salt: None,
        },
    );
    let options =
        [("project", "shop-1"), ("rounds", "8"), ("mem-cost", "14"), ("salt-separator", "Bw==")];
    let firebase = stored_text(
        &ImportFormat::from_options("firebase", options).unwrap(),
        ExportedHash {
            hash: "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
            salt: Some("42xEC+ixf3L2lw=="),
        },
    );
    KNOWN
        .into_iter()
        .map(|(family, password, text)| (family, password, text.to_owned()))
        .chain([
            (Family::BetterAuth, "p\u{e4}ssword", better_auth.unwrap()),
            (Family::FirebaseScrypt, "user1password", firebase.unwrap()),
        ])
        .collect()
}

#[test]
fn the_known_hashes_cover_every_family() {
    let mut missing = Family::ALL.to_vec();
    missing.retain(|family| !known().iter().any(|(own, ..)| own == family));
    assert_eq!(missing, [Family::Argon2]);
}

async fn test() -> TestContext {
    let projects = Projects::none().with_encoded("shop-1", SIGNER_KEY).unwrap();
    let projects = projects.with_pepper("rails", "abc0123456789def").unwrap();
    TestContext::with_projects(projects).await
}

pub(crate) async fn credential(test: &TestContext, user_id: &str) -> Credential {
    let found = test.store.find(&Subject::new(realm(), user_id)).await.unwrap().unwrap();
    found.credential.unwrap()
}

/// Proves OWASP storage rehash.
#[tokio::test]
async fn owasp_storage_a_change_replaces_a_hash_of_any_family() {
    let test = test().await;
    for (family, password, text) in known() {
        let user_id = &format!("of-{family}");
        assert_eq!(Family::detect(&text), Some(family));
        test.add_stored(user_id, &text).await;
        let stored = HashedPassword::from_stored(&text);
        assert!(!test.hasher.is_current(&stored), "{family}");

        let wrong = test.change(old_password(user_id, "a wrong guess of mine", NEW)).await;
        assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{family}: {wrong:?}");
        let (_, attempts) = test.operator.show_account(&realm(), user_id).await.unwrap();
        assert_eq!(attempts.failures, 1, "{family}");
        assert_eq!(credential(&test, user_id).await.hash, stored, "{family}");

        test.change(old_password(user_id, password, NEW)).await.unwrap();
        let after = credential(&test, user_id).await;
        assert!(test.hasher.is_current(&after.hash), "{family}");
        assert_eq!(after.version, 2, "{family}");
        assert!(test.is_password(user_id, NEW).await, "{family}");
        let back = test.change(old_password(user_id, password, NEW)).await;
        assert!(matches!(back, Err(ChangeError::WrongPassword)), "{family}: {back:?}");
    }
}

/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_a_wrong_guess_at_a_cheap_hash_also_verifies_the_dummy_hash() {
    let test = test().await;
    test.add_stored("outdated", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr").await;
    test.hasher.take_verified();
    let wrong = old_password("outdated", "a wrong guess of mine", NEW);
    assert!(matches!(test.change(wrong).await, Err(ChangeError::WrongPassword)));
    assert_eq!(test.hasher.take_verified(), 2, "its own and the dummy hash");
}

#[tokio::test]
async fn a_guess_at_a_hash_that_needs_a_rehash_counts_even_when_the_queue_is_full() {
    let test = test().await;
    test.add_stored("outdated", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr").await;
    test.hasher.busy_after(1);
    let wrong = old_password("outdated", "a wrong guess of mine", NEW);
    let answer = test.change(wrong).await;
    assert!(matches!(answer, Err(ChangeError::WrongPassword)), "{answer:?}");
    let (_, attempts) = test.operator.show_account(&realm(), "outdated").await.unwrap();
    assert_eq!(attempts.failures, 1);
}

#[tokio::test]
async fn a_refused_change_replaces_a_hash_that_needs_a_rehash_and_nothing_else() {
    let test = test().await;
    for (family, password, text) in known() {
        let user_id = &format!("of-{family}");
        test.add_stored(user_id, &text).await;
        let before = credential(&test, user_id).await;
        let refused = test.change(old_password(user_id, password, "short")).await;
        assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{family}: {refused:?}");

        let after = credential(&test, user_id).await;
        assert!(test.hasher.is_current(&after.hash), "{family}");
        assert_eq!((after.version, after.changed_at), (before.version, before.changed_at));
        assert!(test.is_password(user_id, password).await, "{family}: it is the same password");
        let (account, attempts) = test.operator.show_account(&realm(), user_id).await.unwrap();
        assert_eq!(attempts.failures, 0, "{family}");
        assert!(test.store.history(account.id, 10).await.unwrap().is_empty(), "{family}");
        let audit = test.audit().await;
        let recorded = |at: usize| (audit[at].action.as_str(), audit[at].outcome.as_str());
        assert_eq!(recorded(0), ("password.change", "rejected"));
        assert_eq!(recorded(1), ("password.rehash", "ok"));
        assert_eq!(audit[1].account, Some(account.id));

        test.change(old_password(user_id, password, "short")).await.unwrap_err();
        assert_eq!(credential(&test, user_id).await, after, "{family}: it is current now");
        test.change(old_password(user_id, password, NEW)).await.unwrap();
    }
    assert!(
        fixtures::events(&test.store).await.iter().all(|event| event.kind == "password.changed")
    );
}

#[tokio::test]
async fn a_refused_change_does_not_replace_a_current_hash() {
    let test = test().await;
    let before = credential(&test, "pat").await;
    test.change(old_password("pat", OLD, "short")).await.unwrap_err();
    assert_eq!(credential(&test, "pat").await, before);
    assert!(test.audit().await.iter().all(|record| record.action != "password.rehash"));
}

#[tokio::test]
async fn a_wrong_password_does_not_replace_the_hash() {
    let test = test().await;
    test.add_stored("outdated", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr").await;
    let before = credential(&test, "outdated").await;
    test.change(old_password("outdated", "testing124", "short")).await.unwrap_err();
    assert_eq!(credential(&test, "outdated").await, before);
}

#[tokio::test]
async fn a_failed_rehash_does_not_change_the_result() {
    let test = test().await;
    test.add_stored("outdated", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr").await;
    let before = credential(&test, "outdated").await;
    test.hasher.refuse_hashes(true);
    let refused = test.change(old_password("outdated", "testing123", "short")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
    assert_eq!(credential(&test, "outdated").await, before);
    test.hasher.refuse_hashes(false);
    test.change(old_password("outdated", "testing123", "short")).await.unwrap_err();
    assert!(test.hasher.is_current(&credential(&test, "outdated").await.hash));
}

/// Proves OWASP storage rehash.
#[tokio::test]
async fn weaker_and_stronger_argon2_and_other_variants_need_a_rehash() {
    let test = test().await;
    for text in [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    ] {
        let user_id = &random_uuid(&SystemRandomness).unwrap().to_string();
        test.add_stored(user_id, text).await;
        test.change(old_password(user_id, "password", "short")).await.unwrap_err();
        assert!(test.hasher.is_current(&credential(&test, user_id).await.hash), "{text}");
    }
    for text in ["", "$argon2id$", "hunter2"] {
        assert!(!test.hasher.is_current(&HashedPassword::from_stored(text)), "{text}");
    }
    assert!(test.hasher.is_current(test.hasher.dummy_hash()));
}

/// Proves H4.
#[tokio::test]
async fn h4_a_firebase_hash_without_its_projects_key_is_a_fault_as_one_without_its_pepper() {
    let test = TestContext::new().await;
    let (_, password, text) = known().pop().unwrap();
    test.add_stored("kim", &text).await;
    let answer = test.change(old_password("kim", password, NEW)).await;
    let Err(ChangeError::Hash(error)) = answer else { panic!("{answer:?}") };
    assert!(!error.is_unverifiable());
    assert_eq!(
        error.to_string(),
        "the signer key of the Firebase project shop-1 is not configured"
    );
}
