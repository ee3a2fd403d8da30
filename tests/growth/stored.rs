//! Hostile stored hashes and files of accounts.

use allocation_counter::measure;
use repass_account_file::{AccountReader, Column, Format};
use repass_core::HashedPassword;
use repass_hash_families::{ExportedHash, Family, ImportFormat, MAX_TEXT_BYTES, stored_text};

use crate::{BOUNDED, DOUBLED, Work, excesses, object, repeated};

/// Sizes of texts that are read, with room for their beginnings, and of texts that are too long.
const READ: [usize; 3] = [MAX_TEXT_BYTES / 4 - 64, MAX_TEXT_BYTES / 2 - 64, MAX_TEXT_BYTES - 64];
const REFUSED: [usize; 3] = [16 * 1024, 32 * 1024, 64 * 1024];

/// The beginning of a stored hash of every family, and the text that is repeated after it.
const HASHES: [(&str, &str); 46] = [
    ("", "$"),
    ("$argon2id$", "$"),
    ("$argon2id$v=19$m=64,t=1,p=1$", "AAAA"),
    ("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAA$", "AAAA"),
    ("$argon2id$v=19$", "m=64,"),
    ("$2b$05$", "a"),
    ("$bcrypt-sha256$", "v=2,"),
    ("$wp$2y$05$", "a"),
    ("$1$", "a"),
    ("$5$rounds=1000$", "a"),
    ("$6$", "rounds=1000$"),
    ("$7$", "a"),
    ("$y$", "j"),
    ("$P$", "a"),
    ("$S$", "a"),
    ("$3$$", "a"),
    ("{SSHA512}", "AAAA"),
    ("{CRYPT}", "{CRYPT}"),
    ("$scrypt$ln=4,r=1,p=1$", "AAAA"),
    ("scrypt:16:1:1$", "a"),
    ("$pbkdf2-sha256$100$", "AAAA"),
    ("pbkdf2_sha256$100$", "$"),
    ("$salted-sha256$layout=", "salt-first,"),
    ("{CRYPT}rl", "a"),
    ("_1...", "a"),
    ("$sha1$100$", "a"),
    ("$gy$", "j"),
    ("SCRAM-SHA-256$4096:", "AAAA"),
    ("{SCRAM-SHA-1}4096,", "AAAA"),
    ("$8$", "a"),
    ("$9$", "a"),
    ("$s0$e0801$", "AAAA"),
    ("$fbscrypt$v=1,n=4,r=1,p=1,ss=Bw==,sk=", "AAAA"),
    ("{PKCS5S2}", "AAAA"),
    ("grub.pbkdf2.sha512.100.", "aa"),
    ("$ml$100$", "aa"),
    (":pbkdf2:sha512:100:64:", "AAAA"),
    (":B:", "a"),
    ("0x0200", "aa"),
    ("$mysql41$", "aa"),
    ("$mysql-sha2$005$", "aa"),
    ("$hmac-sha256$", "AAAA"),
    ("$spring-standard$", "aa"),
    ("$symfony-sha512$i=10$", "AAAA"),
    ("$vbulletin$", "AAAA"),
    ("$devise$pepper=", "a"),
];

