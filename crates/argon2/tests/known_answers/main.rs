//! Published test vectors: those of RFC 9106 and of its draft for version 1.0, and those in the
//! test program of the reference implementation (`phc-winner-argon2`, `src/test.c`, CC0 or
//! Apache-2.0).
#![allow(clippy::unwrap_used)]

mod vectors;

use repass_argon2::{Algorithm, Argon2, AssociatedData, Params, ParamsBuilder, Path, Version};
use vectors::{REFERENCE, RFC, Reference};

fn paths() -> impl Iterator<Item = Path> {
    Path::ALL.into_iter().filter(|path| path.is_available())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Proves RFC 9106.
#[test]
fn rfc_9106_with_secret_and_associated_data() {
    let data = AssociatedData::new(&[4; 12]).unwrap();
    let params = ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build().unwrap();
    for path in paths() {
        for (algorithm, version, expected) in RFC {
            let mut tag = [0; 32];
            Argon2::new_with_secret(&[3; 8], algorithm, version, params.clone())
                .unwrap()
                .with_path(path)
                .unwrap()
                .hash_password_into(&[1; 32], &[2; 16], &mut tag)
                .unwrap();
            assert_eq!(hex(&tag), expected, "{path} {algorithm} {version:?}");
        }
    }
}

fn reference(path: Path, vector: &Reference) {
    let &(algorithm, version, t, m, p, password, salt, expected) = vector;
    let mut tag = [0; 32];
    Argon2::new(algorithm, version, Params::new(m, t, p, None).unwrap())
        .with_path(path)
        .unwrap()
        .hash_password_into(password.as_bytes(), salt.as_bytes(), &mut tag)
        .unwrap();
    assert_eq!(hex(&tag), expected, "{path} {vector:?}");
}

fn references(memory_kib: impl Fn(u32) -> bool) -> Vec<&'static Reference> {
    let chosen: Vec<_> = REFERENCE.iter().filter(|vector| memory_kib(vector.3)).collect();
    assert!(!chosen.is_empty());
    chosen
}

#[test]
fn reference_vectors_on_every_path() {
    for vector in references(|kib| kib <= 256) {
        paths().for_each(|path| reference(path, vector));
    }
}

#[test]
fn reference_vectors_with_64_mib() {
    for vector in references(|kib| kib == 65_536) {
        reference(repass_argon2::path(), vector);
    }
}

#[test]
#[ignore = "needs 1 GiB and a minute"]
fn reference_vectors_up_to_1_gib_on_every_path() {
    for vector in references(|_| true) {
        paths().for_each(|path| reference(path, vector));
    }
}

#[test]
fn the_vectors_differ_and_cover_every_variant_and_version() {
    let mut tags: Vec<_> = RFC.iter().map(|(_, _, tag)| tag).collect();
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 6);
    assert!(REFERENCE.iter().any(|vector| vector.0 == Algorithm::Argon2id));
    assert!(REFERENCE.iter().any(|vector| vector.1 == Version::V0x10));
}

/// A program that names its crate in one line.
macro_rules! hashed_by {
    ($argon2:ident) => {{
        use $argon2::{Algorithm, Argon2, Block, Params, Version};
        let argon2 =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 2, 2, None).unwrap());
        let mut memory = vec![Block::default(); argon2.params().block_count()];
        let mut tags = [[0; 32]; 2];
        argon2.hash_password_into(b"password", b"a salt of ours", &mut tags[0]).unwrap();
        argon2
            .hash_password_into_with_memory(
                b"password",
                b"a salt of ours",
                &mut tags[1],
                memory.as_mut_slice(),
            )
            .unwrap();
        tags
    }};
}

/// Proves E14.
#[test]
fn a_program_for_the_argon2_crate_compiles_with_this_crate() {
    let ours = hashed_by!(repass_argon2);
    assert_eq!(ours[0], ours[1]);
    assert_eq!(ours, hashed_by!(argon2));
}
