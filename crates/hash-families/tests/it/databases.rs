//! Roles and logins of databases, of Cisco IOS, and of mail servers: roles of PostgreSQL 15.18,
//! `test-password-scheme.c` of Dovecot, passlib 1.7.4, and the examples of hashcat's modes 132, 300,
//! 112, 1731, 7100, 7200, 7401, 9200, 9300, 12001 and 12300, whose password is `hashcat`.

use repass_hash_families::{ExportedHash, Family, FormatError, ImportFormat, stored_text};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, parsed,
    verify,
};

const STAPLE: &str = "correct horse battery staple";

const POSTGRESQL: &str = "SCRAM-SHA-256$4096:dd2XM+0y9lEPo0HV7HgG3Q==$jzJoTwELL+KnaMwshphto5zGIRIZzepdxdP7zkT1pqI=:yURK3qAMh4I0tWxhDbfG/tTjWyP+OUJZvQ0YhKrkzA0=";
/// Of a password that SASLprep changes to `pass word`.
const PREPARED: &str = "SCRAM-SHA-256$4096:ukv9him8llcdrjNB0bGnVA==$PneYSgqhXQ6etlcvQlHIslGq9dwr8JE8740pwAn4V0o=:7NnBVgxeFhqTPx743f+pYyr53tE7kz39agMjc5apChY=";

#[test]
fn scram_vectors_verify() {
    for (password, text) in [
        (STAPLE, POSTGRESQL),
        ("pass word", PREPARED),
        (
            "p\u{e4}ssword",
            "SCRAM-SHA-256$4096:clgYeqH5Vivx29bKa7RCkA==$0HBTSmp3SGtTT1hUW4Mh1qkRrO/gNnKhn9auq14Kgro=:JNWRS/yB5WkNTwAMR0OHjhTpaVzGzt44HU1xkwlWYXc=",
        ),
        // SASLprep forbids private characters, so that the password is used unchanged.
        (
            "p\u{e000}\u{aa}x",
            "SCRAM-SHA-256$4096:WbPoLOIx+4bZm3X0iEpe9w==$bwLeapndZJ3ZrKGERPGtfzgjdj86e6B1Hs1GxGPw6KM=:cDuX72WX5QZlMOPHMQm7GeVNEaA4xUVXLTbagv2KorI=",
        ),
        (
            "test",
            "{SCRAM-SHA-1}4096,GetyLXdBuHzf1FWf8SLz2Q==,NA/OqmF4hhrsrB9KR7po+dliTGM=,QBiURvQaE6H6qYTmeghDHLANBFQ=",
        ),
        (
            "test",
            "{SCRAM-SHA-256}4096,LfNGSFqiFykEZ1xDAYlnKQ==,HACNf9CII7cMz3XjRy/Oh3Ae2LHApoDyNw74d3YtFws=,AQH0j7Hf8J12g8eNBadvzlNB2am3PxgNwFCFd3RxEaw=",
        ),
        (
            "hashcat",
            "SCRAM-SHA-256$4096:IKfxzJ8Nq4PkLJCfgKcPmA==$iRw3qwTp18uaBnsTOEExbtgWdKeBMbSSnZvqD4sdqLQ=:hPciC1CcnBna3szR8Mf3MVc8t0W7QPbIHoMMrh4zRV0=",
        ),
    ] {
        assert_verifies(Family::Scram, text, password);
        assert_refused_when_cut_off(text);
    }
    let large = POSTGRESQL.replace("$4096:", "$10000001:");
    assert_out_of_bounds(Family::Scram, &large, "iterations", 10_000_001);
}

/// Proves H1.
#[test]
fn h1_scram_determines_what_saslprep_leaves_alone() {
    assert!(verify(PREPARED, "\u{ff50}\u{ff41}ss\u{a0}word"), "as it was set");
    assert!(!parsed(PREPARED).determines("\u{ff50}\u{ff41}ss\u{a0}word".as_bytes()));
    assert!(parsed(PREPARED).determines(b"pass word"));
    assert!(parsed(POSTGRESQL).determines(STAPLE.as_bytes()));
    assert!(verify(POSTGRESQL, format!("{STAPLE}\0")));
    assert!(!parsed(POSTGRESQL).determines(format!("{STAPLE}\0").as_bytes()));
}

