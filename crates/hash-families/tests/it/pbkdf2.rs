//! PBKDF2: the vectors of RFC 6070 and RFC 7914 as PHC strings, those of passlib 1.7.4
//! (`tests/test_handlers_pbkdf2.py`), one of OneLogin's guide to stored_text hashes, and hashes
//! created for these tests with Django 5.2, Werkzeug 3 and passlib (for LDAP). `own_systems` has
//! hashes of the LDAP directories.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use repass_hash_families::Family;

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, verify,
};

const WAVE: &str = "\u{399}\u{3c9}\u{3b1}\u{3bd}\u{3bd}\u{3b7}\u{3c2}";

fn phc(digest: &str, iterations: u32, salt: &[u8], tag: &str) -> String {
    let tag = BASE64_NOPAD.encode(&HEXLOWER.decode(tag.as_bytes()).unwrap());
    format!("${digest}$i={iterations}${}${tag}", BASE64_NOPAD.encode(salt))
}

/// All but the vector of 16 777 216 iterations, which is out of bounds.
#[test]
fn rfc_6070_vectors_verify() {
    let known: [(&[u8], &[u8], u32, &str); 5] = [
        (b"password", b"salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (b"password", b"salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        (b"password", b"salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
        (
            b"passwordPASSWORDpassword",
            b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
            4096,
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
        ),
        (b"pass\0word", b"sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
    ];
    for (password, salt, iterations, tag) in known {
        let text = phc("pbkdf2", iterations, salt, tag);
        assert_verifies(Family::Pbkdf2, &text, password);
        assert!(verify(&text.replace("$pbkdf2$", "$pbkdf2-sha1$"), password));
    }
}

#[test]
fn rfc_7914_vectors_verify() {
    let tag = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783";
    assert_verifies(Family::Pbkdf2, &phc("pbkdf2-sha256", 1, b"salt", tag), "passwd");
    let tag = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d";
    assert_verifies(Family::Pbkdf2, &phc("pbkdf2-sha256", 80_000, b"NaCl", tag), "Password");
}

#[test]
fn phc_strings_verify() {
    let text = "$pbkdf2-sha256$i=10000,l=32$wJuJqLoUFsdXa8k3sFhRlA$2waKCbPhZzL+RjWMQqvA1jpb+j56jTAXcNmRD9UTekU";
    assert_verifies(Family::Pbkdf2, text, "Test@123");
    assert_refused_when_cut_off(text);
    let text = "$pbkdf2-sha1$i=10000,l=20$wJuJqLoUFsdXa8k3sFhRlA$XMGVWTbeKf4Xd+CGiuEZde8x7QA";
    assert_verifies(Family::Pbkdf2, text, "Test@123");
    assert_refused_when_cut_off(text);
}

#[test]
fn passlib_vectors_verify() {
    let known = [
        ("password", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI"),
        (
            "password",
            "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
        ),
        (
            "password",
            "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww",
        ),
        (WAVE, "$pbkdf2$1212$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc"),
        (
            WAVE,
            "$pbkdf2-sha256$1212$3SABFJGDtyhrQMVt1uABPw$WyaUoqCLgvz97s523nF4iuOqZNbp5Nt8do/cuaa7AiI",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::Pbkdf2, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn forms_of_other_systems_verify() {
    let known = [
        ("l\u{e8}tmein", "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A="),
        ("", "pbkdf2_sha256$1000$seasalt$XHfRVmyEZRTCcSbqGP00JKv0fRwYHK0ogjPZdSJxCXk="),
        ("l\u{e8}tmein", "pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I="),
        ("", "pbkdf2_sha1$1000$seasalt$dbFbGdNSsmpcbEzYDW8WUNxI63I="),
        (
            "l\u{e8}tmein",
            "pbkdf2:sha256:1000$gsAtrG8E$177024544c4816b24be0198d74eef8d24a995709944f2446f32b7cd3a303a714",
        ),
        ("l\u{e8}tmein", "pbkdf2:sha1:1000$M0JU0vuK$c2462ad3782ad1149edee668a902c99380629146"),
        (
            "l\u{e8}tmein",
            "pbkdf2:sha512:1000$JdFlHcx0$9ac26ac90640e0d1629a9630ff86a3b4181aabf5bc62f784f66c38d1086ca6859731d77e1d22e41edda8854e7f166d5145f2d399e3856f2faa7b67cd95d5c47e",
        ),
        ("password", "{PBKDF2}1212$MDEyMzQ1Njc4OWFiY2RlZg$/i3kqeDsh8Jz4SQXyeaKAaroURA"),
        ("password", "{pbkdf2-sha1}1212$MDEyMzQ1Njc4OWFiY2RlZg$/i3kqeDsh8Jz4SQXyeaKAaroURA"),
        (
            "password",
            "{PBKDF2-SHA256}1212$MDEyMzQ1Njc4OWFiY2RlZg$/NkD7sd6QsWXxd3uNp2wQAkRV5odBq5MpH9DcHd3m64",
        ),
        (
            "password",
            "{PBKDF2-SHA512}1212$MDEyMzQ1Njc4OWFiY2RlZg$3EX7Fg8xbdQkZBmSz976vr8kqO3v6Af.qcSVdvJHopTWPnVhkd9gwQvrad21gRj7veTI36wPqRKqlMJEtbamBg",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::Pbkdf2, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn wrong_passwords_are_refused() {
    let text = "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI";
    assert!(!verify(text, "password".repeat(20)));
    assert!(!verify(text, "\u{ff}password"));
    assert!(!verify(text, b"\xff\xfe"));
}

#[test]
fn damaged_hashes_are_refused() {
    let damages = [
        "$pbkdf2$01212$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc",
        "$pbkdf2$$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc",
        "$pbkdf2$1212$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc$",
        "$pbkdf2-md5$1212$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc",
        "$pbkdf2-sha256$i=10000,l=31$wJuJqLoUFsdXa8k3sFhRlA$2waKCbPhZzL+RjWMQqvA1jpb+j56jTAXcNmRD9UTekU",
        "$pbkdf2-sha256$i=10000,l=32,$wJuJqLoUFsdXa8k3sFhRlA$2waKCbPhZzL+RjWMQqvA1jpb+j56jTAXcNmRD9UTekU",
        "$pbkdf2-sha256$i=10000$wJuJqLoUFsdXa8k3sFhRlA$",
        "$pbkdf2-sha256$i=10000$wJuJqLoUFsdXa8k3sFhRlA$AAAA",
        "pbkdf2_md5$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=",
        "pbkdf2:sha256$gsAtrG8E$177024544c4816b24be0198d74eef8d24a995709944f2446f32b7cd3a303a714",
        "pbkdf2:sha1:1000$M0JU0vuK$C2462AD3782AD1149EDEE668A902C99380629146",
    ];
    for text in damages {
        assert_damaged(Family::Pbkdf2, text);
    }
}

/// Proves OWASP storage bounds.
#[test]
fn iterations_are_bounded() {
    for (iterations, value) in [
        ("0", 0),
        ("10000001", 10_000_001),
        ("4294967296", 1 << 32),
        ("99999999999999999999", u64::MAX),
    ] {
        let tag = "y5LKPOplRmok7CZp/aqVDVg8zGI";
        let text = format!("$pbkdf2${iterations}$OB.dtnSEXZK8U5cgxU/GYQ${tag}");
        assert_out_of_bounds(Family::Pbkdf2, &text, "iterations", value);
        let text = format!("$pbkdf2$i={iterations}$OB+dtnSEXZK8U5cgxU/GYQ${tag}");
        assert_out_of_bounds(Family::Pbkdf2, &text, "iterations", value);
        let text = format!("pbkdf2_sha1${iterations}$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=");
        assert_out_of_bounds(Family::Pbkdf2, &text, "iterations", value);
    }
    // Four blocks of SHA-1 take four times the iterations.
    let tag = BASE64_NOPAD.encode(&[7; 64]);
    let text = format!("$pbkdf2$i=3000000$OB+dtnSEXZK8U5cgxU/GYQ${tag}");
    assert_out_of_bounds(Family::Pbkdf2, &text, "iterations times blocks of the tag", 12_000_000);
}
