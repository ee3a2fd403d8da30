use super::*;

mod reference;

fn parse(path: &Path, text: &str, overrides: Map<String, String>) -> Result<Config, ConfigError> {
    super::parse(path, text, overrides, whole(&Vendors::bundled()))
}

const GOOD: &str = "listen = '127.0.0.1:0'\n\
                    [store]\nurl = 'sqlite:///tmp/x.db'\n\
                    [api.ecom]\nrealm = 'shop'\n";

fn wrong(text: &str, variables: &[(&str, &str)]) -> String {
    let environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let message = parse(Path::new("r.toml"), text, environment).err().unwrap().to_string();
    // Other tests check positions.
    match message.split_once(": ") {
        Some((place, rest)) if place.starts_with("r.toml") => format!("r.toml: {rest}"),
        _ => message,
    }
}

/// Proves L5.
#[test]
fn l5_an_error_has_line_column_and_key() {
    let message =
        |text: &str| parse(Path::new("r.toml"), text, Map::new()).err().unwrap().to_string();
    assert_eq!(
        message(&format!("{GOOD}[server]\nmax_connections = 'many'")),
        "r.toml:7:1: server.max_connections: must be an integer"
    );
    assert_eq!(
        message(&format!("{GOOD}[webhook]\nurl = 'https://example.org/'\nsecret = 'x")),
        "r.toml:8:12: invalid literal string, expected `'`"
    );
    assert_eq!(
        message(&format!("{GOOD}[mail]\nserver = 'localhost'")),
        "r.toml:6:2: mail.from: is required"
    );
    let empty = "r.toml: api: at least one API must be enabled\nr.toml: store.url: is required";
    assert!(message("").starts_with(empty));
}