fn mysql(hash: &str) -> Result<String, FormatError> {
    stored_text(&ImportFormat::Mysql, ExportedHash { hash, salt: None })
}

#[test]
fn mysql_vectors_verify() {
    for (password, hash) in [
        (STAPLE, "*F4AF2E5D85456A908E0F552F0366375B06267295"),
        ("p\u{e4}ssword", "*809D64D632EB9BAB610456B482D94C2E267965C8"),
        ("hashcat", "*fcf7c1b8749cf99d88e5f34271d636178fb5d130"),
    ] {
        let text = mysql(hash).unwrap();
        assert_verifies(Family::MysqlNative, &text, password);
        assert_refused_when_cut_off(&text);
    }
    // hashcat's example, as `SHOW CREATE USER` prints it: `$A$005$` comes before salt and tag.
    let sha2 = "0x244124303035\
                24F9CC98CE08892924F50A213B6BC571A2C11778C5\
                625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F";
    let text = mysql(sha2).unwrap();
    assert_verifies(Family::MysqlSha2, &text, "hashcat");
    assert_refused_when_cut_off(&text);
    assert!(!verify(&text, "x".repeat(257)), "as MySQL");
    let slow = text.replace("$005$", "$fff$");
    assert_out_of_bounds(Family::MysqlSha2, &slow, "thousands of rounds", 0xfff);
    for damaged in ["*12", "0x24", "0x2441243030zz", "F4AF2E5D85456A908E0F552F0366375B06267295"] {
        assert!(mysql(damaged).is_err(), "{damaged}");
    }
}

#[test]
fn mssql_vectors_verify() {
    for (password, text) in [
        (STAPLE, "0x01002E25E41C0942BADAF16A6F5C47E8C77C807BB2A9F6C641AD"),
        ("p\u{e4}ssword", "0x010019636C6D2544A0512BCE900990E692C3AB78304DE7EA7AA4"),
        ("hashcat", "0x010018102152f8f28c8499d8ef263c53f8be369d799f931b2fbe"),
        (
            "hashcat",
            "0x02000102030434ea1b17802fd95ea6316bd61d2c94622ca3812793e8fb1672487b5c904a45a31b2ab4a78890d563d2fcf5663e46fe797d71550494be50cf4915d3f4d55ec375",
        ),
    ] {
        assert_verifies(Family::Mssql, text, password);
        assert_refused_when_cut_off(text);
    }
}

/// `S:` as passlib publishes it, and hashcat's examples of `S:` and `T:`.
#[test]
fn oracle_vectors_verify() {
    let sha1 = "S:2BFCFDF5895014EE9BB2B9BA067B01E0389BB5711B7B5F82B7235E9E182C";
    let example = "S:ac5f1e62d21fd0529428b84d42e8955b0496670338445748184477378130";
    let sha512 = "T:78281A9C0CF626BD05EFC4F41B515B61D6C4D95A250CD4A605CA0EF97168D670EBCB5673B6F5A2FB9CC4E0C0101E659C0C4E3B9B3BEDA846CD15508E88685A2334141655046766111066420254008225";
    let unicode = "S:51586343E429A6DF024B8F242F2E9F8507B1096FACD422E29142AA4974B0";
    let http = "H:DC9894A01797D91D92ECA1DA66242209";
    for (password, text) in [
        ("SHAlala", sha1.to_owned()),
        ("t\u{e1}\u{411}\u{2113}\u{259}", unicode.to_owned()),
        ("hashcat", example.to_owned()),
        ("hashcat", sha512.to_owned()),
        // The whole column. Of several parts, the strongest is verified.
        ("SHAlala", format!("{sha1};{http}")),
        ("hashcat", format!("{sha1};{http};{sha512}")),
    ] {
        assert_eq!(parsed(&text).family(), Family::Oracle);
        assert!(verify(&text, password), "{text}");
        assert!(!verify(&text, format!("{password}x")) && !verify(&text, ""), "{text}");
        assert!(!format!("{:?}", parsed(&text)).contains(&text[2..]), "{text}");
    }
    assert_refused_when_cut_off(sha1);
    assert_refused_when_cut_off(sha512);
    let repeated = format!("{sha1};{sha1}");
    let other_part = format!("{sha1};X:00");
    for damaged in [http, "S:", &repeated, &other_part, &format!("{sha1};"), &format!("{sha1}00")] {
        assert_damaged(Family::Oracle, damaged);
    }
}

