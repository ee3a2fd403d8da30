//! Invalid and malicious texts.

use proptest::prelude::*;
use repass_hash_families::{
    ExportedHash, Family, ForeignHash, FormatError, ImportFormat, MAX_PASSWORD_BYTES,
    MAX_TEXT_BYTES, Projects, stored_text,
};

use crate::assertions::{assert_unknown, verify};

/// One text of each form, with low costs.
const TEXTS: &[&str] = &[
    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu",
    "$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS",
    "$wp$2y$05$CCCCCCCCCCCCCCCCCCCCC.J.Mjmor8ROGl33GjQI33/5RRCQPJXqq",
    "$scrypt$ln=1,r=4,p=2$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
    "scrypt:1024:8:2$wH9IJOUi$192ce5f9f337e361d9bd198e2f72a15cfa578598c8713e543c450e9781840ec148f7064c66308145718019813bbb0ffaeed22b8a3266d78dcf07805753fb9bbc",
    "scrypt$1024$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==",
    "$7$86..../....SodiumChloride$OCSJ4eit3LGHqD5H.g7AT8BzATgSJ5kBOVBxYwEnIE3",
    "$better-auth$ln=2,r=16,p=1$MDAxMQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
    "$firebase-scrypt$ln=2,r=4,project=shop-1$42xEC+ixf3L2lwc$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
    "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI",
    "$pbkdf2-sha1$i=10000,l=20$wJuJqLoUFsdXa8k3sFhRlA$XMGVWTbeKf4Xd+CGiuEZde8x7QA",
    "pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=",
    "pbkdf2:sha1:1000$M0JU0vuK$c2462ad3782ad1149edee668a902c99380629146",
    "{PBKDF2}1212$MDEyMzQ1Njc4OWFiY2RlZg$/i3kqeDsh8Jz4SQXyeaKAaroURA",
    "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
    "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
    "$aspnet-membership-sha1$AAECAwQFBgcICQoLDA0ODw$TdpD8XIYGc4IpyrI7vVfZt7GRps",
    "$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1",
    "{CRYPT}$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1",
    "$3$$7f8fe03093cc84b267b109625f6bbf4b",
    "$5$rounds=1004$nacl$oiWPbm.kQ7.jTCZoOtdv7/tO5mWv/vxw5yTqlBagVR7",
    "$6$rounds=1000$saltstring$CF.N.0BYYN72qUcyvvSEsw6BVOF30ljypIAf09OO9srNHWPxyxF8MeuK7MXWjGoVlM.3yAAk/owEEJQEYuWsY1",
    "$y$j75..$LdJMENpBABJJ3hIHjB1Bi.$75Df5HKEbv7YpMBHBP.WLJgJMbfhGefO43oMLN6a3jD",
    "$P$7JaFQsPzJSuenezefD/3jHgt5hVfNH0",
    "U$S$533783772x4w3Ahcjh5lr2h4ImEYIS02BvwCUJA48lMm/vZTPWNj",
    "{SSHA}0H+zTv8o4MR4H43n03eCsvw1luG8LdB7",
    "$salted-md5$layout=salt-first$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
    "$unsalted-md5$6rCkCEIPS4oP74sDNWIo+w",
    "{CRYPT}rlBrzAiotJdIw",
    "$devise$pepper=shop-1$2a$04$CCCCCCCCCCCCCCCCCCCCC.xaRnoSjg.a4J3PjDUXfQUKe5X0NM5by",
    "_1...zzzzLPryANbQomo",
    "$2$04$CCCCCCCCCCCCCCCCCCCCC.euoICgqLNISBjHb35QfefXap/xu.09m",
    "$sha1$100$QTmI6dfK$PoRx2igSsn2eRNeEKy27NVmBpf4Q",
    "$gy$j75$LdJMENpBABJJ3h2$1guyWDnmzKQsMfyLuCSzSumMrkjOvOCnG1cL3WXnlm6",
    "SCRAM-SHA-256$4096:dd2XM+0y9lEPo0HV7HgG3Q==$jzJoTwELL+KnaMwshphto5zGIRIZzepdxdP7zkT1pqI=:yURK3qAMh4I0tWxhDbfG/tTjWyP+OUJZvQ0YhKrkzA0=",
    "{SCRAM-SHA-1}4096,GetyLXdBuHzf1FWf8SLz2Q==,NA/OqmF4hhrsrB9KR7po+dliTGM=,QBiURvQaE6H6qYTmeghDHLANBFQ=",
    "$mysql41$fcf7c1b8749cf99d88e5f34271d636178fb5d130",
    "$mysql-sha2$005$f9cc98ce08892924f50a213b6bc571a2c11778c5$bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/",
    "0x010018102152f8f28c8499d8ef263c53f8be369d799f931b2fbe",
    "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk",
    "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
    "$s0$20801$epIxT/h6HbbwHaehFnh/bw==$7H0vsXlY8UxxyW/BWx/9GuY7jEvGjT71GFd6O4SZND0=",
    "{PKCS5S2}NzIyNzM0NzY3NTIwNjI3MdDDis7wPxSbSzfFqDGf7u/L00kSEnupbz36XCL0m7wa",
    "$ml$100$93a94bd24b5de64d79a5e49fa372827e$752351df64dd2ce9dc9c64a72ad91de6581a15c19176266b44d98919dfa81f0f96cbcb20a1ffb400718c20382030f637892f776627d34e021bad4f81b7de8222",
    ":pbkdf2:sha1:100:20:pjtCXscgI3Z0OZDuZv8m9w==:q/eq1kOINtvlJqojGr3i0O73TUI=",
    ":B:56668501:0ce106caa70af57fd525aeaf80ef2898",
    "$hmac-md5$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
    "$spring-standard$97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0",
    "$symfony-md5$i=10$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
    "$vbulletin$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
    "{ssha256}06$aJckFGJAB30LTe10$ohUsB7LBPlgclE3hJg9x042DLJvQyxVCX.nZZLEz.g2",
    "{smd5}s8/xSJ/v$uGam4GB8hOjTLQqvBfxJ2/",
    "S:2BFCFDF5895014EE9BB2B9BA067B01E0389BB5711B7B5F82B7235E9E182C",
    "T:78281A9C0CF626BD05EFC4F41B515B61D6C4D95A250CD4A605CA0EF97168D670EBCB5673B6F5A2FB9CC4E0C0101E659C0C4E3B9B3BEDA846CD15508E88685A2334141655046766111066420254008225",
    "$md5,rounds=904$sa./ltsa$$Tq6OzL3pAs.Ti6RxpQ3Uy.",
    "$mybb$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
    "$opencart$c2FsdA$q/eq1kOINtvlJqojGr3i0O73TUI",
    "$fbscrypt$v=1,n=2,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bpw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsag==",
];

