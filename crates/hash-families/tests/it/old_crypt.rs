//! The older and rarer forms of crypt(3): hashes created for these tests with libxcrypt 4.4 and
//! passlib 1.7.4, and the examples of hashcat's modes 1500, 6300, 6400, 6500, 6700,
//! 12400 and 15100.

use repass_hash_families::{ExportedHash, Family, ImportFormat, Projects, stored_text};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, parsed,
    verify,
};

const STAPLE: &str = "correct horse battery staple";

#[test]
fn des_crypt_vectors_verify() {
    for (password, hash) in [
        (STAPLE, "rlBrzAiotJdIw"),
        (STAPLE, "..t7aSMt4wgh6"),
        (STAPLE, "zzD/pw812DVCk"),
        ("p\u{e4}ssword", "..8pde9JvNB1M"),
        ("abc", "rlckGD97BWszU"),
        ("12345678", "zzRtj6pNdfpLE"),
        ("", "rlFROk.yJKhMM"),
        ("hashcat", "48c/R8JAv757A"),
    ] {
        let exported = ExportedHash { hash, salt: None };
        let text = stored_text(&ImportFormat::Crypt, exported).unwrap();
        assert_eq!(text, format!("{{CRYPT}}{hash}"));
        assert_eq!(parsed(&text).family(), Family::DesCrypt);
        assert!(verify(&text, password), "{hash}");
        assert!(verify(&text.replace("CRYPT", "crypt"), password), "{hash}");
        for format in [ImportFormat::SelfDescribing, ImportFormat::Dovecot] {
            let dovecot = format!("{{DES-CRYPT}}{hash}");
            let exported = ExportedHash { hash: &dovecot, salt: None };
            let text = stored_text(&format, exported).unwrap();
            assert_eq!(parsed(&text).family(), Family::DesCrypt);
            assert!(verify(&text, password) && !verify(&text, "another one"), "{hash}");
            assert_refused_when_cut_off(&text);
        }
        assert!(!verify(&text, "another one"), "{hash}");
        assert_refused_when_cut_off(&text);
    }
    for damaged in [
        "{CRYPT}r!BrzAiotJdIw",
        "{CRYPT}rlBrzAiotJd!w",
        "{CRYPT}rlBrzAiotJdIz",
        "{DES-CRYPT}rlBrzAiotJdIz",
    ] {
        assert_damaged(Family::DesCrypt, damaged);
    }
}

/// Proves H1.
#[test]
fn h1_des_crypt_determines_what_its_eight_characters_of_seven_bits_do() {
    let text = "{CRYPT}zzRtj6pNdfpLE";
    assert!(verify(text, "12345678") && verify(text, "123456789"));
    let hash = parsed(text);
    assert!(!hash.determines(b"12345678") && !hash.determines(b"123456789"));
    assert!(hash.determines(b"1234567"));
    let umlaut = parsed("{CRYPT}..8pde9JvNB1M");
    assert_eq!(
        umlaut.verify(b"pC$ssword", &Projects::none()),
        Ok(true),
        "without the highest bits"
    );
    assert!(!umlaut.determines("p\u{e4}ss".as_bytes()));
    assert!(!verify("{CRYPT}rlckGD97BWszU", "abc\0"), "C strings have no NUL");

    let extended = "_J9..rasm7PjPNu72Ibk";
    assert!(parsed(extended).determines(STAPLE.as_bytes()));
    assert!(!parsed(extended).determines("p\u{e4}ssword".as_bytes()));
}

