//! bcrypt: the test vectors of Openwall's crypt_blowfish 1.3 (`wrapper.c`), and hashes created for
//! these tests with libxcrypt 4.4 (`crypt(3)`, through Python's `crypt` module).

use repass_hash_families::Family;

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, verify,
};

#[test]
fn openwall_vectors_of_the_correct_variants_verify() {
    let known: [(&str, &[u8]); 15] = [
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", b"U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", b"U*U*"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", b"U*U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", b""),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
        ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
        (
            "$2y$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi",
            b"\xff\xa334\xff\xff\xff\xa3345",
        ),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.nRht2l/HRhr6zmCp9vYUvvsqynflf9e", b"\xff\xa3345"),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.nRht2l/HRhr6zmCp9vYUvvsqynflf9e", b"\xff\xa3345"),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.6IflQkJytoRVc1yuaNtHfiuq.FRlSIS", b"\xa3ab"),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.6IflQkJytoRVc1yuaNtHfiuq.FRlSIS", b"\xa3ab"),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy", &[0xaa, 0x55].repeat(36)),
        (
            "$2a$05$/OK.fbVrR/bpIqNJ5ianF.9tQZzcJfm3uj2NvJ/n5xkhpqLrMpWCe",
            &[0x55, 0xaa, 0xff].repeat(24),
        ),
    ];
    for (text, password) in known {
        assert_verifies(Family::Bcrypt, text, password);
    }
}

#[test]
fn openwall_vectors_of_the_sign_extension_bug_verify() {
    let known: [(&str, &[u8]); 8] = [
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xa3"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"1\xa3345"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"\xff\xa3345"),
        (
            "$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi",
            b"\xff\xa334\xff\xff\xff\xa3345",
        ),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.6IflQkJytoRVc1yuaNtHfiuq.FRlSIS", b"\xa3ab"),
        ("$2x$05$6bNw2HLQYeqHYyBfLMsv/OiwqTymGIGzFsA4hOTWebfehXHNprcAS", b"\xd1\x91"),
        (
            "$2x$05$6bNw2HLQYeqHYyBfLMsv/O9LIGgn8OMzuDoHfof8AQimSGfcSWxnS",
            b"\xd0\xc1\xd2\xcf\xcc\xd8",
        ),
    ];
    for (text, password) in known {
        assert!(verify(text, password), "{text}");
        assert!(!verify(text, b"\xa4"), "{text}");
        assert!(!verify(&text.replace("$2x$", "$2y$"), b"1\xa3345"), "{text}");
    }
    // The bug affects only bytes from 0x80 on.
    assert!(verify("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    assert!(verify("$2x$05$6bNw2HLQYeqHYyBfLMsv/OqKX7SohGOAy55SMh2mtKMp14Og5pIl6", "päss"));
    assert!(!verify("$2y$05$6bNw2HLQYeqHYyBfLMsv/OqKX7SohGOAy55SMh2mtKMp14Og5pIl6", "päss"));
}

#[test]
fn only_the_first_72_bytes_are_hashed() {
    let text = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let password = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert_eq!(password.len(), 72);
    assert!(verify(text, password));
    assert!(verify(text, format!("{password}chars after 72 are ignored")));
    assert!(!verify(text, &password[..71]));
    assert!(!verify(text, format!("{}8", &password[..71])));

    let text = "$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6";
    let mut password = vec![0xaa; 72];
    assert!(verify(text, &password));
    password.extend(b"chars after 72 are ignored as usual");
    assert!(verify(text, &password));
    // The sign-extended key is cut to the same length.
    let text = "$2x$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let password = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert!(verify(text, format!("{password}more")));
}

/// Created with Python's bcrypt 5.0, which hashes a NUL like any byte.
#[test]
fn a_nul_is_hashed_by_2a_and_2b_and_refused_by_2x_and_2y() {
    let text = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.yCuRCXI2YIclleyRwJbsuU.xN8gYo9W";
    assert!(verify(text, b"pass\0word"));
    assert!(!verify(text, b"pass"));
    assert!(!verify(text, b"pass\0wore"));
    assert!(!verify(&text.replace("$2b$", "$2y$"), b"pass\0word"));
    assert!(!verify(&text.replace("$2b$", "$2x$"), b"pass\0word"));
    let of_u_star_u = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert!(!verify(of_u_star_u, b"U*U\0U*U"));
}

#[test]
fn trailing_bits_of_the_salt_are_ignored() {
    // From passlib's documentation on padding bits: both salts are the same 16 bytes.
    assert!(verify("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    assert!(verify("$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    assert_damaged(Family::Bcrypt, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeX");
}

#[test]
fn djangos_prefix_is_accepted() {
    let text = "bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert_verifies(Family::Bcrypt, text, "U*U");
    assert_refused_when_cut_off(text);
}

#[test]
fn damaged_hashes_are_refused() {
    let text = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert_refused_when_cut_off(text);
    let damages = [
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe$",
        "$2a$05$CCCCCCCCCCCCCCCCCC=CC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCC\u{e9}E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$005$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$xx$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "bcrypt$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "bcrypt$$2c$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ];
    for text in damages {
        assert_damaged(Family::Bcrypt, text);
    }
}

/// Proves OWASP storage bounds.
#[test]
fn costs_are_bounded() {
    for (cost, value) in [("00", 0), ("03", 3), ("17", 17), ("31", 31), ("99", 99)] {
        let text = format!("$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        assert_out_of_bounds(Family::Bcrypt, &text, "cost", value);
    }
}