/// Proves L4 all.
#[test]
fn l4_all_mistakes_are_reported_in_the_order_of_the_file() {
    let text = "listne = 'x'\nlisten = 'here'\n\
                [store]\nurl = 'mysql://h/db'\nkey_file = 'is-none'\n\
                [server]\nmax_connections = 'many'\nidle_timeout = '0s'\n\
                [hashing]\nprofile = 'fast'\nthreads = 0\n\
                [webhook]\nsecret = 'x'\n\
                [mail]\nserver = 'localhost'\ntls = 'ssl'\n\
                [api.zap]\nrealm = 'A B'\n\
                [api.etna.options]\nsecure_otp = 'x'\n";
    let variables = [("REPASS_LOCKOUT__THRESHOLD".to_owned(), "0".to_owned())].into();
    let error = parse(Path::new("r.toml"), text, variables).unwrap_err();
    let ConfigError::Keys(mistakes) = &error else { panic!("{error}") };
    let found: Vec<_> = mistakes.iter().map(|one| format!("{}: {}", one.place, one.key)).collect();
    let expected = [
        "environment variable REPASS_LOCKOUT__THRESHOLD: lockout.threshold",
        "r.toml:1:1: listne",
        "r.toml:2:1: listen",
        "r.toml:4:1: store.url",
        "r.toml:5:1: store.key_file",
        "r.toml:7:1: server.max_connections",
        "r.toml:8:1: server.idle_timeout",
        "r.toml:10:1: hashing.profile",
        "r.toml:11:1: hashing.threads",
        "r.toml:12:2: webhook.url",
        "r.toml:14:2: mail.from",
        "r.toml:18:1: api.zap.realm",
        "r.toml:20:1: api.etna.options.secure_otp",
    ];
    assert_eq!(found, expected, "{error}");
    assert_eq!(error.to_string().lines().count(), expected.len());

    let no_keys = GOOD.replace("x.db'", "x.db'\nkey_file = 'is-none'")
        + "[hashing.peppers.k1]\nkey_file = 'is-none'\n";
    let error = wrong(&no_keys, &[]);
    for key in ["store.key_file: ", "hashing.peppers.k1.key_file: "] {
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_minimal_file_is_valid() {
    let config = parse(Path::new("r.toml"), GOOD, Map::new()).unwrap();
    assert_eq!(config.mounts.len(), 1);
    assert_eq!(config.lockout, repass_core::LockoutPolicy::default());
}

/// Proves ASVS 6.1.1, L5.
#[test]
fn every_error_names_position_key_and_reason() {
    let in_tables = [
        ("[policy]\nmin_length = 'x'", "r.toml: policy.min_length: must be"),
        ("[policy]\nmin_length = 0", "r.toml: policy.min_length: "),
        ("[policy]\nmin_length = 300", "r.toml: policy.min_length: "),
        ("[policy]\nmin_score = 5", "r.toml: policy.min_score: must be 0 to 4"),
        ("[policy]\nmin_score = 300", "r.toml: policy.min_score: must be 0 to 4"),
        ("[policy]\nmax_age = 0", "r.toml: policy.max_age: must be a period such as"),
        ("[policy]\nmax_age = '23 hours'", "r.toml: policy.max_age: must be a period such as"),
        ("[policy]\nmax_age = '-90 days'", "r.toml: policy.max_age: must be a period such as"),
        (
            "[compromised]\nproxy = 'http://p:3128'",
            "r.toml: compromised.proxy: needs compromised.url",
        ),
        ("[compromised]\non_failure = 'refuse'", "r.toml: compromised.on_failure: needs"),
        ("[policy]\nblocklist_files = ['is-none']", "r.toml: policy.blocklist_files: "),
        ("[policy]\npreset = 'nits'", "r.toml: policy.preset: must be one of nist-800-63b-4"),
        ("[lockout]\nmax_failures = 0", "r.toml: lockout.max_failures: must be 1 to"),
        ("[lockout]\ninitial_delay = 'soon'", "r.toml: lockout.initial_delay: "),
        ("[lockout]\nmax_delay = '10ms'", "r.toml: lockout.max_delay: "),
        ("[hashing]\nprofile = 'fast'", "r.toml: hashing.profile: "),
        ("[hashing]\nmemory_kib = 1", "r.toml: hashing.profile: set either"),
        ("[hashing]\nmemory_kib = 8192\niterations = 1\nparallelism = 1", "below OWASP's minimum"),
        (
            "[hashing]\npepper = 'k1'",
            "r.toml: hashing.pepper: no table [hashing.peppers.ID] has this id",
        ),
        ("[hashing.peppers.k1]", "r.toml: hashing.peppers.k1.key: set either"),
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
            "hashing.peppers.a b.key: the id of a pepper key is",
        ),
        (
            "[hashing]\npepper = 'k1'\n[hashing.peppers.k1]\n\
             key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n\
             [store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'",
            "r.toml: hashing.pepper: cannot be used with store.accounts",
        ),
        ("[hashing.devise.shop]", "r.toml: hashing.devise.shop.pepper: set either"),
        ("[hashing.firebase.shop]", "r.toml: hashing.firebase.shop.signer_key: set either"),
        (
            "[hashing.firebase.shop]\nsigner_key = 'hunter2'",
            "r.toml: hashing.firebase.shop.signer_key: a signer key must be",
        ),
        (
            "[hashing.firebase.shop]\nsigner_key_file = 'is-none'",
            "r.toml: hashing.firebase.shop.signer_key_file: ",
        ),
        (
            "[hashing.firebase.'a b']\nsigner_key = 'AAEC/w=='",
            "hashing.firebase.a b.signer_key: the name of a project or pepper must be",
        ),
        ("[hashing]\narena_memory_kib = 4194305", "r.toml: hashing.arena_memory_kib: must be"),
        ("[hashing]\nthreads = 0", "r.toml: hashing.threads: must be 1 to 1024"),
        ("[server]\nmax_connections = 0", "r.toml: server.max_connections: "),
        ("[outbox]\nmax_tries = 0", "r.toml: outbox.max_tries: must be 1 to 1000"),
        ("[outbox]\nlongest_wait = '1s'", "r.toml: outbox.longest_wait: "),
        ("[webhook]\nurl = 'https://example.org/'", "r.toml: webhook.secret: set either"),
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
            "r.toml: webhook.url: must not have a private address",
        ),
        (
            "[webhook]\nurl = 'http://example.org/'\n\
             secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'",
            "r.toml: webhook.url: must begin with https://",
        ),
        ("[mail]\nserver = 'localhost'", "r.toml: mail.from: is required"),
        ("[mail]\nhost = 'localhost'", "unknown key `host`"),
        ("[lockout]\nthreshold = 101", "r.toml: lockout.threshold: must be at most max_failures"),
        (
            "[api.more]\nvendor = 'ecom'",
            "r.toml: api.more.prefix: must differ from that of api.ecom",
        ),
        ("[log]\nformat = 'xml'", "r.toml: log.format: "),
        ("[api.etna]\nrealm = 'A B'", "r.toml: api.etna.realm: "),
        ("[api.etna]\nrealm = 'a'\nprefix = 'x'", "r.toml: api.etna.prefix: "),
        ("[api.etna]\nrealm = 'a'\nsecure_otp = 'x'", "unknown key `secure_otp`"),
        ("[api.etna.options]\nsecure_otp = 'x'", "api.etna.options.secure_otp: unknown key"),
        ("[api.zap.options]\nsecure_otp = 'x'", "r.toml: api.zap.options.secure_otp: must be"),
        ("[api.fabric.options]\naccounts = { x = 'a' }", "api.fabric.options.accounts.x: "),
        ("[api.shop]\nrealm = 'a'", "api.shop.vendor: must be one of ecom, etna, zap"),
        ("[api.shop]\nvendor = 'zip'", "r.toml: api.shop.vendor: must be one of ecom"),
        ("[api.'a-b']\nvendor = 'zap'", "r.toml: api.a-b: the name must have 1 to 32"),
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
            "r.toml: store.accounts.hash: is the same column as id",
        ),
        (
            "[store.accounts]\ntable = 'users'\nid = 'id'\nrealm = 'A B'\nhash = 'pw'",
            "r.toml: store.accounts.realm: a realm is",
        ),
        (
            "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'\n\
             realm = 'a'\nrealm_column = 'b'",
            "r.toml: store.accounts.realm: set either",
        ),
        (
            "[store.accounts]\ntable = 'users'\nid = 'id'\nhash = 'pw'\nprofile = 'p'",
            "unknown key `profile`",
        ),
    ];
    let at_top = [
        ("listne = 'x'", "unknown key `listne`"),
        ("allow_plain_http = 'perhaps'", "r.toml: allow_plain_http: "),
    ];
    let in_tables = in_tables.map(|(text, says)| (format!("{GOOD}{text}"), says));
    let at_top = at_top.map(|(text, says)| (format!("{text}\n{GOOD}"), says));
    for (text, says) in in_tables.into_iter().chain(at_top) {
        let message = wrong(&text, &[]);
        assert!(message.contains(says), "{text}\n{message}");
    }
    assert!(wrong(&GOOD.replace("127.0.0.1:0", "here"), &[]).starts_with("r.toml: listen: "));
    let without_url = GOOD.replace("[store]\nurl = 'sqlite:///tmp/x.db'\n", "");
    assert!(wrong(&without_url, &[]).starts_with("r.toml: store.url: is required"));
    let in_schema = GOOD.replace("x.db'", "x.db'\nschema = 'repass'");
    assert!(wrong(&in_schema, &[]).starts_with("r.toml: store.schema: is for PostgreSQL"));
    let no_file = GOOD.replace("x.db'", "x.db'\nkey_file = 'is-none'");
    assert!(wrong(&no_file, &[]).starts_with("r.toml: store.key_file: the installation key file"));
    let without_key = GOOD.replace("sqlite:///tmp/x.db", "postgres://u:secret@h/db");
    assert!(wrong(&without_key, &[]).starts_with("r.toml: store.key_file: is required"));
    assert!(!wrong(&without_key, &[]).contains("secret"));
    let nothing = GOOD.replace("[api.ecom]", "[api.ecom]\nenabled = false");
    assert!(wrong(&nothing, &[]).starts_with("r.toml: api: at least one API must be enabled"));
}