#[test]
fn cisco_vectors_verify() {
    let type_8 = "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk";
    let type_9 = "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6";
    assert_verifies(Family::CiscoPbkdf2, type_8, "hashcat");
    assert_verifies(Family::CiscoScrypt, type_9, "hashcat");
    assert_refused_when_cut_off(type_8);
    assert_refused_when_cut_off(type_9);
    // Juniper's type 9 is encrypted, and has no such form.
    assert_damaged(Family::CiscoScrypt, "$9$LbHX-wg4Z");
    assert_damaged(Family::CiscoScrypt, "$9$12$salt$tag");
}

#[test]
fn pbkdf2_of_atlassian_grub_macos_and_mediawiki_verifies() {
    for (password, text) in [
        (STAPLE, "{PKCS5S2}X2sNgfD+H4MQIgQgBKB0LuAH7YVdr6gmq8UDrcQzOAcRpLaDHY7r8Sg7PF16++2w"),
        ("hashcat", "{PKCS5S2}NzIyNzM0NzY3NTIwNjI3MdDDis7wPxSbSzfFqDGf7u/L00kSEnupbz36XCL0m7wa"),
        (
            STAPLE,
            "grub.pbkdf2.sha512.100.8FB156CAD91B43682D8510E29C13C218E37CAF15C23807E07C0F81300640A8558A91F2FE1FA3548A714E49694D0921E4FC3FA794520A012024E4BCD7DADB7B0F.DAFD7183962CEDC1D32CAABCB4167DFD16BF75BB027ADFEE1F388CB6947A7A2E00920FB25191A372004FA51CD1F4EA17AE4E187F4D7859663FE44BEF57915D95",
        ),
        (
            "hashcat",
            "$ml$35460$93a94bd24b5de64d79a5e49fa372827e739f4d7b6975c752c9a0ff1e5cf72e05$752351df64dd2ce9dc9c64a72ad91de6581a15c19176266b44d98919dfa81f0f96cbcb20a1ffb400718c20382030f637892f776627d34e021bad4f81b7de8222",
        ),
        // 389 Directory Server, from the tests of Kolab.
        (
            "12345678_kolab",
            "{PBKDF2-SHA512}10000$hbMHmUXNh3UoHNlDu+NJBOW+hVAhP3C0$ax9vNLL1rr85ppODFTykPC46igHh92vULWpZaR/CQqyD4IGG/IyPYbbC2v7BxSPIDUXc0e9AGX9IuwinIj5a/w==",
        ),
        (
            "Simple321Simple321",
            "{PBKDF2_SHA256}AAAIABzpVq0s1Ta7cqubx+19QOzsI7n7KRLu0SovLVivxUVCn0+ghlj3+9+tf3jqurdQhpQ/OWYmxMlAJCAeIU3jN0DDW7ODk9FpLFzhO2055J+vY5M7EXAGrvhUlkiyeH/zx/RBp2pVQq/2vtI+qmOGOGUXdZ0hK00yNXpZ7K7WTwsnEXeWs4DGkGkxwyPgsGTyEwwdYK4YpCFdjJi/dXI6+kKf72j+B+epuzPtuvdMj5xGnqe9jS+BN9Huzkof4vRPX3bYecywPaeNcdXPUY3iSj8hxFqiWbBDZ0mYy9aYAy6QgMitcdEGadPcR+dHXWNGK1qSLrFJJrB3cQtYhl+OgtHlwI0H4XTGBdp4MbegM3VgpUKuBNyIypwZ5oB/PRHA188bmsMjDmyN2kEnHSb1CK9MXcuS4bCQzNtutmQCxBCo",
        ),
        // A published wiki of 4training, with the password in its comment.
        (
            "4training",
            ":pbkdf2:sha512:30000:64:pjtCXscgI3Z0OZDuZv8m9w==:l/Je0AYVy0okCapxuIkAfAxYmgnWu4PmtgJxY2J+3PmYqu77BGVSPA5zBZUwCky/3oV/dqGkhy9sXGXWmUww1w==",
        ),
    ] {
        assert_verifies(Family::Pbkdf2, text, password);
    }
    assert_refused_when_cut_off(
        "{PKCS5S2}NzIyNzM0NzY3NTIwNjI3MdDDis7wPxSbSzfFqDGf7u/L00kSEnupbz36XCL0m7wa",
    );
}
