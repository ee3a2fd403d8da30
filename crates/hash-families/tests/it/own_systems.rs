//! Hashes that the systems themselves made: `vectors/own_systems.tsv` names the program and its
//! version, or the published test, for each.

use std::collections::BTreeSet;

use repass_hash_families::{
    ExportedHash, Family, ForeignHash, ImportFormat, Projects, stored_text,
};

const VECTORS: &str = include_str!("../vectors/own_systems.tsv");

/// Families whose hashes are in other modules of these tests, from the system's own tests, examples
/// or specification.
const ELSEWHERE: [Family; 5] = [
    Family::AspNetIdentity,
    Family::FirebaseScrypt,
    Family::SpringStandard,
    Family::SupabaseScrypt,
    Family::Mssql,
];

/// Families of systems whose code is not public. Their hashes are hashcat's examples.
const NOT_FROM_THE_SYSTEM: [Family; 1] = [Family::VBulletin];

#[test]
fn hashes_of_the_systems_themselves_verify() {
    let projects = Projects::none().with_pepper("rails", "abc0123456789def").unwrap();
    for line in VECTORS.lines().skip(1) {
        let [_, format, hash, salt, password] = fields(line);
        let hash = parsed(format, hash, salt);
        let verify = |password: &str| hash.verify(password.as_bytes(), &projects);
        assert_eq!(verify(password), Ok(true), "{line}");
        assert_eq!(verify("another password"), Ok(false), "{line}");
    }
}

#[test]
fn each_family_has_a_hash_of_its_system_or_is_named() {
    let mut families: Vec<String> = VECTORS
        .lines()
        .skip(1)
        .map(fields)
        .map(|[_, format, hash, salt, _]| parsed(format, hash, salt).family().to_string())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let others = ELSEWHERE.iter().chain(&NOT_FROM_THE_SYSTEM).chain(&[Family::Argon2]);
    families.extend(others.map(ToString::to_string));
    families.sort();
    let mut all: Vec<String> = Family::ALL.iter().map(ToString::to_string).collect();
    all.sort();
    assert_eq!(families, all);
}

fn fields(line: &str) -> [&str; 5] {
    let fields: Vec<&str> = line.split('\t').collect();
    fields.try_into().unwrap_or_else(|_| panic!("{line}"))
}

fn parsed(format: &str, hash: &str, salt: &str) -> ForeignHash {
    let format: ImportFormat = format.parse().unwrap();
    let exported = ExportedHash { hash, salt: (!salt.is_empty()).then_some(salt) };
    let text = stored_text(&format, exported).unwrap_or_else(|error| panic!("{hash}: {error}"));
    ForeignHash::parse(&text).unwrap()
}