#[test]
fn w2_stored_hashes_are_bounded() {
    let mut wrong = Vec::new();
    for (start, part) in HASHES {
        let check = |size| {
            let stored = HashedPassword::from_stored(format!("{start}{}", repeated(size, part)));
            let counted = measure(|| {
                let _ = (stored.check(), stored.pepper(), Family::detect(stored.as_str()));
            });
            Work { counted, longest_answer: 0 }
        };
        let name = format!("{start}{part}{part}…");
        wrong.extend(excesses(&name, DOUBLED, READ, &READ.map(check)));
        wrong.extend(excesses(&name, DOUBLED, REFUSED, &REFUSED.map(check)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A format that reads all of an exported hash, and the hash.
type Export = (ImportFormat, fn(usize) -> String);

const EXPORTS: [Export; 8] = [
    (ImportFormat::Keycloak, |size| object(size, |number| format!("\"{number}\":0,"))),
    (ImportFormat::Keycloak, |size| repeated(size, "{\"secretData\":")),
    (ImportFormat::Django, |size| format!("md5$s${}", repeated(size, "a"))),
    (ImportFormat::BetterAuth, |size| repeated(size, "0:")),
    (ImportFormat::Dovecot, |size| format!("{{SHA256.hex}}{}", repeated(size, "aa"))),
    (ImportFormat::Mysql, |size| format!("0x244124{}", repeated(size, "30"))),
    (ImportFormat::Okta, |size| repeated(size, "{\"algorithm\":")),
    (ImportFormat::Spring, |size| format!("{{pbkdf2}}{}", repeated(size, "aa"))),
];

#[test]
fn w2_exported_hashes_are_bounded() {
    let mut wrong = Vec::new();
    for (format, export) in EXPORTS {
        let import = |size| {
            let hash = export(size);
            let counted = measure(|| {
                let _ = stored_text(&format, ExportedHash { hash: &hash, salt: None });
            });
            Work { counted, longest_answer: 0 }
        };
        let name = format!("{format:?}: {}…", &export(100)[..20]);
        wrong.extend(excesses(&name, DOUBLED, READ, &READ.map(import)));
        wrong.extend(excesses(&name, BOUNDED, REFUSED, &REFUSED.map(import)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file of accounts: the format, a description, and the file.
type AccountFile = (Format, &'static str, fn(usize) -> String);

const FILES: [AccountFile; 17] = [
    (Format::Csv, "columns", |size| format!("user_id{}", repeated(size, ",email"))),
    (Format::Csv, "quotes", |size| csv(&repeated(size, "\""))),
    (Format::Csv, "quotes that are not closed", |size| csv(&repeated(size, "\"a\n"))),
    (Format::Csv, "quotes inside", |size| csv(&repeated(size, "a\"b,\"\n"))),
    (Format::Csv, "cells", |size| csv(&repeated(size, ","))),
    (Format::Csv, "rows", |size| csv(&repeated(size, "a,\n"))),
    (Format::Csv, "empty rows", |size| csv(&repeated(size, "\r\n"))),
    (Format::Csv, "a long cell", |size| csv(&repeated(size, "\u{e9}"))),
    (Format::Csv, "nested attributes", |size| csv(&format!("a,{}", repeated(size, "[")))),
    (Format::Csv, "attributes", |size| {
        let attributes = object(size, |number| format!("\"{number}\":[],"));
        csv(&format!("a,\"{}\"", attributes.replace('"', "\"\"")))
    }),
    (Format::JsonLines, "members", |size| object(size, |number| format!("\"{number}\":0,"))),
    (Format::JsonLines, "one member", |size| object(size, |_| "\"user_id\":\"\",".to_owned())),
    (Format::JsonLines, "attributes", |size| attributes(size, |number| format!("\"{number}\":0,"))),
    (Format::JsonLines, "nested arrays", |size| attributes(size, |_| "[".to_owned())),
    (Format::JsonLines, "escapes", |size| {
        format!("{{\"user_id\":\"{}\"}}", repeated(size, "\\u00e9"))
    }),
    (Format::JsonLines, "rows", |size| repeated(size, "{\"user_id\":\"a\"}\n")),
    (Format::JsonLines, "bad rows", |size| repeated(size, "{\n")),
];

fn csv(rows: &str) -> String {
    format!("user_id,attributes\n{rows}")
}

fn attributes(size: usize, member: fn(usize) -> String) -> String {
    format!("{{\"attributes\":{}}}", object(size, member))
}

#[test]
fn w2_twice_the_account_file_is_twice_the_work() {
    let sizes = [16 * 1024, 32 * 1024, 64 * 1024];
    let mut wrong = Vec::new();
    for (format, what, file) in FILES {
        let works = sizes.map(|size| {
            let file = file(size);
            let mut read = 0;
            let counted = measure(|| read = read_rows(format, &file));
            assert!(read <= file.len());
            Work { counted, longest_answer: 0 }
        });
        wrong.extend(excesses(&format!("{format:?}: {what}"), DOUBLED, sizes, &works));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads a file, with the attributes of each row, and counts the rows.
fn read_rows(format: Format, file: &str) -> usize {
    let Ok(mut reader) = AccountReader::new(format, file.as_bytes()) else { return 0 };
    let mut rows = 0;
    while let Some(row) = reader.next_row().unwrap() {
        let _ = row.fields.map(|mut fields| fields.object(Column::Attributes));
        rows += 1;
    }
    rows
}
