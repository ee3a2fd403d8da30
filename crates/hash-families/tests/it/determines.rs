//! `ForeignHash::determines`. Hashes that are not in the other modules were created for these tests
//! with libxcrypt 4.4 and Python's hashlib.

use std::collections::BTreeSet;

use repass_hash_families::{Family, Projects};

use crate::assertions::parsed;

const STAPLE: &str = "correct horse battery staple";
const OF_STAPLE: &str = "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS";
const OF_STAPLE_IN_CRYPT: &str =
    "{CRYPT}$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS";
/// By the bug of crypt_blowfish before 1.1 also a hash of `Zyë plus 20 Käsebrötchen`.
const OF_BREAD: &str = "$2x$04$CCCCCCCCCCCCCCCCCCCCC.GCpw9I4xKyKQ0E7lpYOOOiQmU8YXBUW";
const WORDPRESS: &str = "$wp$2y$04$CCCCCCCCCCCCCCCCCCCCC.tyYxmveiRsg3cIgx54krB.AhMF/rZ/W";
const DJANGO_PBKDF2: &str = "pbkdf2_sha256$1000$abc$70m+hKmbvIH/QfII9PwYuIZXomKqG4wgvNLdHGMor9U=";
/// The stored text of
/// `3f0a9d5f7c1e4b2a8d6c0e9f1a2b3c4d:2d604795b8ce7a553680804d07606885bd4ba75c5d56a74551ab312110041d70cc5cbf710362a17aaa05cc30dba144a28f794d107ee485d84c3e0a6470792b10`.
const BETTER_AUTH: &str = "$better-auth$ln=14,r=16,p=1$M2YwYTlkNWY3YzFlNGIyYThkNmMwZTlmMWEyYjNjNGQ$LWBHlbjOelU2gIBNB2Bohb1Lp1xdVqdFUasxIRAEHXDMXL9xA2KheqoFzDDboUSij3lNEH7khdhMPgpkcHkrEA";
const IDENTITY: &str = "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M";

/// 100 times `x`.
const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const FIREBASE: &str = "$firebase-scrypt$ln=10,r=4,project=shop-1$42xEC+ixf3L2lwc$KQPsvED2CV0bwpoa/EwWf/I6wi4aFdD6ioCh+UZ6ky26qt7F67GWf6muPoe4X99j3MPxJV5bYRc+kYtBiAy2+w";
const DEVISE: &str =
    "$devise$pepper=rails$2a$04$CCCCCCCCCCCCCCCCCCCCC.xaRnoSjg.a4J3PjDUXfQUKe5X0NM5by";
/// Flavor 0 of yescrypt is scrypt: the tag is that of scrypt with the same costs and salt.
const YESCRYPT_0: &str = "$y$.75$Hx4NdJLP1V4Pj7LOYJ4$9INSS.LUCj8ojunHTi4w4i5iQs3oOBJ18P7jRr/84t6";
const SCRYPT_CRYPT: &str =
    "$7$86..../....SodiumChloride$9INSS.LUCj8ojunHTi4w4i5iQs3oOBJ18P7jRr/84t6";
/// Of phpBB, as the vectors of `own_systems`.
const PHPBB: &str = "$H$9O3CcbjIHpq/1WscscMpL5fDRmo89R.";
/// Of OpenCart, which hashes `&` as `&amp;`.
const OPENCART: &str = "$opencart$YWJjZGVmZ2hp$dkvsZZ3PJ3sGbpGAftdnjOqOA8c";