/// One declaration of each import format.
const FORMATS: &[&str] = &[
    "self-describing",
    "aspnet-membership",
    "better-auth",
    "crypt",
    "devise:pepper=shop-1",
    "django",
    "dovecot",
    "firebase:project=shop-1,rounds=8,mem-cost=4,salt-separator=Bw==",
    "joomla",
    "keycloak",
    "magento",
    "meteor",
    "mybb",
    "mysql",
    "nt",
    "okta",
    "opencart",
    "pbkdf2:algorithm=sha1,iterations=10",
    "salted-digest:algorithm=md5,layout=none",
    "spring",
    "symfony:algorithm=md5,iterations=10,digest=hex",
    "vbulletin",
    "werkzeug",
];

/// Beginnings of exported hashes.
const EXPORTS: &[&str] = &[
    "",
    "{SHA-256}{salt}",
    "{pbkdf2}",
    "{SSHA.hex}",
    "{PBKDF2}$1$salt$10$",
    "0x24412430303524",
    "*",
    "md5$salt$",
    "ab5ebf8d273b085b6a60336198e0a5a2090fdc3e0606a678315c7274ab06e046:",
    "{\"algorithm\":\"SHA-1\",\"value\":\"",
    "$2a$04$",
];

#[test]
fn ambiguous_and_unknown_texts_have_no_family() {
    let unknown = [
        "",
        " ",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "$",
        "$$$",
        "$4$12$salt$tag",
        "_",
        " $2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ];
    for text in unknown {
        assert_unknown(text);
        assert_eq!(Family::detect(text), None);
    }
}

/// What people paste by mistake is named, with the remedy.
#[test]
fn texts_that_are_no_hashes_are_described() {
    for (text, part) in [
        ("!", "the mark of an account"),
        ("!$6$rounds=1000$saltstring$CF", "the mark of an account"),
        ("*", "the mark of an account"),
        ("md5831c4baa8a44083a6434b892d573846b", "the MD5 of PostgreSQL"),
        ("root:$6$rounds=1000$saltstring$CF:19000:0:99999:7:::", "a whole line"),
        ("pat:$apr1$7RwVrznT$ULdag3G3RecswpR/fSIx90", "a whole line"),
        ("{SSHA}xx", "the part `tag` is malformed"),
    ] {
        let reason = ForeignHash::parse(text).unwrap_err().to_string();
        assert!(reason.contains(part), "{text}: {reason}");
    }
}

#[test]
fn argon2_is_detected_and_refused() {
    let text =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_eq!(Family::detect(text), Some(Family::Argon2));
    assert_eq!(ForeignHash::parse(text).unwrap_err(), FormatError::Argon2);
}

#[test]
fn too_long_texts_and_passwords_are_refused() {
    let text = "$2a$05$".to_owned() + &"C".repeat(MAX_TEXT_BYTES);
    let refused = ForeignHash::parse(&text).unwrap_err();
    assert_eq!(refused, FormatError::TooLong { bytes: text.len(), max: MAX_TEXT_BYTES });

    let text = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let start = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert!(verify(text, format!("{start:x<MAX_PASSWORD_BYTES$}")));
    assert!(!verify(text, format!("{start:x<0$}", MAX_PASSWORD_BYTES + 1)));
}

#[test]
fn the_texts_cover_every_family() {
    let families: std::collections::HashSet<_> =
        TEXTS.iter().map(|text| ForeignHash::parse(text).unwrap().family()).collect();
    // All but Argon2.
    assert_eq!(families.len(), Family::ALL.len() - 1);
}

#[test]
fn no_error_quotes_the_text() {
    for text in TEXTS {
        let marked = format!("{text}MARKMARK");
        if let Err(error) = ForeignHash::parse(&marked) {
            assert!(!error.to_string().contains("MARK"), "{error}");
            assert!(!format!("{error:?}").contains("MARK"), "{error:?}");
        }
    }
}

proptest! {
    #[test]
    fn parsing_any_text_does_not_panic(text in any::<String>()) {
        let _ = ForeignHash::parse(&text);
    }

    #[test]
    fn importing_any_text_does_not_panic(
        format in prop::sample::select(FORMATS),
        start in prop::sample::select(EXPORTS),
        rest in prop_oneof![any::<String>(), "[$=,:{}*.0-9a-fA-F]{0,120}"],
        salt in prop::option::of(any::<String>()),
    ) {
        let format: ImportFormat = format.parse().unwrap();
        let hash = format!("{start}{rest}");
        let exported = ExportedHash { hash: &hash, salt: salt.as_deref() };
        if let Ok(text) = stored_text(&format, exported)
            && Family::detect(&text) != Some(Family::Argon2)
        {
            prop_assert!(ForeignHash::parse(&text).is_ok());
        }
    }

    #[test]
    fn parsing_a_changed_end_does_not_panic(
        known in prop::sample::select(TEXTS),
        keep in any::<prop::sample::Index>(),
        rest in "[$=,:{}./a-zA-Z0-9é]{0,80}",
    ) {
        let keep = keep.index(known.len());
        let _ = ForeignHash::parse(&format!("{}{rest}", &known[..keep]));
        let _ = ForeignHash::parse(&format!("{}{rest}{}", &known[..keep], &known[keep..]));
    }

    #[test]
    fn a_hash_with_a_changed_character_is_refused_or_verifies_no_password(
        known in prop::sample::select(TEXTS),
        at in any::<prop::sample::Index>(),
        change in prop_oneof!["[$=,:{}./+a-zA-Z0-9]".prop_map(|text| text.chars().next()), any::<Option<char>>()],
    ) {
        let mut characters: Vec<char> = known.chars().collect();
        let at = at.index(characters.len());
        match change {
            Some(change) => characters[at] = change,
            None => drop(characters.remove(at)),
        }
        let changed: String = characters.into_iter().collect();
        let Ok(hash) = ForeignHash::parse(&changed) else {
            return Ok(());
        };
        prop_assert!(hash.memory_bytes() <= 257 * 1024 * 1024);
        // A parsed hash can be verified. Hashes with changed costs are skipped, as they may be
        // slow.
        let unchanged = ForeignHash::parse(known).unwrap();
        if format!("{hash:?}") == format!("{unchanged:?}") {
            let projects = Projects::none().with("shop-1", vec![7; 32]);
            let projects = projects.with_pepper("shop-1", "pepper").unwrap();
            prop_assert!(hash.verify(b"surely not this one", &projects).is_ok_and(|right| !right));
        }
    }
}
