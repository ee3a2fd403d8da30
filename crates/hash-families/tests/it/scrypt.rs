//! scrypt: the vectors of RFC 7914 and of passlib 1.7.4 (`tests/test_handlers_scrypt.py`), and
//! hashes created for these tests with Django 5.2, Werkzeug 3 and libxcrypt 4.4.

use repass_hash_families::{Family, ForeignHash};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies,
};

const UNICODE: &str = "t\u{e1}\u{411}\u{2113}\u{259}";

#[test]
fn phc_strings_verify() {
    let known = [
        ("", "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEI"),
        ("password", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI"),
        (
            "pleaseletmein",
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI",
        ),
        (
            "test",
            "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA",
        ),
        (
            "password",
            "$scrypt$ln=8,r=2,p=1$dO6d0xoDoLT2PofQGoNQag$g/Wf2A0vhHhaJM+addK61QPBthSmYB6uVTtQzh8CM3o",
        ),
        (
            UNICODE,
            "$scrypt$ln=7,r=8,p=1$jjGmtDamdA4BQAjBeA9BSA$OiWRHhQtpDx7M/793x6UXK14AD512jg/qNm/hkWZG4M",
        ),
        (
            "nacl",
            "$scrypt$ln=1,r=4,p=2$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::Scrypt, text, password);
    }
}

#[test]
fn djangos_form_verifies() {
    let known = [
        (
            "l\u{e8}tmein",
            "scrypt$1024$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==",
        ),
        (
            "",
            "scrypt$1024$seasalt$8$5$zimPtdGBrO8FFFWPgfD1N1XB+0vaHuVkMzELG0Gw0CLoVBBRPQCcK7NEyqPJ32aICiBFrk3684W5CkzBhbnCZg==",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::Scrypt, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn werkzeugs_form_verifies() {
    let text = "scrypt:1024:8:2$wH9IJOUi$192ce5f9f337e361d9bd198e2f72a15cfa578598c8713e543c450e9781840ec148f7064c66308145718019813bbb0ffaeed22b8a3266d78dcf07805753fb9bbc";
    assert_verifies(Family::Scrypt, text, "l\u{e8}tmein");
    assert_refused_when_cut_off(text);
}

/// The last vector is Openwall's, of the scrypt paper's third vector.
#[test]
fn the_form_of_crypt_verifies() {
    let known = [
        ("", "$7$86..../....SodiumChloride$OCSJ4eit3LGHqD5H.g7AT8BzATgSJ5kBOVBxYwEnIE3"),
        (
            "p\u{e4}ssword",
            "$7$86..../....SodiumChloride$9INSS.LUCj8ojunHTi4w4i5iQs3oOBJ18P7jRr/84t6",
        ),
        (
            "pleaseletmein",
            "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::Scrypt, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn damaged_hashes_are_refused() {
    let tag = "mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA";
    for costs in
        ["ln=8,r=8", "ln=8,p=1,r=8", "ln=8,r=8,p=1,x=1", "", "ln=08,r=8,p=1", "ln=8,r=A,p=1"]
    {
        assert_damaged(Family::Scrypt, &format!("$scrypt${costs}$wlhLyXmP8b53bm1NKYVQqg${tag}"));
    }
    let start = "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$";
    for wrong in ["", "AAAA", "mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU.VxWA"] {
        assert_damaged(Family::Scrypt, &format!("{start}{wrong}"));
    }
    assert_damaged(Family::Scrypt, &format!("{start}{tag}$"));
    assert_damaged(Family::Scrypt, &format!("{start}{tag}=="));
    assert_damaged(
        Family::Scrypt,
        "scrypt$1025$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==",
    );
    assert_damaged(
        Family::Scrypt,
        "$7$8!..../....SodiumChloride$OCSJ4eit3LGHqD5H.g7AT8BzATgSJ5kBOVBxYwEnIE3",
    );
}

/// Proves OWASP storage bounds.
#[test]
fn costs_are_bounded() {
    let end = "wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA";
    let cases = [
        ("ln=0,r=8,p=1", "ln", 0),
        ("ln=21,r=1,p=1", "ln", 21),
        ("ln=64,r=1,p=1", "ln", 64),
        ("ln=14,r=0,p=1", "r", 0),
        ("ln=14,r=134217728,p=8", "r", 134_217_728),
        ("ln=14,r=8,p=0", "p", 0),
        ("ln=14,r=8,p=99999999999999999999", "p", u64::MAX),
        ("ln=19,r=8,p=1", "memory in bytes", 512 * 1024 * 1024),
        ("ln=18,r=8,p=5", "work (N times r times p)", 5 << 21),
    ];
    for (costs, parameter, value) in cases {
        assert_out_of_bounds(Family::Scrypt, &format!("$scrypt${costs}${end}"), parameter, value);
    }
    let django = "scrypt$2097152$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==";
    assert_out_of_bounds(Family::Scrypt, django, "N", 2_097_152);
    let crypt = "$7$86zzzz/....SodiumChloride$OCSJ4eit3LGHqD5H.g7AT8BzATgSJ5kBOVBxYwEnIE3";
    assert_out_of_bounds(Family::Scrypt, crypt, "r", 0x3fff_ffc8);
    // Defaults of OWASP's profiles, passlib, Django and Werkzeug are within bounds.
    for costs in
        ["ln=17,r=8,p=1", "ln=13,r=8,p=10", "ln=16,r=8,p=1", "ln=14,r=8,p=5", "ln=15,r=8,p=1"]
    {
        let hash = ForeignHash::parse(&format!("$scrypt${costs}${end}")).unwrap();
        assert!(hash.memory_bytes() >= 8 * 1024 * 1024, "{hash:?}");
    }
}

#[test]
fn memory_bytes_is_the_memory_that_rfc_7914_needs() {
    let hash = ForeignHash::parse(
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI",
    );
    let memory = hash.unwrap().memory_bytes();
    assert!((16 << 20..(16 << 20) + 64 * 1024).contains(&memory), "{memory}");
}
