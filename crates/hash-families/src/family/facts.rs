//! One row of facts for each family: the source of the names and of the page's table.

use super::Family;

/// What is known of a family.
pub(super) struct Facts {
    family: Family,
    pub(super) name: &'static str,
    /// `None` for Argon2.
    pub(super) feature: Option<&'static str>,
    pub(super) texts: &'static str,
    pub(super) systems: &'static str,
    pub(super) bounds: &'static str,
    pub(super) determined: &'static str,
    /// Where the hashes of the tests are from.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the page has it"))]
    hashes: &'static str,
}

impl Family {
    /// All families, by name.
    pub const ALL: [Self; FACTS.len()] = {
        let mut all = [Self::Argon2; FACTS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = FACTS[at].family;
            at += 1;
        }
        all
    };

    pub(super) const fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }
}

const PBKDF2_BOUNDS: &str = "at most 10 000 000 iterations, counted for each block of the tag";
const SCRYPT_BOUNDS: &str = "memory of 256 MiB; N·r·p at most 2²³; r and p 1 to 64";
const YESCRYPT_BOUNDS: &str =
    "memory of 256 MiB; N·r·p·(t+1) at most 2²³; r and p 1 to 64, t to 16";

/// In the order of the variants.
const FACTS: [Facts; 40] = [
    Facts {
        family: Family::Aix,
        name: "aix",
        feature: Some("aix"),
        texts: "`{ssha1}` `{ssha256}` `{ssha512}`, with a `$`",
        systems: "AIX",
        bounds: "2¹ to 2²³ iterations",
        determined: "without a NUL at the end",
        hashes: "AIX, as John the Ripper and hashcat publish them",
    },
    Facts {
        family: Family::Argon2,
        name: "argon2",
        feature: None,
        texts: "`$argon2id$` `$argon2i$` `$argon2d$`, also behind `{ARGON2}`, `:argon2:` and the like",
        systems: "PHC strings, OpenLDAP, Dovecot, Spring Security, PHP, MediaWiki; Keycloak, Django and Magento 2 by import",
        bounds: "memory of 1 GiB; verified by `repass-core`",
        determined: "every password",
        hashes: "OpenLDAP, Dovecot, PHP, Django, MediaWiki, Magento; in `repass-core`",
    },
    Facts {
        family: Family::AspNetIdentity,
        name: "aspnet-identity",
        feature: Some("aspnet"),
        texts: "Base64 beginning with a byte 0 or 1",
        systems: "ASP.NET Identity, versions 2 and 3",
        bounds: PBKDF2_BOUNDS,
        determined: "without a NUL at the end",
        hashes: "ASP.NET's own tests",
    },
    Facts {
        family: Family::AspNetMembership,
        name: "aspnet-membership",
        feature: Some("aspnet"),
        texts: "`$aspnet-membership-sha1$`*",
        systems: "ASP.NET's membership provider",
        bounds: "no parameters",
        determined: "every password",
        hashes: "Mono's SqlMembershipProvider",
    },
    Facts {
        family: Family::Bcrypt,
        name: "bcrypt",
        feature: Some("bcrypt"),
        texts: "`$2$` `$2a$` `$2b$` `$2x$` `$2y$`, `bcrypt$$2b$`, `:bcrypt:`",
        systems: "OpenBSD, PHP, Java, Go, Node, Python, Django, Rails, MediaWiki, Auth0, Supabase; Okta by import",
        bounds: "cost 4 to 16",
        determined: "below 72 bytes, without a NUL; `2x` also ASCII only, `$2$` none",
        hashes: "crypt_blowfish's own tests, libxcrypt, `htpasswd`, PHP, Dovecot, Django, MediaWiki, Devise, bcrypt for Node; `$2$` by passlib; Okta's computed, as Okta publishes none with its password",
    },
    Facts {
        family: Family::BcryptSha256,
        name: "bcrypt-sha256",
        feature: Some("bcrypt"),
        texts: "`bcrypt_sha256$$2b$`, `$bcrypt-sha256$`",
        systems: "Django, passlib; Meteor by import",
        bounds: "cost 4 to 16",
        determined: "every password",
        hashes: "Django, passlib's own tests, Meteor",
    },
    Facts {
        family: Family::BetterAuth,
        name: "better-auth",
        feature: Some("better-auth"),
        texts: "`$better-auth$ln=,r=,p=$`*",
        systems: "better-auth, Lucia",
        bounds: SCRYPT_BOUNDS,
        determined: "in form NFKC, without a NUL at the end",
        hashes: "better-auth, Lucia",
    },
    Facts {
        family: Family::BsdiCrypt,
        name: "bsdi-crypt",
        feature: Some("crypt"),
        texts: "`_` and 19 characters",
        systems: "crypt(3) of BSD/OS, FreeBSD and others",
        bounds: "1 to 16 777 215 rounds",
        determined: "ASCII without a NUL",
        hashes: "libxcrypt, hashcat",
    },
    Facts {
        family: Family::CiscoPbkdf2,
        name: "cisco-pbkdf2",
        feature: Some("cisco"),
        texts: "`$8$`",
        systems: "Cisco IOS, type 8",
        bounds: "no parameters",
        determined: "without a NUL at the end",
        hashes: "Cisco IOS, as Cisco's command reference prints it; hashcat",
    },
    Facts {
        family: Family::CiscoScrypt,
        name: "cisco-scrypt",
        feature: Some("cisco"),
        texts: "`$9$`",
        systems: "Cisco IOS, type 9",
        bounds: "no parameters",
        determined: "without a NUL at the end",
        hashes: "Cisco IOS, as Cisco's command reference prints it; hashcat",
    },
    Facts {
        family: Family::DesCrypt,
        name: "des-crypt",
        feature: Some("crypt"),
        texts: "`{CRYPT}` or `{DES-CRYPT}`, and 13 characters",
        systems: "crypt(3) of traditional Unix, LDAP directories, Dovecot; 13 characters alone by import",
        bounds: "no parameters",
        determined: "below 8 characters, ASCII without a NUL",
        hashes: "libxcrypt, 389 Directory Server, Dovecot, `htpasswd`",
    },
    Facts {
        family: Family::Devise,
        name: "devise",
        feature: Some("bcrypt"),
        texts: "`$devise$pepper=$2a$`*",
        systems: "Devise (Rails) with a pepper",
        bounds: "cost 4 to 16",
        determined: "below 72 bytes, without a NUL",
        hashes: "Devise",
    },
    Facts {
        family: Family::Drupal,
        name: "drupal",
        feature: Some("drupal"),
        texts: "`$S$`, `U$S$`",
        systems: "Drupal 7 to 10.0",
        bounds: "2⁷ to 2¹⁹ rounds",
        determined: "without white space at an end",
        hashes: "Drupal, Drupal's own tests, hashcat; some computed",
    },
    Facts {
        family: Family::FirebaseScrypt,
        name: "firebase-scrypt",
        feature: Some("firebase"),
        texts: "`$firebase-scrypt$ln=,r=,project=$`*",
        systems: "Firebase",
        bounds: SCRYPT_BOUNDS,
        determined: "without a NUL at the end",
        hashes: "Firebase's README; some computed",
    },
    Facts {
        family: Family::GostYescrypt,
        name: "gost-yescrypt",
        feature: Some("crypt"),
        texts: "`$gy$`",
        systems: "crypt(3) of ALT Linux and others (libxcrypt)",
        bounds: YESCRYPT_BOUNDS,
        determined: "every password",
        hashes: "libxcrypt, 389 Directory Server",
    },
    Facts {
        family: Family::HmacDigest,
        name: "hmac-digest",
        feature: Some("werkzeug"),
        texts: "`$hmac-sha256$`*",
        systems: "Werkzeug before 3.0",
        bounds: "salt of at most 1024 bytes",
        determined: "every password",
        hashes: "Werkzeug",
    },
    Facts {
        family: Family::LdapDigest,
        name: "ldap-digest",
        feature: Some("ldap"),
        texts: "`{SSHA}` `{SSHA256}` `{SSHA384}` `{SSHA512}` `{SMD5}`, the same without the first S",
        systems: "OpenLDAP, 389 Directory Server, FreeIPA, Dovecot",
        bounds: "salt of at most 128 bytes",
        determined: "every password",
        hashes: "OpenLDAP, 389 Directory Server, Dovecot, passlib's own tests",
    },
    Facts {
        family: Family::Md5Crypt,
        name: "md5-crypt",
        feature: Some("crypt"),
        texts: "`$1$`, `$apr1$`, `{smd5}` with a `$`",
        systems: "crypt(3), Apache, Cisco IOS type 5, AIX",
        bounds: "no parameters",
        determined: "every password",
        hashes: "libxcrypt, `htpasswd`, Dovecot, 389 Directory Server, AIX",
    },
    Facts {
        family: Family::MediaWiki,
        name: "mediawiki",
        feature: Some("mediawiki"),
        texts: "`:A:`, `:B:`",
        systems: "MediaWiki",
        bounds: "salt of at most 128 bytes",
        determined: "every password",
        hashes: "MediaWiki, hashcat",
    },
    Facts {
        family: Family::Mssql,
        name: "mssql",
        feature: Some("mssql"),
        texts: "`0x0100`, `0x0200`",
        systems: "Microsoft SQL Server 2005 and later",
        bounds: "no parameters",
        determined: "every password",
        hashes: "SQL Server, as passlib and hashcat publish them",
    },
    Facts {
        family: Family::MyBb,
        name: "mybb",
        feature: Some("forums"),
        texts: "`$mybb$`*",
        systems: "MyBB, Invision Power Board 2 and 3",
        bounds: "salt of at most 128 bytes",
        determined: "every password",
        hashes: "MyBB, hashcat; none by Invision Power Board, whose code is not public",
    },
    Facts {
        family: Family::MysqlNative,
        name: "mysql-native",
        feature: Some("mysql"),
        texts: "`$mysql41$`*",
        systems: "MySQL 4.1 and later, MariaDB: mysql_native_password",
        bounds: "no parameters",
        determined: "every password",
        hashes: "MariaDB, hashcat",
    },
    Facts {
        family: Family::MysqlSha2,
        name: "mysql-sha2",
        feature: Some("mysql"),
        texts: "`$mysql-sha2$`*",
        systems: "MySQL 8 and later: caching_sha2_password",
        bounds: "5000 to 1 000 000 rounds",
        determined: "every password",
        hashes: "MySQL, hashcat",
    },
    Facts {
        family: Family::NtHash,
        name: "nt-hash",
        feature: Some("nt"),
        texts: "`$3$$`*",
        systems: "Windows, Samba; FreeBSD's crypt(3) writes this text",
        bounds: "no parameters",
        determined: "every password",
        hashes: "Samba, libxcrypt, MS-SAMR",
    },
    Facts {
        family: Family::OpenCart,
        name: "opencart",
        feature: Some("forums"),
        texts: "`$opencart$`*",
        systems: "OpenCart before 4, Woltlab Burning Board 3",
        bounds: "salt of at most 128 bytes",
        determined: "without `&`, `<`, `>`, `\"` and white space at an end",
        hashes: "OpenCart, WoltLab's Community Framework, hashcat; one computed",
    },
    Facts {
        family: Family::Oracle,
        name: "oracle",
        feature: Some("oracle"),
        texts: "`S:`, `T:`, with semicolons between",
        systems: "Oracle Database 11g and later, the column `spare4`",
        bounds: "no parameters",
        determined: "every password; `T:` without a NUL at the end",
        hashes: "Oracle Database, as passlib, Trustwave and John the Ripper publish them; hashcat",
    },
    Facts {
        family: Family::Pbkdf2,
        name: "pbkdf2",
        feature: Some("pbkdf2"),
        texts: "`$pbkdf2-sha256$i=,l=$`, `$pbkdf2-sha256$n$`, `{PBKDF2-SHA256}`, `{PBKDF2_SHA256}`, `pbkdf2_sha256$`, `pbkdf2:sha256:n$`, `:pbkdf2:sha512:`, `{PKCS5S2}`, `grub.pbkdf2.sha512.`, `$ml$`; SHA-1, SHA-256 or SHA-512",
        systems: "PHC strings, passlib, OpenLDAP, 389 Directory Server, FreeIPA, Django, Werkzeug, MediaWiki, Atlassian, GRUB, macOS; Keycloak, Okta, Spring Security and Dovecot by import",
        bounds: PBKDF2_BOUNDS,
        determined: "without a NUL at the end",
        hashes: "RFC 6070, RFC 7914, passlib's own tests, OpenLDAP, 389 Directory Server, Dovecot, Django, Werkzeug, Symfony, MediaWiki, GRUB, Keycloak, Spring Security, Atlassian's own tests, macOS, as John the Ripper publishes them; Okta's computed, as Okta publishes none with its password",
    },
    Facts {
        family: Family::Phpass,
        name: "phpass",
        feature: Some("phpass"),
        texts: "`$P$`, `$H$`",
        systems: "WordPress before 6.8, phpBB, Joomla",
        bounds: "2⁷ to 2¹⁹ rounds",
        determined: "every password; `$H$` without `&`, `<`, `>`, `\"` and white space at an end",
        hashes: "phpass's own tests, WordPress, phpBB",
    },
    Facts {
        family: Family::SaltedDigest,
        name: "salted-digest",
        feature: Some("salted-digest"),
        texts: "`$salted-sha256$layout=$`*, `$unsalted-sha256$`*",
        systems: "custom applications; Joomla, osCommerce, Magento, Spring Security, Django and Okta by import",
        bounds: "salt of at most 1024 bytes",
        determined: "every password",
        hashes: "Joomla, OpenMage (Magento 1), Magento 2, Django, Fineract (Spring Security), Okta's support, Magento's own tests, hashcat; other layouts computed",
    },
    Facts {
        family: Family::Scram,
        name: "scram",
        feature: Some("scram"),
        texts: "`SCRAM-SHA-256$`, `{SCRAM-SHA-256}`, `{SCRAM-SHA-1}`",
        systems: "PostgreSQL, Dovecot",
        bounds: PBKDF2_BOUNDS,
        determined: "unchanged by SASLprep, without a NUL at the end",
        hashes: "PostgreSQL, Dovecot",
    },
    Facts {
        family: Family::Scrypt,
        name: "scrypt",
        feature: Some("scrypt"),
        texts: "`$scrypt$ln=,r=,p=$`, `scrypt$N$salt$r$p$`, `scrypt:N:r:p$`, `$7$`, `$s0$`",
        systems: "passlib and PHC strings, Django, Werkzeug, crypt(3), Java's scrypt; Spring Security by import",
        bounds: SCRYPT_BOUNDS,
        determined: "without a NUL at the end",
        hashes: "RFC 7914, passlib's own tests, Django, Werkzeug, libxcrypt, Java's scrypt, Spring Security",
    },
    Facts {
        family: Family::Sha1Crypt,
        name: "sha1-crypt",
        feature: Some("crypt"),
        texts: "`$sha1$`",
        systems: "crypt(3) of NetBSD",
        bounds: "1 to 10 000 000 rounds",
        determined: "without a NUL at the end",
        hashes: "libxcrypt, hashcat",
    },
    Facts {
        family: Family::ShaCrypt,
        name: "sha-crypt",
        feature: Some("crypt"),
        texts: "`$5$`, `$6$`",
        systems: "crypt(3)",
        bounds: "1000 to 1 000 000 rounds",
        determined: "every password",
        hashes: "the specification, libxcrypt, OpenLDAP, 389 Directory Server, Dovecot",
    },
    Facts {
        family: Family::SpringStandard,
        name: "spring-standard",
        feature: Some("spring"),
        texts: "`$spring-standard$`*",
        systems: "Spring Security's StandardPasswordEncoder",
        bounds: "1024 rounds",
        determined: "every password",
        hashes: "Spring Security",
    },
    Facts {
        family: Family::SunMd5,
        name: "sun-md5",
        feature: Some("crypt"),
        texts: "`$md5$`, `$md5,rounds=`",
        systems: "crypt(3) of Solaris and illumos",
        bounds: "up to 1 000 000 rounds beyond the basic 4096",
        determined: "every password",
        hashes: "libxcrypt",
    },
    Facts {
        family: Family::SupabaseScrypt,
        name: "supabase-scrypt",
        feature: Some("firebase"),
        texts: "`$fbscrypt$`",
        systems: "Supabase, for accounts from Firebase",
        bounds: SCRYPT_BOUNDS,
        determined: "without a NUL at the end",
        hashes: "Supabase's own tests",
    },
    Facts {
        family: Family::Symfony,
        name: "symfony",
        feature: Some("symfony"),
        texts: "`$symfony-sha512$i=$`*",
        systems: "Symfony's MessageDigestPasswordHasher",
        bounds: "1 to 1 000 000 rounds",
        determined: "every password",
        hashes: "Symfony",
    },
    Facts {
        family: Family::VBulletin,
        name: "vbulletin",
        feature: Some("forums"),
        texts: "`$vbulletin$`*",
        systems: "vBulletin 3 and 4",
        bounds: "salt of at most 128 bytes",
        determined: "every password",
        hashes: "hashcat; none by vBulletin, whose code is not public",
    },
    Facts {
        family: Family::WordPress,
        name: "wordpress",
        feature: Some("wordpress"),
        texts: "`$wp$2y$`",
        systems: "WordPress since 6.8",
        bounds: "cost 4 to 16",
        determined: "without white space at an end",
        hashes: "WordPress",
    },
    Facts {
        family: Family::Yescrypt,
        name: "yescrypt",
        feature: Some("crypt"),
        texts: "`$y$`",
        systems: "crypt(3)",
        bounds: YESCRYPT_BOUNDS,
        determined: "every password; flavor 0 without a NUL at the end",
        hashes: "yescrypt's own tests, libxcrypt",
    },
];

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn each_family_has_its_own_facts_and_a_name_of_its_own() {
        for (at, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.family as usize, at, "{}", facts.name);
            let same_name = FACTS.iter().filter(|other| other.name == facts.name).count();
            assert_eq!(same_name, 1, "{}", facts.name);
        }
    }

    #[test]
    fn the_page_has_the_table_of_all_families() {
        let mut table = String::from(
            "| family | texts | written by | feature | bounds | determines passwords | hashes of the tests |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for Facts { name, feature, texts, systems, bounds, determined, hashes, .. } in &FACTS {
            let feature = feature.map_or("none".to_owned(), |feature| format!("`{feature}`"));
            writeln!(
                table,
                "| {name} | {texts} | {systems} | {feature} | {bounds} | {determined} | {hashes} |"
            )
            .unwrap();
        }
        let page = include_str!("../../FAMILIES.md");
        assert!(page == table, "FAMILIES.md must be:\n\n{table}");
    }
}