#[test]
fn extended_des_crypt_vectors_verify() {
    for (password, text) in [
        (STAPLE, "_J9..rasm7PjPNu72Ibk"),
        (STAPLE, "_1...zzzzLPryANbQomo"),
        ("p\u{e4}ssword", "_J9..rasm3Era0lzguf2"),
        ("abc", "_1...zzzzKo3P4l8wcds"),
        ("12345678", "_J9..rasmra8K.lE0aPk"),
        ("", "_1...zzzzgMxXPhEnse."),
        ("hashcat", "_9G..8147mpcfKT8g0U."),
    ] {
        assert_eq!(parsed(text).family(), Family::BsdiCrypt);
        assert!(verify(text, password), "{text}");
        assert!(verify(&format!("{{CRYPT}}{text}"), password), "{text}");
        assert!(verify(&format!("{{DES-CRYPT}}{text}"), password), "{text}");
        assert!(!verify(text, format!("{password}x")), "{text}");
        assert!(!verify(text, "xx"), "{text}");
        assert_refused_when_cut_off(text);
    }
    assert_out_of_bounds(Family::BsdiCrypt, "_....rasm7PjPNu72Ibk", "rounds", 0);
    assert_damaged(Family::BsdiCrypt, "_J9..rasm7PjPNu72Ib!");
}

#[test]
fn sha1_crypt_vectors_verify() {
    for (password, text) in [
        (STAPLE, "$sha1$100$QTmI6dfK$PoRx2igSsn2eRNeEKy27NVmBpf4Q"),
        (STAPLE, "$sha1$64000$wnUR8T1U$NdkzJUGtdqem/pyImwkO7ruLz5y4"),
        ("p\u{e4}ssword", "$sha1$100$wnUR8T1U$4UvRcX667Dl.nN1ugD3YeZ39rhXi"),
        ("abc", "$sha1$100$wnUR8T1U$89Oe3Zm7STjApTNaSMwYXon5dGmJ"),
        ("", "$sha1$100$wnUR8T1U$.fEVVSTGJJTVunvz50AYZ3ch3KMM"),
        ("hashcat", "$sha1$15100$jiJDkz0E$E8C7RQAD3NetbSDz7puNAY.5Y2jr"),
    ] {
        assert_verifies(Family::Sha1Crypt, text, password);
        assert_refused_when_cut_off(text);
    }
    let end = "$wnUR8T1U$89Oe3Zm7STjApTNaSMwYXon5dGmJ";
    for (rounds, value) in [("0", 0), ("10000001", 10_000_001), ("4294967296", 1 << 32)] {
        assert_out_of_bounds(Family::Sha1Crypt, &format!("$sha1${rounds}{end}"), "rounds", value);
    }
    assert_damaged(Family::Sha1Crypt, &format!("$sha1$0100{end}"));
}

#[test]
fn gost_yescrypt_vectors_verify() {
    for (password, text) in [
        (STAPLE, "$gy$j75$LdJMENpBABJJ3h2$1guyWDnmzKQsMfyLuCSzSumMrkjOvOCnG1cL3WXnlm6"),
        (STAPLE, "$gy$j95.0$LdJMENpBABJJ3h2$nknHsyK4jkchx/M5ECDxMknZAvrFfrOpQtBH5CJSvz9"),
        ("p\u{e4}ssword", "$gy$j75$LdJMENpBABJJ3h2$j2uULHgwicUbJHjmfYG0ap2uFJZCWwDhyjtRSHKaFg9"),
        ("12345678", "$gy$j75$LdJMENpBABJJ3h2$lIDdGVMwXNdKmivFs77CLaY1R1Kj9G8PLgEdaJuuL71"),
        ("", "$gy$j75$LdJMENpBABJJ3h2$nfipXNpm.9UiRzYkrwn3UjDQVoLcsrsHkRugYnlCVm/"),
    ] {
        assert_verifies(Family::GostYescrypt, text, password);
        assert!(verify(&format!("{{GOST_YESCRYPT}}{text}"), password), "389 Directory Server");
        assert_refused_when_cut_off(text);
    }
    let end = "$LdJMENpBABJJ3h2$1guyWDnmzKQsMfyLuCSzSumMrkjOvOCnG1cL3WXnlm6";
    assert_out_of_bounds(Family::GostYescrypt, &format!("$gy$jJT{end}"), "ln", 22);
}