/// Hashes of ordinary passwords: those of every family.
const ORDINARY: &[(&str, &str)] = &[
    (OF_STAPLE, STAPLE),
    (OF_STAPLE_IN_CRYPT, STAPLE),
    ("$2b$05$abcdefghijklmnopqrstuu3lczWMMP.MvII75qkUED.B25QUsjjoC", "Zoë und Jürgen, zwei Cafés"),
    ("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ("bcrypt_sha256$$2b$05$6bNw2HLQYeqHYyBfLMsv/O9YdCwN0qeTmknDW/7YS4OP99xmMbm4K", LONG),
    ("$wp$2y$05$CCCCCCCCCCCCCCCCCCCCC.VcM0uNqIDuQedMX1yNXfqN5K9ZSRCuG", LONG),
    (
        "$scrypt$ln=7,r=8,p=1$jjGmtDamdA4BQAjBeA9BSA$OiWRHhQtpDx7M/793x6UXK14AD512jg/qNm/hkWZG4M",
        "t\u{e1}\u{411}\u{2113}\u{259}",
    ),
    (BETTER_AUTH, STAPLE),
    (DJANGO_PBKDF2, STAPLE),
    (IDENTITY, "my password"),
    ("$aspnet-membership-sha1$didECXiE4DTmqjNbkzWZrQ$200uGeTrst+cPS+fPTXUilf3ty0", "p\u{e4}ssword"),
    ("$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1", "test"),
    ("$5$rounds=1004$nacl$oiWPbm.kQ7.jTCZoOtdv7/tO5mWv/vxw5yTqlBagVR7", "secret"),
    ("$y$j75$LdJMENpBA.$NoYmTLXw0ebCILgz90sY6kEkfwbbwvoN9EGXA5buQ60", STAPLE),
    ("$y$/6.$LdJMENpBABJJ$zQITmYSih5.CTY47x0IuE4wl.b3HzYGKKCSggakaQ22", "pleaseletmein"),
    ("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"),
    ("$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", "hashcat"),
    ("{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "testing123"),
    ("$3$$7f8fe03093cc84b267b109625f6bbf4b", "passphrase"),
    ("$unsalted-md5$kAFQmDzST7DWlj99KOF/cg", "abc"),
    ("_1...zzzzLPryANbQomo", STAPLE),
    ("$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk", "hashcat"),
    ("$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6", "hashcat"),
    ("{CRYPT}rlckGD97BWszU", "abc"),
    ("$gy$j75$LdJMENpBABJJ3h2$1guyWDnmzKQsMfyLuCSzSumMrkjOvOCnG1cL3WXnlm6", STAPLE),
    (
        "$hmac-sha256$SkRzcVlsQUU5eWI1RzJBdw$NVOzwpmHg4AwcpIa+V9lT6X3hPB5YXLpP+CGC0P8MII",
        "p\u{e4}ssword",
    ),
    (":B:56668501:0ce106caa70af57fd525aeaf80ef2898", "hashcat"),
    ("0x010018102152f8f28c8499d8ef263c53f8be369d799f931b2fbe", "hashcat"),
    ("$mybb$NDcyMDQ$jSEpCD7zX0s2XV2HSH4SBw", "hashcat"),
    ("$mysql41$fcf7c1b8749cf99d88e5f34271d636178fb5d130", "hashcat"),
    (
        "$mysql-sha2$005$f9cc98ce08892924f50a213b6bc571a2c11778c5$bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/",
        "hashcat",
    ),
    ("$opencart$NDcyNDMzNjcz$bjbc/GFRJyx5cWX84h5o58dzfkA", "hashcat"),
    (
        "SCRAM-SHA-256$4096:dd2XM+0y9lEPo0HV7HgG3Q==$jzJoTwELL+KnaMwshphto5zGIRIZzepdxdP7zkT1pqI=:yURK3qAMh4I0tWxhDbfG/tTjWyP+OUJZvQ0YhKrkzA0=",
        STAPLE,
    ),
    ("$sha1$100$wnUR8T1U$89Oe3Zm7STjApTNaSMwYXon5dGmJ", "abc"),
    (
        "$spring-standard$9ca693664dd4cfb9a585719fe73a6650bb1e05b46a4376fb0bbfa5a9e95ac5922985735891d6ee37",
        STAPLE,
    ),
    (
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==",
        "mytestpassword",
    ),
    (
        "$symfony-sha512$i=5000$c29tZXNhbHQ$AEsH6MG9ANU/MiZV1PqL7jxwfA85rKIfe2P+WNkJoe9YMpsVWejE5x5ssKDGvbZncbA5yTkADqt3hAZb1r74IQ",
        STAPLE,
    ),
    ("$vbulletin$MTgxMjY0MjUwMDU2Nzc0NjAzNjQxODc0MDQzMjcw$vzZjSMU93PvRbmPt/dHu5g", "hashcat"),
    (FIREBASE, "p\u{e4}ssword"),
    (DEVISE, STAPLE),
    (YESCRYPT_0, "p\u{e4}ssword"),
    (SCRYPT_CRYPT, "p\u{e4}ssword"),
    (WORDPRESS, STAPLE),
    ("{ssha256}06$aJckFGJAB30LTe10$ohUsB7LBPlgclE3hJg9x042DLJvQyxVCX.nZZLEz.g2", "hashcat"),
    ("S:2BFCFDF5895014EE9BB2B9BA067B01E0389BB5711B7B5F82B7235E9E182C", "SHAlala"),
    (
        "T:78281A9C0CF626BD05EFC4F41B515B61D6C4D95A250CD4A605CA0EF97168D670EBCB5673B6F5A2FB9CC4E0C0101E659C0C4E3B9B3BEDA846CD15508E88685A2334141655046766111066420254008225",
        "hashcat",
    ),
    ("$md5,rounds=904$sa./ltsa$$Tq6OzL3pAs.Ti6RxpQ3Uy.", STAPLE),
];

/// Hashes with a text that is equivalent to the password, where [`similar`] does not make it.
const EQUIVALENT: &[(&str, &str)] = &[
    (OPENCART, "a&b"),
    (OPENCART, "a&amp;b"),
    (PHPBB, "a&b <c> \"d\" 'e'"),
    (PHPBB, " a&b <c> \"d\" 'e'"),
    (PHPBB, "a&amp;b &lt;c&gt; &quot;d&quot; 'e'"),
    (WORDPRESS, "\tcorrect horse battery staple"),
    (BETTER_AUTH, "correct\u{a0}horse battery staple"),
    // bcrypt repeats its key with a NUL between.
    (DEVISE, "correct horse battery stapleabc0123456789def\0correct horse battery staple"),
];

/// The keys that some of the hashes need.
fn projects() -> Projects {
    let key =
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let projects = Projects::none().with_encoded("shop-1", key).unwrap();
    projects.with_pepper("rails", "abc0123456789def").unwrap()
}

/// Whether the hash determines `password`, which it accepts.
fn determines(text: &str, password: &str) -> bool {
    let hash = parsed(text);
    let password = password.as_bytes();
    assert_eq!(hash.verify(password, &projects()), Ok(true), "{text}: {password:?}");
    hash.determines(password)
}

/// Returns texts that a family might not distinguish from `password`.
fn similar(password: &str) -> Vec<Vec<u8>> {
    let wide = |character: char| match character {
        '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0).unwrap_or(character),
        _ => character,
    };
    let texts = [
        format!("{password}\0"),
        format!("{password}\0\0"),
        format!("{password}\0{password}"),
        format!("{password}{password}"),
        format!("{password} "),
        format!(" {password}"),
        format!("{password}\u{ad}"),
        password.to_uppercase(),
        password.to_lowercase(),
        password.chars().map(wide).collect(),
    ];
    let high_bits = password.bytes().map(|byte| byte ^ 0x80).collect();
    let mut similar: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    similar.push(high_bits);
    similar.extend([8, 72].map(|end| password.as_bytes().get(..end).unwrap_or_default().to_vec()));
    similar.retain(|text| text != password.as_bytes() && !text.is_empty());
    similar
}

/// Returns the families of `texts`, without Argon2, which is verified elsewhere.
fn families<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'static str> {
    texts.into_iter().map(|text| parsed(text).family().name()).collect()
}

/// Proves H1.
#[test]
fn h1_every_family_determines_an_ordinary_password() {
    for (text, password) in ORDINARY {
        assert!(determines(text, password), "{text}");
    }
    let others = Family::ALL.into_iter().filter(|family| *family != Family::Argon2);
    let all: BTreeSet<_> = others.map(Family::name).collect();
    assert_eq!(families(ORDINARY.iter().map(|(text, _)| *text)), all);
}

/// Proves H1.
#[test]
fn h1_no_family_determines_a_text_that_is_equivalent_to_another() {
    let projects = projects();
    let mut ambiguous = BTreeSet::new();
    for (text, password) in ORDINARY {
        let hash = parsed(text);
        for other in similar(password) {
            if hash.verify(&other, &projects) == Ok(true) {
                assert!(!hash.determines(&other), "{text}: {other:?}");
                ambiguous.insert(hash.family().name());
            }
        }
    }
    for (text, password) in EQUIVALENT {
        assert!(!determines(text, password), "{text}: {password}");
        ambiguous.insert(parsed(text).family().name());
    }
    // What the documentation says of each family is what is true of its hashes.
    let is_limited = |family: &Family| family.determined() != "every password";
    let limited: BTreeSet<_> =
        Family::ALL.into_iter().filter(is_limited).map(Family::name).collect();
    assert_eq!(ambiguous, limited);
}

/// Proves H1.
#[test]
fn h1_bcrypt_determines_no_text_that_may_be_cut_or_erased() {
    let of_72 = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let start = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let cut = format!("{start} and no more");
    for (text, password) in [
        (of_72, start),
        (of_72, &cut),
        (&format!("{{crypt}}{of_72}"), start),
        (&format!("bcrypt${of_72}"), start),
        (&of_72.replace("$2a$", "$2x$"), start),
        (OF_BREAD, "Zo\u{eb} plus 20 K\u{e4}sebr\u{f6}tchen"),
        (OF_BREAD, "Zy\u{eb} plus 20 K\u{e4}sebr\u{f6}tchen"),
    ] {
        assert!(!determines(text, password), "{text}: {password}");
    }
    // 71 bytes and the terminating NUL are hashed completely.
    let of_71 = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.rdIDyHJ69eb.FoH5QDlG5nPtz7wt6mm";
    assert!(determines(of_71, &start[..71]));
}
