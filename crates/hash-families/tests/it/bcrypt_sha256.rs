//! bcrypt over SHA-256: the vectors of passlib 1.7.4 (`tests/test_handlers_bcrypt.py`), and hashes
//! created for these tests with Django 5.2 and cost 5.

use repass_hash_families::Family;

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, verify,
};

const UNICODE: &str = "t\u{e1}\u{411}\u{2113}\u{259}";

#[test]
fn passlib_vectors_verify() {
    let long = "abc123".repeat(12);
    let known = [
        ("", "$bcrypt-sha256$2a,5$E/e/2AOhqM5W/KJTFQzLce$F6dYSxOdAEoJZO2eoHUZWZljW/e0TXO"),
        ("password", "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu"),
        (UNICODE, "$bcrypt-sha256$2a,5$.US1fQ4TQS.ZTz/uJ5Kyn.$QNdPDOTKKT5/sovNz1iWg26quOU4Pje"),
        ("password", "$bcrypt-sha256$2b,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu"),
        (&long, "$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$r/hyEtqJ0teqPEmfTLoZ83ciAI1Q74."),
        ("", "$bcrypt-sha256$v=2,t=2b,r=5$E/e/2AOhqM5W/KJTFQzLce$WFPIZKtDDTriqWwlmRFfHiOTeheAZWe"),
        (
            "password",
            "$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS",
        ),
        (
            UNICODE,
            "$bcrypt-sha256$v=2,t=2b,r=5$.US1fQ4TQS.ZTz/uJ5Kyn.$pzzgp40k8reM1CuQb03PvE0IDPQSdV6",
        ),
        (
            &long,
            "$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$zu1cloESVFIOsUIo7fCEgkdHaI9SSue",
        ),
    ];
    for (password, text) in known {
        assert_verifies(Family::BcryptSha256, text, password);
        assert_refused_when_cut_off(text);
    }
}

#[test]
fn long_passwords_are_hashed_completely() {
    let long = "abc123".repeat(12);
    let first = "$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$021KLEif6epjot5yoxk0m8I0929ohEa";
    let keyed =
        "$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$CBF9csfEdW68xv3DwE6xSULXMtqEFP.";
    for text in [first, keyed] {
        assert!(verify(text, format!("{long}qwr")));
        assert!(!verify(text, format!("{long}xyz")));
        assert!(!verify(text, &long));
    }
}

#[test]
fn djangos_form_verifies() {
    let long = "x".repeat(100);
    let known = [
        (
            "l\u{e8}tmein",
            "bcrypt_sha256$$2b$05$6bNw2HLQYeqHYyBfLMsv/O.RkVQtFJAoYOaQ3/CG0MNLSnrvJUUKe",
        ),
        ("", "bcrypt_sha256$$2b$05$6bNw2HLQYeqHYyBfLMsv/OsyFTSMzHJ2Qxow/DYruNnuwyFKaktFW"),
        (&long, "bcrypt_sha256$$2b$05$6bNw2HLQYeqHYyBfLMsv/O9YdCwN0qeTmknDW/7YS4OP99xmMbm4K"),
    ];
    for (password, text) in known {
        assert_verifies(Family::BcryptSha256, text, password);
        assert_refused_when_cut_off(text);
    }
    assert!(!verify(known[2].1, "x".repeat(99)));
}

/// Proves OWASP storage bounds.
#[test]
fn damaged_hashes_and_costs_out_of_bounds_are_refused() {
    let salt_and_tag = "5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS";
    for costs in ["v=1,t=2b,r=5", "v=2,r=5,t=2b", "v=2,t=2b", "2b", "", "v=2,t=2c,r=5", "2b,05"] {
        assert_damaged(Family::BcryptSha256, &format!("$bcrypt-sha256${costs}${salt_and_tag}"));
    }
    assert_damaged(Family::BcryptSha256, "$bcrypt-sha256$2b,5$5Hg1DKFqPE8C2aflZ5vVoe$a$b");
    for (costs, cost) in [("v=2,t=2b,r=3", 3), ("2b,31", 31), ("2b,99999999999999999999", u64::MAX)]
    {
        let text = format!("$bcrypt-sha256${costs}${salt_and_tag}");
        assert_out_of_bounds(Family::BcryptSha256, &text, "cost", cost);
    }
}
