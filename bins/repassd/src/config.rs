//! The configuration: as written ([`raw`]), and as checked ([`Config`]).

mod checked;
mod hashing;
mod mail;
mod memory;
mod outbox;
mod raw;
mod specs;
mod store;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ::config::{Environment, File, FileFormat, Map};
use repass_core::MissingPeppers;
use repass_store::{ColumnProblem, SqlStore};

pub(crate) use checked::{Config, LogFormat, ServerLimits};

/// What is wrong with a configuration: in which file, at which key, and why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{}: the file cannot be read", .file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: {reason}", .file.display())]
    Malformed { file: PathBuf, reason: String },
    #[error("environment variable {name}: {reason}")]
    Variable { name: String, reason: &'static str },
    #[error("{place}: {key}: {reason}")]
    Key { place: String, key: String, reason: String },
    #[error("hashing.peppers: {0}")]
    Peppers(#[from] MissingPeppers),
    #[error("the accounts table {table} does not fit its mapping: {}", under_their_keys(.problems))]
    Accounts { table: String, problems: Vec<ColumnProblem> },
}

fn under_their_keys(problems: &[ColumnProblem]) -> String {
    let problems = problems.iter().map(|problem| format!("store.accounts.{problem}"));
    problems.collect::<Vec<_>>().join("; ")
}

/// A key whose value makes no sense; the place is added by [`load`].
#[derive(Debug)]
pub(crate) struct KeyError {
    pub(crate) key: String,
    pub(crate) reason: String,
}

impl KeyError {
    pub(crate) fn new(key: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { key: key.into(), reason: reason.to_string() }
    }
}

const PREFIX: &str = "REPASS_";

/// Variables of the same prefix that the command line and the shell use; no keys of ours.
const NOT_OURS: [&str; 8] = [
    "REPASS_DATABASE",
    "REPASS_KEY_FILE",
    "REPASS_SCHEMA",
    "REPASS_REALM",
    "REPASS_HASH_PROFILE",
    "REPASS_PEPPER",
    "REPASS_PEPPER_KEYS",
    "REPASS_POLICY",
];

/// Reads a configuration file and the environment variables that override it.
pub(crate) fn load(file: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    parse(file, &text, overrides(std::env::vars_os())?)
}

/// Those of the environment's variables that override keys.
fn overrides(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Map<String, String>, ConfigError> {
    let ours = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !NOT_OURS.contains(&name.as_str()));
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigError::Variable { name, reason: "its value is no UTF-8" }),
    })
    .collect()
}

/// The configuration of a demo: every spec in a realm of its name, on this database.
pub(crate) fn demo(listen: SocketAddr, database: &Path) -> Result<Config, ConfigError> {
    let url = SqlStore::url_of(database).map_err(|error| ConfigError::Malformed {
        file: "demo".into(),
        reason: error.to_string(),
    })?;
    let mut text =
        format!("listen = '{listen}'\nallow_plain_http = true\n[store]\nurl = '{url}'\n");
    for spec in ["ecom", "etna", "zap", "customer", "fabric"] {
        text.push_str(&format!("[specs.{spec}]\nrealm = '{spec}'\n"));
    }
    parse(Path::new("demo"), &text, Map::new())
}

fn parse(file: &Path, text: &str, environment: Map<String, String>) -> Result<Config, ConfigError> {
    let variables: Vec<String> = environment.keys().cloned().collect();
    let malformed = |error: ::config::ConfigError| ConfigError::Malformed {
        file: file.to_owned(),
        reason: one_line(&error.to_string()),
    };
    let merged = ::config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .add_source(
            Environment::with_prefix("REPASS")
                .prefix_separator("_")
                .separator("__")
                // As texts: a realm of "007" is no number. Where a number is wanted, they are read
                // as one.
                .try_parsing(false)
                .source(Some(environment)),
        )
        .build()
        .map_err(malformed)?;
    let at_key = |key: &str, reason: &str| ConfigError::Key {
        place: place_of(key, file, &variables),
        key: key.to_owned(),
        reason: one_line(reason),
    };
    let raw: raw::RawConfig = serde_path_to_error::deserialize(merged).map_err(|error| {
        let key = error.path().to_string();
        let reason = error.inner().to_string();
        // The crate adds the key to the reason itself; once is enough.
        let reason = reason.split(" for key `").next().unwrap_or_default().to_owned();
        if key == "." {
            ConfigError::Malformed { file: file.to_owned(), reason: one_line(&reason) }
        } else {
            at_key(&key, &reason)
        }
    })?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    raw.check(&folder).map_err(|error| at_key(&error.key, &error.reason))
}