/// All tables. Of keys that exclude each other, only the first is set.
const FULL: &str = "\
    listen = '127.0.0.1:0'\nallow_plain_http = true\n\
    [unix_socket]\nmode = '0660'\ngroup = '0'\n\
    [proxy]\ntrusted = ['10.0.0.0/8']\nheader = 'forwarded'\nproxy_protocol = true\n\
    [store]\nurl = 'sqlite:///tmp/x.db'\n\
    [store.accounts]\ntable = 'users'\nid = 'id'\nuser_id = 'login'\nhash = 'pw'\n\
    email = 'mail'\nusername = 'name'\nactive = 'active'\nrealm = 'a'\n\
    [server]\nmax_connections = 1\nheader_timeout = 1\nbody_timeout = 1\nidle_timeout = 1\n\
    shutdown_delay = 0\nshutdown_timeout = 1\n\
    [admin]\nlisten = '127.0.0.1:0'\n\
    [log]\nformat = 'text'\nfilter = 'info'\n\
    [policy]\npreset = 'vendor-zap'\nmin_length = 8\nmax_length = 64\nhistory = 1\n\
    require_digit = true\nrequire_special = true\nrefuse_current = true\n\
    refuse_context_words = true\ncontext_words = ['Example Shop']\nrefuse_common = true\n\
    blocklist_files = []\n\
    [hashing]\nmemory_kib = 19456\niterations = 2\nparallelism = 1\n\
    kernel = 'auto'\nthreads = 1\narena_memory_kib = 19456\nqueue = 1\ndeadline = 1\n\
    [hashing.peppers.k1]\nkey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n\
    [hashing.firebase.p]\nsigner_key = 'AAEC/w=='\n\
    [hashing.devise.p]\npepper = 'p'\n\
    [lockout]\nthreshold = 1\ninitial_delay = 1\nmax_delay = 1\nmax_failures = 1\n\
    [outbox]\npoll = 1\nfirst_wait = 1\nlongest_wait = 1\nmax_tries = 1\n\
    [webhook]\nurl = 'https://example.org/'\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n\
    timeout = 1\nallow_private = true\n\
    [mail]\nserver = 'localhost'\ntls = 'none'\nport = 1\nusername = 'u'\npassword = 'p'\n\
    from = 'a@example.org'\nreply_to = 'a@example.org'\nproduct = 'p'\n\
    support_url = 'https://example.org'\nsupport_email = 'a@example.org'\n\
    default_language = 'en'\nevents = ['reset.requested']\ntimeout = 1\nallow_plain_smtp = true\n\
    reset_url = 'https://example.org'\n\
    [api.shop]\nvendor = 'ecom'\nenabled = true\nprefix = ''\nrealm = 'a'\n\
    policy = { min_length = 8 }\noptions = { errors_as_ok = true }\n\
    [api.etna.options]\nkeep_presenting_token = true\n\
    [api.zap.options]\nsecure_otp = 'required'\n\
    [api.customer.options]\nauthentication = 'none'\n\
    [api.fabric.options]\naccounts = { 1234abcd5678efgh9ijklmno = 'a' }\ndefault_realm = 'a'\n";
