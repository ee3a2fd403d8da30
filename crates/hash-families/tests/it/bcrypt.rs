//! bcrypt: the test vectors of Openwall's crypt_blowfish 1.3 (`wrapper.c`), and some that libxcrypt 4.4 (`crypt(3)`, through Python's `crypt` module) made for these tests.

use repass_hash_families::Family;

use crate::expect::{damaged, out_of_bounds, refused_when_cut_off, verdict, verifies};

#[test]
fn openwall_vectors_of_the_sound_variants_verify() {
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
        verifies(Family::Bcrypt, text, password);
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
        assert!(verdict(text, password), "{text}");
        assert!(!verdict(text, b"\xa4"), "{text}");
        assert!(!verdict(&text.replace("$2x$", "$2y$"), b"1\xa3345"), "{text}");
    }
    // Without bytes from 0x80 on there is no difference.
    assert!(verdict("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    assert!(verdict("$2x$05$6bNw2HLQYeqHYyBfLMsv/OqKX7SohGOAy55SMh2mtKMp14Og5pIl6", "päss"));
    assert!(!verdict("$2y$05$6bNw2HLQYeqHYyBfLMsv/OqKX7SohGOAy55SMh2mtKMp14Og5pIl6", "päss"));
}

#[test]
fn the_first_72_bytes_count_and_none_after_them() {
    let text = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let password = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert_eq!(password.len(), 72);
    assert!(verdict(text, password));
    assert!(verdict(text, format!("{password}chars after 72 are ignored")));
    assert!(!verdict(text, &password[..71]));
    assert!(!verdict(text, format!("{}8", &password[..71])));

    let text = "$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6";
    let mut password = vec![0xaa; 72];
    assert!(verdict(text, &password));
    password.extend(b"chars after 72 are ignored as usual");
    assert!(verdict(text, &password));
    // A sign-extended key is cut at the same place.
    let text = "$2x$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let password = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert!(verdict(text, format!("{password}more")));
}

/// Made with bcrypt 5.0 of Python, which takes a NUL like any byte.
#[test]
fn a_nul_counts_where_it_can_have_been_hashed_and_is_never_right_elsewhere() {
    let text = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.yCuRCXI2YIclleyRwJbsuU.xN8gYo9W";
    assert!(verdict(text, b"pass\0word"));
    assert!(!verdict(text, b"pass"));
    assert!(!verdict(text, b"pass\0wore"));
    assert!(!verdict(&text.replace("$2b$", "$2y$"), b"pass\0word"));
    assert!(!verdict(&text.replace("$2b$", "$2x$"), b"pass\0word"));
    let of_u_star_u = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert!(!verdict(of_u_star_u, b"U*U\0U*U"));
}

#[test]
fn bits_that_the_salt_has_too_many_are_ignored() {
    // Of passlib's documentation on padding bits: both salts are the same 16 bytes.
    assert!(verdict("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    assert!(verdict("$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
    damaged(Family::Bcrypt, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeX");
}

/// Django writes its own name of the algorithm in front.
#[test]
fn djangos_prefix_is_taken() {
    let text = "bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    verifies(Family::Bcrypt, text, "U*U");
    refused_when_cut_off(text);
}

#[test]
fn damage_is_told() {
    let text = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    refused_when_cut_off(text);
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
        damaged(Family::Bcrypt, text);
    }
}

/// Proves OWASP storage bounds.
#[test]
fn costs_are_bounded() {
    for (cost, value) in [("00", 0), ("03", 3), ("17", 17), ("31", 31), ("99", 99)] {
        let text = format!("$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        out_of_bounds(Family::Bcrypt, &text, "cost", value);
    }
}