/// `own_systems` has hashes of AIX. These are hashcat's examples.
///
/// Proves OWASP storage bounds.
#[test]
fn aix_vectors_verify() {
    let sha256 = "{ssha256}06$aJckFGJAB30LTe10$ohUsB7LBPlgclE3hJg9x042DLJvQyxVCX.nZZLEz.g2";
    for (family, text) in [
        (Family::Md5Crypt, "{smd5}a5/yTL/u$VfvgyHx1xUlXZYBocQpQY0"),
        (Family::Aix, "{ssha1}06$bJbkFGJAB30L2e23$dCESGOsP7jaIIAJ1QAcmaGeG.kr"),
        (Family::Aix, sha256),
        (
            Family::Aix,
            "{ssha512}06$bJbkFGJAB30L2e23$bXiXjyH5YGIyoWWmEVwq67nCU5t7GLy9HkCzrodRCQCx3r9VvG98o7O3V0r9cVrX3LPPGuHqT5LLn0oGCuI1..",
        ),
    ] {
        assert_verifies(family, text, "hashcat");
        assert_refused_when_cut_off(text);
    }
    for (from, to) in
        [("06$", "6$"), ("06$", "+6$"), ("06$", "006$"), ("LTe10$", "LTe1:$"), ("g2", "g!")]
    {
        assert_damaged(Family::Aix, &sha256.replace(from, to));
    }
    for (cost, value) in [("00", 0), ("24", 24), ("31", 31)] {
        let text = sha256.replace("}06$", &format!("}}{cost}$"));
        assert_out_of_bounds(Family::Aix, &text, "log2 of the iterations", value);
    }
}

/// `own_systems` has hashes of libxcrypt in each form.
///
/// Proves OWASP storage bounds.
#[test]
fn damaged_hashes_of_solaris_and_rounds_out_of_bounds_are_refused() {
    let tag = "9s7ao0KixSfjHqUf5dpg1.";
    for whole in ["$md5$saltsalt$$", "$md5,rounds=904$saltsalt$"] {
        assert_refused_when_cut_off(&format!("{whole}{tag}"));
    }
    for start in [
        "$md5,rounds=0904$saltsalt$$",
        "$md5,rounds=$saltsalt$$",
        "$md5,rounds$saltsalt$$",
        "$md5$$$",
        "$md5$salt$salt$",
        "$md5$salt:$",
    ] {
        let text = format!("{start}{tag}");
        assert_damaged(Family::SunMd5, &text);
    }
    assert_damaged(Family::SunMd5, &format!("$md5$saltsalt$${tag}."));
    for (rounds, value) in [("0", 0), ("1000001", 1_000_001)] {
        let text = format!("$md5,rounds={rounds}$saltsalt$${tag}");
        assert_out_of_bounds(Family::SunMd5, &text, "rounds", value);
    }
}

/// passlib computes the form of the first OpenBSD.
#[test]
fn the_first_bcrypt_verifies_and_determines_nothing() {
    for (password, tag) in [
        (STAPLE, "euoICgqLNISBjHb35QfefXap/xu.09m"),
        ("p\u{e4}ssword", "HFZSWG2Z1j76uSLnRbh4TQjGz.uYt8G"),
        ("abc", "Zdh5F0EYVOlcx8g5..m7xyzaitL2jG."),
        ("12345678", "l51iuHy3ctshtl/3qTmFICKbCUSpHX6"),
    ] {
        let text = format!("$2$04$CCCCCCCCCCCCCCCCCCCCC.{tag}");
        assert_eq!(parsed(&text).family(), Family::Bcrypt);
        assert!(verify(&text, password), "{text}");
        assert!(verify(&text, password.repeat(2)), "the key is repeated");
        assert!(!verify(&text, "") && !verify(&text, format!("{password}x")), "{text}");
        assert!(!parsed(&text).determines(password.as_bytes()));
        assert_refused_when_cut_off(&text);
    }
}