const EXCLUDED: [&str; 10] = [
    "store.key_file",
    "store.schema",
    "store.accounts.realm_column",
    "hashing.profile",
    "hashing.pepper",
    "hashing.peppers.k1.key_file",
    "hashing.firebase.p.signer_key_file",
    "hashing.devise.p.pepper_file",
    "webhook.secret_file",
    "mail.password_file",
];

/// Proves L5.
#[test]
fn l5_no_error_quotes_a_value() {
    let whole = parse(Path::new("r.toml"), FULL, Map::new());
    assert!(whole.is_ok(), "{}", whole.err().unwrap());
    let full: toml::Table = FULL.parse().unwrap();
    let mut keys = EXCLUDED.map(ToOwned::to_owned).to_vec();
    leaves(&full, "", &mut keys);
    let values = ["'hunter2 hunter2'", "['hunter2']", "{ hunter2 = 'hunter2' }", "40506070.5"];
    let (mut of_file, mut of_variables) = (0, 0);
    for key in &keys {
        for value in values {
            let mut table = full.clone();
            // These are slow, since they read the machine's certificates.
            table.retain(|name, _| !["mail", "webhook"].contains(&name) || key.starts_with(name));
            set(&mut table, key, value);
            let Err(error) = parse(Path::new("r.toml"), &table.to_string(), Map::new()) else {
                continue;
            };
            of_file += 1;
            let message = error.to_string();
            assert!(message.starts_with("r.toml"), "{message}");
            // Names of keys and files may be quoted.
            let is_file = key.ends_with("_file") || key.ends_with("_files");
            let is_name = message.contains("unknown key `hunter2`") || is_file;
            let is_quoted = message.contains("hunter2") || message.contains("40506070");
            assert!(!is_quoted || is_name, "{key} = {value}: {message}");
        }
        let variable = format!("REPASS_{}", key.replace('.', "__").to_uppercase());
        let overrides = [(variable, "hunter2 hunter2".to_owned())].into();
        if let Err(error) = parse(Path::new("r.toml"), FULL, overrides) {
            of_variables += 1;
            let is_quoted = error.to_string().contains("hunter2");
            assert!(!is_quoted || key.ends_with("_file"), "{error}");
        }
    }
    assert!(of_file > 200 && of_variables > 50, "{of_file} {of_variables}");
    for (at, _) in FULL.match_indices('\'') {
        let torn = format!("{}hunter2{}", &FULL[..at], &FULL[at + 1..]);
        let message = parse(Path::new("r.toml"), &torn, Map::new()).err().unwrap().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_configuration_is_shown_with_its_variables_and_without_its_secrets() {
    let file = "[store]\nurl = 'postgres://u:hunter2@h/db'\nkey_file = 'k'\n\
                [hashing.peppers.k1]\nkey = 'hunter2'\n[hashing.firebase.p]\nsigner_key = 'hunter2'\n\
                [hashing.devise.p]\npepper = 'hunter2'\n\
                [tls]\nkey = 'tls.key'\ncertificate = 'tls.pem'\n\
                [webhook]\nurl = 'https://example.org/hunter2'\nsecret = 'hunter2'\n\
                [mail]\npassword = 12345678\nevents = ['password.changed']\n\
                [compromised]\nurl = 'https://api.pwnedpasswords.com'\n\
                [server]\nmax_connections = 7\n";
    let variables = [("REPASS_SERVER__IDLE_TIMEOUT", "90"), ("REPASS_MAIL__PASSWORD", "hunter2")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let shown = Sources::read(Path::new("r.toml"), file, variables.into()).unwrap().to_toml();
    assert!(!shown.contains("hunter2") && !shown.contains("12345678"), "{shown}");
    assert_eq!(shown.matches("(hidden)").count(), 7, "{shown}");
    let shown: toml::Table = shown.parse().unwrap();
    assert_eq!(shown["tls"]["key"].as_str(), Some("tls.key"));
    assert_eq!(shown["store"]["key_file"].as_str(), Some("k"));
    assert_eq!(shown["server"]["idle_timeout"].as_str(), Some("90"));
    assert_eq!(shown["mail"]["events"][0].as_str(), Some("password.changed"));
}

fn leaves(table: &toml::Table, place: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        match value {
            toml::Value::Table(table) => leaves(table, &format!("{place}{name}."), keys),
            _ => keys.push(format!("{place}{name}")),
        }
    }
}

fn set(table: &mut toml::Table, key: &str, value: &str) {
    match key.split_once('.') {
        Some((name, rest)) => {
            let inner = table.entry(name).or_insert_with(|| toml::Table::new().into());
            set(inner.as_table_mut().unwrap(), rest, value);
        }
        None => table.extend(format!("{key} = {value}").parse::<toml::Table>().unwrap()),
    }
}

#[test]
fn every_error_about_access_tokens_names_its_key() {
    let jwt = "kind = 'jwt'\nissuer = 'https://id.example.org'\naudience = 'repass'\n";
    let asked = "kind = 'introspection'\nintrospection_url = 'https://id.example.org/i'\n";
    for (lines, says) in [
        ("", "kind: is required"),
        ("kind = 'saml'", "kind: must be one of repass, jwt, introspection"),
        ("kind = 'repass'\nissuer = 'x'", "issuer: is not a key of kind = \"repass\""),
        ("kind = 'jwt'", "issuer: is required"),
        ("kind = 'jwt'\nissuer = 'x'", "audience: is required"),
        (jwt, "jwks_url: set either this or keys_file"),
        (&format!("{jwt}keys_file = 'none.json'"), "keys_file: none.json: "),
        (&format!("{jwt}keys_file = 'Cargo.toml'"), "keys_file: must be a public key in PEM, "),
        (&format!("{jwt}jwks_url = 'http://id.example.org/'"), "jwks_url: must begin with https"),
        (&format!("{jwt}jwks_url = 'https://u@h/'"), "jwks_url: must not contain a user"),
        (&format!("{jwt}algorithms = ['HS256']"), "algorithms: must be one of RS256, RS384"),
        (&format!("{jwt}algorithms = []"), "algorithms: must be one of RS256, RS384"),
        (&format!("{jwt}client_id = 'x'"), "client_id: is not a key of kind = \"jwt\""),
        (&format!("{jwt}jwks_url = 'https://h/'\ntimeout = '0s'"), "timeout: must be 1ms to 24h"),
        (&format!("{jwt}jwks_url = 'https://h/'\nroles_claim = ''"), "roles_claim: must be"),
        ("kind = 'introspection'", "introspection_url: is required"),
        (asked, "client_id: is required"),
        (
            &format!("{asked}client_id = 'x'"),
            "client_secret: set either this or client_secret_file",
        ),
        (&format!("{asked}algorithms = ['RS256']"), "algorithms: is not a key of kind"),
    ] {
        let message = wrong(&format!("{GOOD}[[api.zap.tokens]]\n{lines}\n"), &[]);
        let expected = format!("r.toml: api.zap.tokens[0].{says}");
        assert!(message.starts_with(&expected), "{expected}: {message}");
    }
}

#[test]
fn an_api_without_access_tokens_has_no_issuers() {
    for api in ["ecom", "fabric", "customer"] {
        let text = format!("{GOOD}[[api.{api}.tokens]]\nkind = 'repass'\n");
        let message = wrong(&text, &[]);
        let says = format!("api.{api}.tokens: this API takes no access tokens");
        assert!(message.contains(&says), "{message}");
    }
}

#[test]
fn each_api_has_its_own_access_tokens() {
    let text = format!(
        "{GOOD}[api.zap]\n[[api.zap.tokens]]\nkind = 'repass'\n[[api.zap.tokens]]\nkind = 'jwt'\n\
         issuer = 'https://id.example.org'\naudience = 'repass'\njwks_url = 'http://[::1]/k?x'\n\
         [api.etna]\n[[api.etna.tokens]]\nkind = 'introspection'\n\
         introspection_url = 'http://10.0.0.1/i'\nallow_plain_http = true\n\
         client_id = 'x'\nclient_secret = 'hunter2'\naudience = 'repass'\n"
    );
    let config = parse(Path::new("r.toml"), &text, Map::new()).unwrap();
    let tokens = |name: &str| {
        let mount = config.mounts.iter().find(|mount| mount.name == name).unwrap();
        mount.tokens.as_ref().map(ToString::to_string)
    };
    assert_eq!(tokens("ecom"), None);
    let jwt = "JWTs of https://id.example.org for repass (RS256, keys at http://[::1]/k)";
    assert_eq!(tokens("zap"), Some(format!("those of repass, {jwt}")));
    let introspected = "tokens that http://10.0.0.1/i knows, for repass";
    assert_eq!(tokens("etna"), Some(introspected.to_owned()));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn every_error_about_acme_and_traces_names_its_key() {
    let acme = |line: &str| format!("{GOOD}[tls.acme]\nfolder = 'acme'\n{line}\n");
    let domains = "tls.acme.domains: must be domains such as example.org, without wildcards";
    let directory = "tls.acme.directory: must be letsencrypt, letsencrypt-staging or a URL";
    let with_domain = |line: &str| acme(&format!("domains = ['example.org']\n{line}"));
    let traces = |url: &str, line: &str| format!("{GOOD}[traces]\nendpoint = '{url}'\n{line}\n");
    let local = "http://localhost:4318/v1/traces";
    for (text, says) in [
        (acme("domains = []"), domains),
        (acme("domains = ['*.example.org']"), domains),
        (acme("domains = ['https://example.org']"), domains),
        (with_domain("contact = ['mailto:']"), "tls.acme.contact: must be e-mail addresses"),
        (with_domain("directory = 'http://localhost/dir'"), directory),
        (with_domain("directory = 'https://'"), directory),
        (with_domain("directory_ca = 'is-none'"), "tls.acme.directory_ca: is-none: cannot be read"),
        (
            with_domain("[tls]\ncertificate = 'tls.pem'"),
            "tls.certificate: set either this or [tls.acme], not both",
        ),
        (format!("{GOOD}[tls]\nkey = 'x'"), "tls.certificate: is required, unless [tls.acme]"),
        (traces("ftp://localhost/", ""), "traces.endpoint: must be a URL"),
        (traces("http://10.0.0.1/v1/traces", ""), "traces.endpoint: must begin with https://"),
        (traces(local, "sampling = 1.5"), "traces.sampling: must be 0 to 1"),
        (traces(local, "headers_file = 'is-none'"), "traces.headers_file: is-none does not exist"),
    ] {
        let message = wrong(&text, &[]);
        assert!(message.contains(&format!("r.toml: {says}")), "{text}: {message}");
    }
}

#[test]
fn the_acme_folder_must_be_private_and_the_headers_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("acme");
    std::fs::create_dir(&own).unwrap();
    let text = format!(
        "{GOOD}[tls.acme]\ndomains = ['Example.org']\nfolder = 'acme'\n\
         contact = ['ops@example.org']\ndirectory = 'letsencrypt-staging'\n\
         [traces]\nendpoint = 'http://localhost/v1/traces'\nheaders_file = 'headers'\n"
    );
    let headers = folder.path().join("headers");
    std::fs::write(&headers, "authorization: Bearer hunter2\nx-tenant: shop\n").unwrap();
    let load = || parse(&folder.path().join("r.toml"), &text, Map::new());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(&own, PermissionsExt::from_mode(mode)).unwrap();
        mode(0o750);
        let error = load().unwrap_err().to_string();
        assert!(error.ends_with(&format!("run: chmod 700 {}", own.display())), "{error}");
        mode(0o700);
    }
    let config = load().unwrap();
    let acme = config.tls.as_ref().unwrap().acme().unwrap();
    assert_eq!(acme.domains, ["example.org"]);
    assert_eq!(acme.contact, ["mailto:ops@example.org"]);
    let name = "acme-staging-v02.api.letsencrypt.org_directory";
    assert_eq!(acme.folder, own.join(name));
    assert_eq!(config.traces.as_ref().unwrap().headers["x-tenant"], "shop");
    assert!(!format!("{config:?}").contains("hunter2"));
    std::fs::write(&headers, "Bearer hunter2\n").unwrap();
    let error = load().unwrap_err().to_string();
    assert!(error.contains("a name, a colon and a value") && !error.contains("hunter2"), "{error}");
}

/// Returns a minimal file with mail and one more line in its table.
fn with_mail(line: &str) -> String {
    let mail = "server = 'smtp.example.org'\nfrom = 'Shop <shop@example.org>'\n\
                product = 'Shop'\nsupport_url = 'https://example.org/help'\n";
    format!("{GOOD}[mail]\n{mail}{line}\n")
}

#[test]
fn every_error_about_mail_names_its_key() {
    for (line, says) in [
        ("tls = 'ssl'", "mail.tls: must be one of implicit, starttls, none"),
        ("tls = 'none'", "mail.tls: the server is on another machine"),
        ("port = 0", "mail.port: must be 1 to 65535"),
        ("port = 70000", "mail.port: "),
        ("username = 'pat'", "mail.password: set this or password_file"),
        ("password = 'hunter2'", "mail.username: is required"),
        ("username = ''\npassword = 'hunter2'", "mail.username: must not be empty"),
        ("password = 'hunter2'\npassword_file = 'x'", "mail.password: set either this or"),
        ("username = 'pat'\npassword_file = 'is-none'", "mail.password_file: "),
        ("timeout = '0s'", "mail.timeout: must be 1ms to 24h"),
        ("reply_to = 'nobody'", "mail.reply_to: must be an e-mail address"),
        ("support_email = 'help'", "mail.support_email: must be an e-mail address"),
        ("default_language = 'ja'", "mail.default_language: must be one of en, de, fr"),
        ("events = []", "mail.events: must be one of password.changed"),
        ("events = ['password']", "mail.events: must be one of password.changed"),
        ("reset_url = 'http://example.org/'", "mail.reset_url: must be a URL without credentials"),
        ("reset_url = 'https://example.org/#x'", "mail.reset_url: must be a URL without"),
        (
            "reset_url = 'https://example.org/'\nevents = ['password.changed']",
            "mail.events: must contain reset.requested",
        ),
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
fn check_config_says_whether_reset_links_are_mailed() {
    let summary = |text: &str| {
        let config = parse(Path::new("r.toml"), text, Map::new()).unwrap();
        config.outbox.channels[0].summary.clone()
    };
    assert!(!summary(&with_mail("")).contains("reset links"));
    let with_links = summary(&with_mail("reset_url = 'http://localhost:8080/account/reset'"));
    assert!(with_links.contains("default language en, with reset links: "), "{with_links}");
}

#[test]
fn the_mail_password_can_come_from_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
    let text = with_mail("username = 'pat'\npassword_file = 'password'");
    let file = folder.path().join("r.toml");
    let config = parse(&file, &text, Map::new()).unwrap();
    assert_eq!(config.outbox.channels.len(), 1);
    assert_eq!(config.outbox.options.timeout.as_secs(), 30);
    assert!(!format!("{config:?}").contains("hunter2"));
    let environment = [
        ("REPASS_MAIL__USERNAME".to_owned(), "pat".to_owned()),
        ("REPASS_MAIL__PASSWORD".to_owned(), "hunter2".to_owned()),
        ("REPASS_MAIL__PORT".to_owned(), "2525".to_owned()),
    ];
    let config = parse(&file, &with_mail(""), environment.into()).unwrap();
    let summary = &config.outbox.channels[0].summary;
    assert!(
        summary.contains("smtp.example.org port 2525 (TLS implicit, authenticated)"),
        "{summary}"
    );
    assert!(!summary.contains("hunter2"), "{summary}");
}

#[test]
fn a_demo_accepts_any_name_of_a_temporary_folder() {
    let folder = tempfile::Builder::new().prefix("it's a?b#c%20'").tempdir().unwrap();
    let config =
        demo(([127, 0, 0, 1], 0).into(), &folder.path().join("demo.db"), &Vendors::bundled())
            .unwrap();
    assert_eq!(config.mounts.len(), 5);
}

#[test]
fn a_variable_overrides_a_key_and_is_named_in_errors() {
    let environment = [("REPASS_API__ECOM__REALM".to_owned(), "other".to_owned())].into();
    let config = parse(Path::new("r.toml"), GOOD, environment).unwrap();
    assert_eq!(config.mounts[0].realm.as_str(), "other");
    let message = wrong(GOOD, &[("REPASS_LOCKOUT__MAX_FAILURES", "0")]);
    assert!(
        message.starts_with(
            "environment variable REPASS_LOCKOUT__MAX_FAILURES: lockout.max_failures: "
        ),
        "{message}"
    );
}

#[test]
fn values_of_variables_are_converted_to_the_type_of_the_key() {
    let environment = [
        ("REPASS_API__ECOM__REALM", "007"),
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

#[test]
fn arrays_in_variables_are_written_as_in_toml() {
    let text = with_mail("");
    let file = Path::new("r.toml");
    let events = |value: &str| [("REPASS_MAIL__EVENTS".to_owned(), value.to_owned())].into();
    let config = parse(file, &text, events("['password.changed']")).unwrap();
    assert!(config.outbox.channels[0].summary.contains("password.changed"));
    for (value, says) in [
        ("['password.chnaged']", "mail.events: "),
        ("password.changed", "mail.events: must be "),
        ("['password.changed'", "mail.events: must be "),
    ] {
        let message = wrong(&text, &[("REPASS_MAIL__EVENTS", value)]);
        assert!(message.contains(says) && message.contains("REPASS_MAIL__EVENTS"), "{message}");
    }
    let secret = "[not an array";
    let message = wrong(&text, &[("REPASS_MAIL__USERNAME", "x"), ("REPASS_MAIL__PORT", secret)]);
    assert!(!message.contains("array"), "{message}");
    let fabric = format!("{GOOD}[api.fabric]\n");
    let jwt = "[{ issuer = 'https://id.example.org', audience = 'repass', keys = [] }]";
    let message = wrong(&fabric, &[("REPASS_API__FABRIC__OPTIONS__JWT", jwt)]);
    assert!(message.contains("jwt[0]"), "{message}");
    let message = wrong(GOOD, &[("REPASS_LOG", "debug")]);
    assert!(message.ends_with("log: must be a table"), "{message}");
    let message = wrong(&text, &[("REPASS_MAIL__EVENTS", "password.changed")]);
    assert!(message.contains("mail.events: must be a list, such as "), "{message}");
}

#[test]
fn the_listeners_have_different_addresses() {
    let text = GOOD.replace(":0'", ":8080'") + "[admin]\nlisten = '127.0.0.1:8080'";
    assert_eq!(wrong(&text, &[]), "r.toml: admin.listen: must differ from listen");
}

/// Proves P9.
#[test]
fn retention_is_a_period_or_never() {
    let retention = |lines: &str| {
        let text = format!("{GOOD}[retention]\n{lines}\n");
        parse(Path::new("r.toml"), &text, Map::new()).map(|config| config.retention)
    };
    let days = |days: u64| Some(std::time::Duration::from_secs(days * 24 * 60 * 60));
    let default = retention("").unwrap();
    assert_eq!((default.audit, default.events, default.tokens), (days(400), days(30), days(1)));
    let own = retention("audit = 'never'\nevents = '90 days'\ntokens = '36h'").unwrap();
    assert_eq!((own.audit, own.events, own.tokens.unwrap().as_secs()), (None, days(90), 129_600));
    for bad in ["soon", "59m", "-1 days", "1 month"] {
        assert!(retention(&format!("audit = '{bad}'")).is_err(), "{bad}");
    }
}

#[test]
fn plain_http_on_a_public_address_must_be_allowed_explicitly() {
    let text = GOOD.replace("127.0.0.1:0", "0.0.0.0:80");
    assert!(wrong(&text, &[]).contains("allow_plain_http"));
    let allowed = format!("allow_plain_http = true\n{text}");
    assert!(parse(Path::new("r.toml"), &allowed, Map::new()).is_ok());
}

/// Proves L4 log.
#[test]
fn l4_a_filter_of_the_log_has_a_level_for_each_target_and_no_other_word() {
    let parsed = |filter: &str| {
        parse(Path::new("r.toml"), &format!("{GOOD}[log]\nfilter = '{filter}'\n"), Map::new())
    };
    for good in ["info", "OFF", "warn, repass::request=info", "repass=debug,error"] {
        assert!(parsed(good).is_ok(), "{good}");
    }
    let bad = [
        "",
        "verbose",
        "blah=",
        "=info",
        "info,",
        "warn,repassd",
        "a=b=info",
        "repass=loud",
        "a[b]=x",
    ];
    for bad in bad {
        let message = parsed(bad).err().unwrap().to_string();
        assert!(message.contains("log.filter: must be levels"), "{bad}: {message}");
    }
    let message = wrong(&format!("{GOOD}[log]\nfile = '/nonexistent/log'"), &[]);
    assert_eq!(message, "r.toml: log.file: the folder does not exist");
}

const MAIL: &str = "[mail]\nserver = 'localhost'\ntls = 'none'\nfrom = 'a@example.org'\n\
                    product = 'Shop'\nsupport_url = 'https://example.org/help'\n";

#[test]
fn pages_have_the_brand_of_the_mails_and_mails_lead_to_the_pages() {
    let load = |more: &str| parse(Path::new("r.toml"), &format!("{GOOD}{more}"), Map::new());
    assert!(load("").unwrap().pages.is_none());
    let alone = load("[pages]\nbase_url = 'https://example.org'").unwrap().pages.unwrap();
    assert_eq!((alone.product.as_str(), alone.mails_resets), ("repass", false));
    assert_eq!((alone.realm.as_str(), alone.base_url.prefix()), ("default", "/account"));
    assert_eq!((alone.reset_lifetime.as_secs(), alone.mails_per_hour), (600, 3));

    let url = "[pages]\nbase_url = 'https://example.org/me/'\nreset_lifetime = '20m'\n";
    let config = load(&format!("{url}{MAIL}")).unwrap();
    let pages = config.pages.unwrap();
    assert_eq!((pages.product.as_str(), pages.mails_resets), ("Shop", true));
    assert_eq!(pages.support_url.as_deref(), Some("https://example.org/help"));
    assert_eq!(pages.reset_lifetime.as_secs(), 1200);
    assert!(config.outbox.mails_resets());
    let without = load(&format!("{url}{MAIL}events = ['password.changed']\n")).unwrap();
    assert!(!without.pages.unwrap().mails_resets, "the event with the link is not mailed");
    assert!(!load(MAIL).unwrap().outbox.mails_resets());
}

#[test]
fn mistakes_of_the_pages_are_named_with_their_reason() {
    for (lines, message) in [
        ("base_url = 'http://example.org'", "pages.base_url: must be a URL"),
        ("", "pages.base_url: is required"),
        ("base_url = 'https://h'\nrealm = 'A B'", "pages.realm: "),
        (
            "base_url = 'https://h'\naccent = '#ffd400'",
            "pages.accent: must be darker: its contrast to white is 1.43:1",
        ),
        ("base_url = 'https://h'\naccent = 'blue'", "pages.accent: must be a color"),
        (
            "base_url = 'https://h'\nlogo_file = '/missing.svg'",
            "pages.logo_file: the file cannot be read",
        ),
        (
            "base_url = 'https://h'\nlogo_file = '/dev/null'",
            "pages.logo_file: must be an SVG or PNG",
        ),
        (
            "base_url = 'https://h'\nsupport_url = 'javascript:alert(1)'",
            "pages.support_url: must be a URL",
        ),
        (
            "base_url = 'https://h'\napplication_url = 'https://u:p@h/'",
            "pages.application_url: must be a URL",
        ),
        (
            "base_url = 'https://h'\nsupport_email = 'help'",
            "pages.support_email: must be an e-mail",
        ),
        (
            "base_url = 'https://h'\nreset_lifetime = '59s'",
            "pages.reset_lifetime: must be 1m to 24h",
        ),
        ("base_url = 'https://h'\nmails_per_hour = 0", "pages.mails_per_hour: must be 1 to 60"),
        ("base_url = 'https://h'\nproduct = ' '", "pages.product: must be 1 to 100 characters"),
    ] {
        let found = wrong(&format!("{GOOD}[pages]\n{lines}"), &[]);
        assert!(found.starts_with(&format!("r.toml: {message}")), "{found}");
    }
    let hidden = format!("{GOOD}prefix = '/account/api'\n[pages]\nbase_url = 'https://h'");
    let found = wrong(&hidden, &[]);
    assert!(found.contains("pages.base_url: must have another path than the prefix"), "{found}");
}