/// Where a key was given: an environment variable overrides the file.
fn place_of(key: &str, file: &Path, variables: &[String]) -> String {
    let variable = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
    if variables.iter().any(|own| own.eq_ignore_ascii_case(&variable)) {
        format!("environment variable {variable}")
    } else {
        file.display().to_string()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "listen = '127.0.0.1:0'\n\
                        [store]\nurl = 'sqlite:///tmp/x.db'\n\
                        [specs.ecom]\nrealm = 'shop'\n";

    fn wrong(text: &str, variables: &[(&str, &str)]) -> String {
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        parse(Path::new("r.toml"), text, environment).err().unwrap().to_string()
    }

    #[test]
    fn a_small_file_is_enough() {
        let config = parse(Path::new("r.toml"), GOOD, Map::new()).unwrap();
        assert_eq!(config.mounts.len(), 1);
        assert_eq!(config.attempts, repass_core::AttemptRules::default());
    }

    #[test]
    fn every_mistake_names_place_key_and_reason() {
        let in_tables = [
            ("[policy]\nmin_length = 'x'", "r.toml: policy.min_length: invalid type"),
            ("[policy]\nmin_length = 0", "r.toml: policy.min_length: "),
            ("[policy]\nmin_length = 300", "r.toml: policy.min_length: "),
            ("[policy]\npreset = 'nits'", "r.toml: policy.preset: must be one of nist-800-63b-4"),
            ("[attempts]\nlimit = 0", "r.toml: attempts.limit: must be 1 to"),
            ("[attempts]\nfirst_delay = 'soon'", "r.toml: attempts.first_delay: "),
            ("[attempts]\nmax_delay = '10ms'", "r.toml: attempts.max_delay: "),
            ("[hashing]\nprofile = 'fast'", "r.toml: hashing.profile: "),
            ("[hashing]\nmemory_kib = 1", "r.toml: hashing.profile: give either"),
            (
                "[hashing]\nmemory_kib = 8192\niterations = 1\nparallelism = 1",
                "below OWASP's minimum",
            ),
            (
                "[hashing]\npepper = 'k1'",
                "r.toml: hashing.pepper: there is no [hashing.peppers.k1]",
            ),
            ("[hashing.peppers.k1]", "r.toml: hashing.peppers.k1.key: give either"),
            (
                "[hashing.peppers.k1]\nkey = 'hunter2 hunter2'",
                "r.toml: hashing.peppers.k1.key: a pepper key is Base64",
            ),
            (
                "[hashing.peppers.k1]\nkey = 'AAECAwQFBgc='",
                "r.toml: hashing.peppers.k1.key: a pepper key has 32 to 1024 bytes",
            ),
            ("[hashing.peppers.k1]\nkey_file = 'is-none'", "r.toml: hashing.peppers.k1.key_file: "),
            (
                "[hashing.peppers.'a b']\nkey = 'AAECAwQFBgc='",
                "hashing.peppers.a b.key: a pepper key is named by",
            ),
            (
                "[hashing]\npepper = 'k1'\n[hashing.peppers.k1]\n\
                 key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n\
                 [store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'",
                "r.toml: hashing.pepper: cannot be used with store.accounts",
            ),
            ("[hashing.firebase.shop]", "r.toml: hashing.firebase.shop.signer_key: give either"),
            (
                "[hashing.firebase.shop]\nsigner_key = 'hunter2'",
                "r.toml: hashing.firebase.shop.signer_key: a signer key is Base64",
            ),
            (
                "[hashing.firebase.shop]\nsigner_key_file = 'is-none'",
                "r.toml: hashing.firebase.shop.signer_key_file: ",
            ),
            (
                "[hashing.firebase.'a b']\nsigner_key = 'AAEC/w=='",
                "hashing.firebase.a b.signer_key: a project is named by",
            ),
            ("[hashing]\narena_memory_kib = 4194305", "r.toml: hashing.arena_memory_kib: must be"),
            ("[hashing]\nthreads = 0", "r.toml: hashing.threads: must be 1 to 1024"),
            ("[server]\nmax_connections = 0", "r.toml: server.max_connections: "),
            ("[outbox]\nmax_tries = 0", "r.toml: outbox.max_tries: must be 1 to 1000"),
            ("[outbox]\nlongest_wait = '1s'", "r.toml: outbox.longest_wait: "),
            ("[webhook]\nurl = 'https://example.org/'", "r.toml: webhook.secret: give either"),
            (
                "[webhook]\nurl = 'https://example.org/'\nsecret = 'x'",
                "r.toml: webhook.secret: must be whsec_",
            ),
            (
                "[webhook]\nurl = 'https://example.org/'\nsecret_file = 'is-none'",
                "r.toml: webhook.secret_file: ",
            ),
            (
                "[webhook]\nurl = 'https://127.0.0.1/'\n\
                 secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'",
                "r.toml: webhook.url: must not lead to a private address",
            ),
            (
                "[webhook]\nurl = 'http://example.org/'\n\
                 secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'",
                "r.toml: webhook.url: must begin with https://",
            ),
            (
                "[mail]\nserver = 'localhost'",
                "r.toml: mail: missing configuration field \"mail.from\"",
            ),
            ("[mail]\nhost = 'localhost'", "unknown field `host`"),
            ("[log]\nformat = 'xml'", "r.toml: log.format: "),
            ("[specs.etna]\nrealm = 'A B'", "r.toml: specs.etna.realm: "),
            ("[specs.etna]\nrealm = 'a'\nprefix = 'x'", "r.toml: specs.etna.prefix: "),
            ("[specs.etna]\nrealm = 'a'\nsecure_otp = 'x'", "unknown field `secure_otp`"),
            ("[specs.zap]\nrealm = 'a'\nsecure_otp = 'x'", "r.toml: specs.zap.secure_otp: "),
            ("[specs.fabric]\nrealm = 'a'\naccounts = { x = 'a' }", "specs.fabric.accounts.x: "),
            ("[specs.shop]\nrealm = 'a'", "unknown field `shop`"),
            ("[store", "r.toml: "),
            ("[store.accounts]", "r.toml: store.accounts.table: is required"),
            ("[store.accounts]\ntable = 'a.b.c'", "r.toml: store.accounts.table: schema and table"),
            ("[store.accounts]\ntable = 'a.b'", "r.toml: store.accounts.table: SQLite has no"),
            ("[store.accounts]\ntable = 'users'", "r.toml: store.accounts.id: is required"),
            (
                "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw; --'",
                "r.toml: store.accounts.hash: must be 1 to 63 letters",
            ),
            (
                "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'id'",
                "r.toml: store.accounts.hash: is the column \"id\" of id as well",
            ),
            (
                "[store.accounts]\ntable = 'users'\nid = 'id'\nrealm = 'A B'\nhash = 'pw'",
                "r.toml: store.accounts.realm: a realm is",
            ),
            (
                "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'\n\
                 realm = 'a'\nrealm_column = 'b'",
                "r.toml: store.accounts.realm: give either",
            ),
            (
                "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'\nprofile = 'p'",
                "unknown field `profile`",
            ),
        ];
        let at_top = [
            ("listne = 'x'", "unknown field `listne`"),
            ("allow_plain_http = 'perhaps'", "r.toml: allow_plain_http: "),
        ];
        let in_tables = in_tables.map(|(text, says)| (format!("{GOOD}{text}"), says));
        let at_top = at_top.map(|(text, says)| (format!("{text}\n{GOOD}"), says));
        for (text, says) in in_tables.into_iter().chain(at_top) {
            let message = wrong(&text, &[]);
            assert!(message.contains(says), "{text}\n{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert!(wrong(&GOOD.replace("127.0.0.1:0", "here"), &[]).starts_with("r.toml: listen: "));
        let homeless = GOOD.replace("[store]\nurl = 'sqlite:///tmp/x.db'\n", "");
        assert!(wrong(&homeless, &[]).starts_with("r.toml: store.url: is required"));
        let in_schema = GOOD.replace("x.db'", "x.db'\nschema = 'repass'");
        assert!(wrong(&in_schema, &[]).starts_with("r.toml: store.schema: SQLite has no schemas"));
        let keyless = GOOD.replace("sqlite:///tmp/x.db", "postgres://u:secret@h/db");
        assert!(wrong(&keyless, &[]).starts_with("r.toml: store.key_file: is required"));
        assert!(!wrong(&keyless, &[]).contains("secret"));
        let nothing = GOOD.replace("[specs.ecom]", "[specs.ecom]\nenabled = false");
        assert!(wrong(&nothing, &[]).starts_with("r.toml: specs: none is enabled"));
    }

    /// A small file with mail, and a line more in its table.
    fn with_mail(line: &str) -> String {
        let mail = "server = 'smtp.example.org'\nfrom = 'Shop <shop@example.org>'\n\
                    product = 'Shop'\nsupport_url = 'https://example.org/help'\n";
        format!("{GOOD}[mail]\n{mail}{line}\n")
    }

    #[test]
    fn every_mistake_about_mail_names_its_key() {
        for (line, says) in [
            ("tls = 'ssl'", "mail.tls: must be one of implicit, starttls, none"),
            ("tls = 'none'", "mail.tls: the server is on another machine"),
            ("port = 0", "mail.port: must be 1 to 65535"),
            ("port = 70000", "mail.port: "),
            ("username = 'pat'", "mail.password: give this or password_file"),
            ("password = 'hunter2'", "mail.username: is missing"),
            ("username = ''\npassword = 'hunter2'", "mail.username: must be"),
            ("password = 'hunter2'\npassword_file = 'x'", "mail.password: give either this or"),
            ("username = 'pat'\npassword_file = 'is-none'", "mail.password_file: "),
            ("timeout = '0s'", "mail.timeout: must be 1ms to 24h"),
            ("reply_to = 'nobody'", "mail.reply_to: must be an e-mail address"),
            ("support_email = 'help'", "mail.support_email: must be an e-mail address"),
            ("default_language = 'ja'", "mail.default_language: must be one of en, de, fr"),
            ("events = []", "mail.events: must be one of password.changed"),
            ("events = ['password']", "mail.events: must be one of password.changed"),
        ] {
            let message = wrong(&with_mail(line), &[]);
            assert!(message.contains(&format!("r.toml: {says}")), "{line}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        for (from, to, key) in [
            ("smtp.example.org", "smtp://example.org", "mail.server"),
            ("Shop <shop@example.org>", "Shop", "mail.from"),
            ("product = 'Shop'", "product = ''", "mail.product"),
            ("https://example.org/help", "help", "mail.support_url"),
            ("support_url = 'https://example.org/help'", "", "mail.support_url"),
        ] {
            let message = wrong(&with_mail("").replacen(from, to, 1), &[]);
            assert!(message.starts_with(&format!("r.toml: {key}: ")), "{key}: {message}");
        }
    }

    #[test]
    fn mail_needs_little_and_takes_its_password_from_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
        let text = with_mail("username = 'pat'\npassword_file = 'password'");
        let file = folder.path().join("r.toml");
        let config = parse(&file, &text, Map::new()).unwrap();
        assert_eq!(config.outbox.channels().len(), 1);
        assert_eq!(config.outbox.options.timeout.as_secs(), 30);
        assert!(!format!("{config:?}").contains("hunter2"));
        let environment = [
            ("REPASS_MAIL__USERNAME".to_owned(), "pat".to_owned()),
            ("REPASS_MAIL__PASSWORD".to_owned(), "hunter2".to_owned()),
            ("REPASS_MAIL__PORT".to_owned(), "2525".to_owned()),
        ];
        let config = parse(&file, &with_mail(""), environment.into()).unwrap();
        let remarks = config.outbox.mail.unwrap().remarks;
        assert!(
            remarks.contains("smtp.example.org port 2525 (TLS implicit, signed in)"),
            "{remarks}"
        );
        assert!(!remarks.contains("hunter2"), "{remarks}");
    }

    #[test]
    fn a_demo_takes_any_name_of_a_temporary_folder() {
        let folder = tempfile::Builder::new().prefix("it's a?b#c%20'").tempdir().unwrap();
        let config = demo(([127, 0, 0, 1], 0).into(), &folder.path().join("demo.db")).unwrap();
        assert_eq!(config.mounts.len(), 5);
    }

    #[test]
    fn the_environment_overrides_and_is_named() {
        let environment = [("REPASS_SPECS__ECOM__REALM".to_owned(), "other".to_owned())].into();
        let config = parse(Path::new("r.toml"), GOOD, environment).unwrap();
        assert_eq!(config.mounts[0].realm.as_str(), "other");
        let message = wrong(GOOD, &[("REPASS_ATTEMPTS__LIMIT", "0")]);
        assert!(
            message.starts_with("environment variable REPASS_ATTEMPTS__LIMIT: attempts.limit: "),
            "{message}"
        );
    }

    #[test]
    fn values_of_the_environment_are_read_as_what_is_wanted() {
        let environment = [
            ("REPASS_SPECS__ECOM__REALM", "007"),
            ("REPASS_ALLOW_PLAIN_HTTP", "true"),
            ("REPASS_SERVER__MAX_CONNECTIONS", "7"),
            ("REPASS_SERVER__IDLE_TIMEOUT", "90"),
            ("REPASS_SERVER__BODY_TIMEOUT", "1s 500ms"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = parse(Path::new("r.toml"), GOOD, environment.into()).unwrap();
        assert_eq!(config.mounts[0].realm.as_str(), "007");
        assert_eq!(config.server.max_connections, 7);
        assert_eq!(config.server.idle_timeout.as_secs(), 90);
        assert_eq!(config.server.body_timeout.as_millis(), 1500);
        let message = wrong(GOOD, &[("REPASS_SERVER__MAX_CONNECTIONS", "many")]);
        assert!(message.contains("server.max_connections: "), "{message}");
        let message = wrong(GOOD, &[("REPASS_SERVER__IDLE_TIMEOUT", "-5")]);
        assert!(message.contains("server.idle_timeout: "), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_named_and_others_are_left_alone() {
        use std::os::unix::ffi::OsStringExt;

        let variable = |name: &str| (OsString::from(name), OsString::from_vec(vec![0xff]));
        let message = overrides([variable("REPASS_LISTEN")].into_iter()).unwrap_err().to_string();
        assert_eq!(message, "environment variable REPASS_LISTEN: its value is no UTF-8");
        for other in ["PATH", "REPASS_DATABASE"] {
            assert!(overrides([variable(other)].into_iter()).unwrap().is_empty(), "{other}");
        }
    }

    #[test]
    fn plain_http_beyond_this_machine_must_be_wished_for() {
        let text = GOOD.replace("127.0.0.1:0", "0.0.0.0:80");
        assert!(wrong(&text, &[]).contains("allow_plain_http"));
        let allowed = format!("allow_plain_http = true\n{text}");
        assert!(parse(Path::new("r.toml"), &allowed, Map::new()).is_ok());
    }
}
