//! The vendor's own password rule, offered as a preset and not the default.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_changed, assert_message, open, passwords, start};
use crate::test_context::NEW;

const SHORT: &str = "The new password must have at least 8 characters.";
const LONG: &str = "The new password must have at most 30 characters.";
const DIGIT: &str = "The new password must contain a digit.";
const SPECIAL: &str = "The new password must contain a special character.";

/// Proves ZAP-40.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_zap_is_8_to_30_characters_with_a_digit_and_a_special_character() {
    let test = open(Server::builder().api("zap", "policy = { preset = 'vendor-zap' }")).await;
    let thirty = "n3wP@ssw0rd".repeat(3)[..30].to_owned();
    let thirty_one = format!("{thirty}x");
    let long_and_plain = "x".repeat(31);
    for (new, broken) in [
        ("abcd1!x", vec![SHORT]),
        (&thirty_one, vec![LONG]),
        ("abcdefg!", vec![DIGIT]),
        ("abcdefg1", vec![SPECIAL]),
        ("abcdefg1 ", vec![SPECIAL]),
        ("abcdefgh", vec![DIGIT, SPECIAL]),
        ("abc", vec![SHORT, DIGIT, SPECIAL]),
        (&long_and_plain, vec![LONG, DIGIT, SPECIAL]),
    ] {
        let answer = test.send(&passwords(&test.good, FIRST_PASSWORD, new)).await;
        assert_message(&answer, 400, &broken.join(" "));
    }
    test.assert_untouched().await;
    let mut old = FIRST_PASSWORD;
    // Of 8 and of 30 characters, not of ASCII, common, the current one, and an earlier one.
    for new in [
        "abcde1!x",
        &thirty,
        "\u{5bc6}\u{7801}\u{5bc6}\u{7801} 12\u{20ac}",
        "P@ssw0rd",
        "P@ssw0rd",
        "abcde1!x",
    ] {
        assert_changed(&test.send(&passwords(&test.good, old, new)).await);
        assert!(test.is_password(new).await, "{new}");
        old = new;
    }
}

/// Proves ZAP-40, NIST 3.1.1.2 composition, ASVS 6.2.5.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_by_default_length_counts_and_composition_does_not() {
    let test = start().await;
    let answer = test.send(&passwords(&test.good, FIRST_PASSWORD, "n3wP@ssw0rd")).await;
    assert_message(&answer, 400, "The new password must have at least 15 characters.");
    let letters = "onlylowercaseletters";
    assert_changed(&test.send(&passwords(&test.good, FIRST_PASSWORD, letters)).await);
    assert_changed(&test.send(&passwords(&test.good, letters, NEW)).await);
}
