//! crypt(3): the vectors of passlib 1.7.4 (`tests/test_handlers.py`, many of them John the
//! Ripper's), of Ulrich Drepper's specification of SHA-crypt, of yescrypt's `TESTS-OK`, and hashes
//! created for these tests with libxcrypt 4.4.

use repass_hash_families::{Family, ForeignHash};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, verify,
};

const UNICODE: &str = "t\u{e1}\u{411}\u{2113}\u{259}";

#[test]
fn md5_crypt_vectors_verify() {
    let long = "x".repeat(300);
    let known = [
        ("U*U*U*U*", "$1$dXc3I7Rw$ctlgjDdWJLMT.qwHsWhXR1"),
        ("U*U***U", "$1$dXc3I7Rw$94JPyQc/eAgQ3MFMCoMF.0"),
        ("*U*U*U*U", "$1$eQT9Hwbt$XtuElNJD.eW5MN5UCWyTQ0"),
        ("", "$1$Eu.GHtia$CFkL/nE1BYTlEPiVx1VWX0"),
        (" ", "$1$m/5ee7ol$bZn0kIBFipq39e.KDXX8I0"),
        ("Compl3X AlphaNu3meric", "$1$nX1e7EeI$ljQn72ZUgt6Wxd9hfvHdV0"),
        ("4lpHa N|_|M3r1K W/ Cur5Es: #$%(*)(*%#", "$1$jQS7o98J$V6iTcr71CGgwW2laf17pi1"),
        ("test", "$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1"),
        (UNICODE, "$1$d6/Ky1lU$/xpf8m7ftmWLF.TjHCqel0"),
        (&long, "$1$saltstr$ipAsNAL8I6EemtVVXeBKz/"),
        ("myPassword", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"),
        (UNICODE, "$apr1$bzYrOHUx$a1FcpXuQDJV3vPY20CS6N1"),
    ];
    for (password, text) in known {
        assert_verifies(Family::Md5Crypt, text, password);
        assert_refused_when_cut_off(text);
        assert!(verify(&format!("{{CRYPT}}{text}"), password));
    }
    assert!(!verify("$apr1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1", "test"), "another prefix");
    for text in [
        "$1$dOHYPKoP$tnxS1T8Q6VVn3kpV8cN6o!",
        "$1$dOHYPKoP$tnxS1T8Q6VVn3kpV8cN6o.$",
        "$1$dOHYPKoP9$tnxS1T8Q6VVn3kpV8cN6o.",
        "$1$dOH:PKoP$tnxS1T8Q6VVn3kpV8cN6o.",
        "$1$$dOHYPKoP$tnxS1T8Q6VVn3kpV8cN6o.",
    ] {
        assert_damaged(Family::Md5Crypt, text);
    }
}

/// The passwords and settings of Drepper's specification, section "Test vectors".
#[test]
fn sha_crypt_vectors_of_the_specification_verify() {
    let known = [
        ("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (
            "Hello world!",
            "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
        ),
        (
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
        ),
        (
            "This is just a test",
            "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
        ),
        (
            "a very much longer text to encrypt.  This one even stretches over morethan one line.",
            "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
        ),
        (
            "we have a short salt string but not a short password",
            "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::ShaCrypt, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn sha_crypt_vectors_of_passlib_and_libxcrypt_verify() {
    let long = "x".repeat(300);
    let known = [
        ("U*U*U*U*", "$5$LKO/Ute40T3FNF95$U0prpBQd4PloSGU0pnpM4z9wKn4vZ1.jsrzQfPqxph9"),
        ("", "$5$kc7lRD1fpYg0g.IP$d7CMTcEqJyTXyeq8hTdu/jB/I6DGkoo62NXbHIR7S43"),
        (
            "with unic\u{d6}de",
            "$5$rounds=1000$IbG0EuGQXw5EkMdP$LQ5AfPf13KufFsKtmazqnzSGZ4pxtUNw3woQ.ELRDF4",
        ),
        ("secret", "$5$rounds=1004$nacl$oiWPbm.kQ7.jTCZoOtdv7/tO5mWv/vxw5yTqlBagVR7"),
        (&long, "$5$rounds=1000$saltstring$OdEVo6RykGou5G3pL3M3/r/xg5Qb.pPSsDUcmNr5QZ."),
        (
            "U*U*U*U*",
            "$6$LKO/Ute40T3FNF95$6S/6T2YuOIHY0N3XpLKABJ3soYcXD9mB7uVbtEZDj/LNscVhZoZ9DEH.sBciDrMsHOWOoASbNLTypH/5X26gN0",
        ),
        (
            "",
            "$6$rounds=1000$saltstring$CF.N.0BYYN72qUcyvvSEsw6BVOF30ljypIAf09OO9srNHWPxyxF8MeuK7MXWjGoVlM.3yAAk/owEEJQEYuWsY1",
        ),
        (
            UNICODE,
            "$6$rounds=40000$PEZTJDiyzV28M3.m$GTlnzfzGB44DGd1XqlmC4erAJKCP.rhvLvrYxiT38htrNzVGBnplFOHjejUGVrCfusGWxLQCc3pFO0A/1jYYr0",
        ),
        (
            &long,
            "$6$rounds=1000$saltstring$K9uKs1kwZ0v2TpRm9g6fQShKP5JtpMN4X.zF0q03xGPjiDospIgqHJqQlibavhF7RKNrbBPHdR3QsxipHRRtJ0",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::ShaCrypt, text, password);
        assert_refused_when_cut_off(text);
    }
}

/// The limit of libxcrypt.
#[test]
fn sha_crypt_accepts_up_to_511_bytes() {
    let text = "$5$rounds=1000$saltstring$gc/Quph221SWgv8LdjbY.XopiOD/ReuGrQFEXg7ohiA";
    assert!(verify(text, "x".repeat(511)));
    assert!(!verify(text, "x".repeat(510)));
    assert!(!verify(text, "x".repeat(512)));
}

/// Proves OWASP storage bounds.
#[test]
fn damaged_sha_crypt_hashes_and_rounds_out_of_bounds_are_refused() {
    let tag = "YWvUOXbkqlqhyoPMpN8BMe.ZGsGx2aBvxTvDFI613c3";
    for middle in [
        "rounds=010428$salt",
        "rounds=$salt",
        "rounds=1000",
        "s:lt",
        "s\u{e9}lt",
        "12345678901234567",
    ] {
        assert_damaged(Family::ShaCrypt, &format!("$5${middle}${tag}"));
    }
    assert_damaged(Family::ShaCrypt, &format!("$5$salt${tag}$"));
    assert_damaged(Family::ShaCrypt, &format!("$5${tag}"));
    assert_damaged(Family::ShaCrypt, &format!("$5$rounds=1000${tag}"));
    assert_damaged(Family::ShaCrypt, &format!("$6$salt${tag}"));
    for (rounds, value) in
        [("0", 0), ("999", 999), ("1000001", 1_000_001), ("999999999", 999_999_999)]
    {
        let text = format!("$5$rounds={rounds}$salt${tag}");
        assert_out_of_bounds(Family::ShaCrypt, &text, "rounds", value);
    }
}

#[test]
fn yescrypt_vectors_verify() {
    let long = "x".repeat(300);
    let known = [
        // The smaller vectors of TESTS-OK.
        (
            "pleaseletmein",
            "$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6",
        ),
        ("pleaseletmein", "$y$/A2$LdJMENpBABJJ3hIHj/$5IEld1eWdmh5lylrqHLF5dvA3ISpimEM9J1Dd05n/.3"),
        ("pleaseletmein", "$y$j91.5$LdJMENpBABJJ3hIH$ebKnn23URD5vyLgF9cP2EvVosrUXf7UErGRV0KmC6e6"),
        ("pleaseletmein", "$y$j80$LdJMENpBABJJ3h2$ysXVVJwuaVlI1BWoEKt/Bz3WNDDmdOWz/8KTQaHL1cC"),
        ("pleaseletmein", "$y$/6.$LdJMENpBABJJ$zQITmYSih5.CTY47x0IuE4wl.b3HzYGKKCSggakaQ22"),
        ("pleaseletmein", "$y$//..0$Ld3$6BJXezMFxaMiO5wsuoEmztvtCs/79085dZO56ADlV5B"),
        // libxcrypt.
        ("", "$y$j75..$LdJMENpBABJJ3hIHjB1Bi.$75Df5HKEbv7YpMBHBP.WLJgJMbfhGefO43oMLN6a3jD"),
        (
            "p\u{e4}ssword",
            "$y$j75..$LdJMENpBABJJ3hIHjB1Bi.$EERExcSPg.Yd/jbOKfME1VAvIMH4k7E9AxXQXYbuAMD",
        ),
        (&long, "$y$j75..$LdJMENpBABJJ3hIHjB1Bi.$LOYFpooChk5Vx9XbYRa.aIK4u8mDTRiJYM6/N.7yQU7"),
        ("p\u{e4}ssword", "$y$j75$LdJMENpBA.$dq8XNxdzc2pHhgrtqjiCIL968/jh4d7NMtFz.84IwiC"),
        ("p\u{e4}ss", "$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$iT1pG018xDFyFyYCqVAYvnEypT6e/tRKvRqruyDOCWD"),
    ];
    for (password, text) in known {
        assert_verifies(Family::Yescrypt, text, password);
        assert_refused_when_cut_off(text);
    }
    let debian = ForeignHash::parse(known[10].1).unwrap();
    assert!((16 << 20..17 << 20).contains(&debian.memory_bytes()));
}

/// Proves OWASP storage bounds.
#[test]
fn damaged_yescrypt_hashes_and_costs_out_of_bounds_are_refused() {
    let end = "LdJMENpBABJJ3hIHjB1Bi.$iT1pG018xDFyFyYCqVAYvnEypT6e/tRKvRqruyDOCWD";
    for parameters in ["", "j", "j9", "j9T.", "j953/2", "jC559", "09T", "j9!"] {
        assert_damaged(Family::Yescrypt, &format!("$y${parameters}${end}"));
    }
    assert_damaged(Family::Yescrypt, &format!("$y$j9T${end}$"));
    assert_damaged(Family::Yescrypt, &format!("$y$j9T$$${end}"));
    // The maximum that the encoding can express, in six characters.
    const GREATEST: u64 = 49 + (8 << 6) + (4 << 12) + (2 << 18) + (1 << 24) + ((1 << 30) - 1);
    let cases = [
        ("jLT", "ln", 24),
        ("jzzzzzzT", "ln", GREATEST),
        ("jGT", "memory in bytes", 1 << 31),
        ("j9zzzzzz", "r", GREATEST),
        ("j9T.kz", "p", 113),
    ];
    for (parameters, parameter, value) in cases {
        assert_out_of_bounds(Family::Yescrypt, &format!("$y${parameters}${end}"), parameter, value);
    }
}
