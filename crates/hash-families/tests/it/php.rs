//! phpass, WordPress and Drupal: the vectors of passlib 1.7.4 (`tests/test_handlers.py`, from
//! phpass itself and John the Ripper), a WordPress 6.8 hash of `admin` from a published
//! demonstration site, hashcat's example for Drupal 7, and computed ones (Python's hashlib and
//! bcrypt). `own_systems` has hashes of WordPress, phpBB and Drupal.

use repass_hash_families::Family;

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, verify,
};

const UNICODE: &str = "t\u{e1}\u{411}\u{2113}\u{259}";

#[test]
fn phpass_vectors_verify() {
    let known = [
        ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
        ("test1", "$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00"),
        ("123456", "$H$9PE8jEklgZhgLmZl5.HYJAzfGCQtzi1"),
        ("thisisalongertestPW", "$P$912345678LIjjb6PhecupozNBmDndU0"),
        ("JohnRipper", "$P$612345678si5M0DDyPpmRCmcltU/YW/"),
        ("JohnRipper", "$H$712345678WhEyvy1YWzT4647jzeOmo0"),
        ("JohnRipper", "$P$B12345678L6Lpt4BxNotVIMILOa9u81"),
        ("", "$P$7JaFQsPzJSuenezefD/3jHgt5hVfNH0"),
        (UNICODE, "$P$7SMy8VxnfsIy2Sxm7fJxDSdil.h7TW."),
    ];
    for (password, text) in known {
        assert_verifies(Family::Phpass, text, password);
        assert_refused_when_cut_off(text);
    }
    for text in [
        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r!L0",
        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L00",
        "$P$!IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
        "$P$9IQRaTw\u{e9}eRo7ud9Fh4E2PdI0S3r.L0",
    ] {
        assert_damaged(Family::Phpass, text);
    }
    for (character, value) in [('.', 0), ('4', 6), ('J', 21), ('z', 63)] {
        let text = format!("$P${character}IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0");
        assert_out_of_bounds(Family::Phpass, &text, "log2 of the rounds", value);
    }
}

#[test]
fn wordpress_hashes_verify() {
    let long = "x".repeat(100);
    let known = [
        ("admin", "$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES"),
        ("p\u{e4}ssword", "$wp$2y$05$CCCCCCCCCCCCCCCCCCCCC.J.Mjmor8ROGl33GjQI33/5RRCQPJXqq"),
        ("", "$wp$2y$05$CCCCCCCCCCCCCCCCCCCCC.I3aRuroq9H5Env23yENHmOloOW9l6jO"),
        (&long, "$wp$2y$05$CCCCCCCCCCCCCCCCCCCCC.VcM0uNqIDuQedMX1yNXfqN5K9ZSRCuG"),
    ];
    for (password, text) in known {
        assert_verifies(Family::WordPress, text, password);
        assert_refused_when_cut_off(text);
    }
    // Long passwords are hashed completely, and white space is trimmed.
    assert!(!verify(known[3].1, "x".repeat(99)));
    assert!(verify(known[1].1, " \t\r\n\0\x0bp\u{e4}ssword\n"));
    assert!(!verify(known[1].1, "\u{a0}p\u{e4}ssword"));
    assert!(verify(known[2].1, " \n "));
    // Without the prefix, the hash is plain bcrypt.
    assert!(!verify(&known[1].1["$wp".len()..], "p\u{e4}ssword"));
    assert_damaged(
        Family::WordPress,
        "$wp$2c$05$CCCCCCCCCCCCCCCCCCCCC.J.Mjmor8ROGl33GjQI33/5RRCQPJXqq",
    );
    let costly = "$wp$2y$20$CCCCCCCCCCCCCCCCCCCCC.J.Mjmor8ROGl33GjQI33/5RRCQPJXqq";
    assert_out_of_bounds(Family::WordPress, costly, "cost", 20);
}

#[test]
fn drupal_hashes_verify() {
    let known = [
        ("hashcat", "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"),
        ("", "$S$533783772VTlwMJ64qbqiCk8q/GPf0bHnW2IAYO.6qvDLO41M.Yt"),
        ("p\u{e4}ssword", "$S$533783772T08vqi4eYJW8.wOxXwq7nbSFbpNyujpneGhv.811.nL"),
        ("p\u{e4}ssword", "U$S$533783772x4w3Ahcjh5lr2h4ImEYIS02BvwCUJA48lMm/vZTPWNj"),
    ];
    for (password, text) in known {
        assert_verifies(Family::Drupal, text, password);
        assert_refused_when_cut_off(text);
    }
    assert!(!verify(&known[3].1[1..], "p\u{e4}ssword"));
    assert!(!verify(known[1].1, "x".repeat(513)));
    assert_damaged(Family::Drupal, "$S$533783772VTlwMJ64qbqiCk8q/GPf0bHnW2IAYO.6qvDLO41M.Yt.");
    assert_damaged(Family::Drupal, "$S$533783772VTlwMJ64qbqiCk8q/GPf0bHnW2IAYO.6qvDLO41M.Y!");
    for (character, value) in [('4', 6), ('L', 23), ('S', 30)] {
        let text = format!("$S${character}33783772VTlwMJ64qbqiCk8q/GPf0bHnW2IAYO.6qvDLO41M.Yt");
        assert_out_of_bounds(Family::Drupal, &text, "log2 of the rounds", value);
    }
}
