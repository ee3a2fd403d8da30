//! ASP.NET Identity: the vectors of `PasswordHasherTest` in dotnet/aspnetcore. The membership
//! provider: hashes of `SqlMembershipProvider` in Mono 6.12.

use data_encoding::BASE64;
use repass_hash_families::{
    DigestAlgorithm, ExportedHash, Family, ForeignHash, ImportFormat, stored_text,
};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_unknown,
    assert_verifies, verify,
};

const VERSION_2: &str = "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==";

#[test]
fn identity_vectors_of_every_prf_verify() {
    let known = [
        VERSION_2,
        "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
        "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
        "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==",
        "AQAAAAIAACcQAAAAEAABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==",
        "AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg/Q8A0WMKbtHQJQ2DHCdoEeeFBrgNlldq6vH4qX/CGqGQ==",
    ];
    for text in known {
        let hash = ForeignHash::parse(text).unwrap();
        assert_eq!(hash.family(), Family::AspNetIdentity);
        assert!(verify(text, "my password"), "{text}");
    }
    assert_verifies(Family::AspNetIdentity, VERSION_2, "my password");
    assert_verifies(Family::AspNetIdentity, known[1], "my password");
    assert_refused_when_cut_off(VERSION_2);
}

#[test]
fn identity_of_another_length_or_prf_is_refused() {
    // With another length than that of version 2, the family is unknown.
    for length in [48, 50] {
        let mut bytes = BASE64.decode(VERSION_2.as_bytes()).unwrap();
        bytes.resize(length, 7);
        assert_unknown(&BASE64.encode(&bytes));
    }
    let version_3 = |prf: u8, iterations: u32, salt_bytes: u32, rest: usize| {
        let mut bytes = vec![1, 0, 0, 0, prf];
        bytes.extend(iterations.to_be_bytes());
        bytes.extend(salt_bytes.to_be_bytes());
        bytes.resize(bytes.len() + rest, 7);
        BASE64.encode(&bytes)
    };
    assert_unknown(&version_3(3, 1000, 16, 48));
    assert!(ForeignHash::parse(&version_3(2, 1000, 16, 48)).is_ok());
    assert_damaged(Family::AspNetIdentity, &version_3(2, 1000, 16, 15));
    assert_damaged(Family::AspNetIdentity, &version_3(2, 1000, 16, 16));
    assert_damaged(Family::AspNetIdentity, &version_3(2, 1000, 16, 31));
    assert_damaged(Family::AspNetIdentity, &version_3(2, 1000, 15, 48));
    assert_damaged(Family::AspNetIdentity, &version_3(2, 1000, u32::MAX, 48));
    assert_damaged(Family::AspNetIdentity, &BASE64.encode(&[1, 0, 0, 0, 2, 0, 0]));
    assert_out_of_bounds(Family::AspNetIdentity, &version_3(1, 0, 16, 48), "iterations", 0);
    let text = version_3(1, u32::MAX, 16, 48);
    assert_out_of_bounds(Family::AspNetIdentity, &text, "iterations", u64::from(u32::MAX));
}

#[test]
fn membership_hashes_verify() {
    let salt = Some("didECXiE4DTmqjNbkzWZrQ==");
    let known = [
        (DigestAlgorithm::Sha1, "200uGeTrst+cPS+fPTXUilf3ty0="),
        (DigestAlgorithm::Sha256, "kRKdy1MTo2atQ5qAmkNBMQQJJbjAivDeFxZqmHWhWqw="),
    ];
    for (algorithm, hash) in known {
        let format = ImportFormat::AspNetMembership { algorithm };
        let text = stored_text(&format, ExportedHash { hash, salt }).unwrap();
        assert!(
            text.starts_with(&format!("$aspnet-membership-{algorithm}$didECXiE4DTmqjNbkzWZrQ$"))
        );
        assert_verifies(Family::AspNetMembership, &text, "p\u{e4}ssword");
        assert!(!verify(&text, b"p\xe4ssword"), "no UTF-8");
        assert_refused_when_cut_off(&text);
        for wrong in [ExportedHash { hash, salt: None }, ExportedHash { hash: "200u", salt }] {
            assert!(stored_text(&format, wrong).is_err());
        }
    }
    assert_damaged(Family::AspNetMembership, "$aspnet-membership-md5$AAEC$TdpD8XIYGc4IpyrI7vVfZg");
}
