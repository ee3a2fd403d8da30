//! Parses the URL of a database.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;
use crate::password_file;
use crate::tls::{Mode, TlsSettings};

/// The parsed URL of a database. `Debug` prints nothing, as it contains a password.
pub(crate) struct ServerUrl {
    /// One configuration per host, in the order of the URL.
    pub(crate) servers: Vec<Config>,
    pub(crate) tls: MakeRustlsConnect,
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerUrl(..)")
    }
}

/// The supported parameters with the environment variables of their defaults.
const PARAMETERS: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("host", Some("PGHOST")),
    ("keepalives", None),
    ("keepalives_count", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("tcp_user_timeout", None),
    ("user", Some("PGUSER")),
];

/// Unsupported parameters of libpq. Errors name these only: any other name in a URL may be part of
/// a password.
const UNSUPPORTED: &[&str] = &[
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "hostaddr",
    "keepalives_retries",
    "krbsrvname",
    "load_balance_hosts",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
];

/// The values of [`PARAMETERS`].
struct Parameters(Vec<(&'static str, String)>);

impl ServerUrl {
    /// `environment` returns the value of an environment variable.
    pub(crate) fn parse(
        url: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, OpenError> {
        let mut given = parameters(url)?;
        for (name, variable) in PARAMETERS {
            let default = variable.and_then(&environment).filter(|value| !value.is_empty());
            if let Some(value) = default
                && given.get(name).is_none()
            {
                given.0.push((name, value));
            }
        }
        let mut common = Config::new();
        let tls = given.tls()?;
        common.ssl_mode(tls.mode.driver());
        given.apply_to(&mut common)?;
        let home = environment("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
        let passwords = given.get("passfile").map(PathBuf::from).or(home);
        let mut servers = given.servers(&common)?;
        for server in &mut servers {
            if server.get_password().is_none()
                && let Some(path) = &passwords
                && let Some(password) = password_file::look_up(path, server)
            {
                server.password(password);
            }
        }
        Ok(Self { servers, tls: tls.connector()? })
    }
}

/// Parses the URL into libpq's parameters. Errors contain no part of the URL.
fn parameters(url: &str) -> Result<Parameters, OpenError> {
    let (scheme, rest) = url.split_once(':').ok_or(OpenError::UnknownScheme)?;
    if !["postgres", "postgresql"].iter().any(|own| scheme.eq_ignore_ascii_case(own)) {
        return Err(OpenError::UnknownScheme);
    }
    let rest = rest.strip_prefix("//").ok_or(OpenError::InvalidUrl)?;
    if rest.contains('#') {
        return Err(OpenError::InvalidUrl);
    }
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = location.split_once('/').unwrap_or((location, ""));
    let mut given = Parameters(Vec::new());
    let hosts = match authority.rsplit_once('@') {
        None => authority,
        Some((login, hosts)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            given.add("user", user)?;
            given.add("password", password)?;
            hosts
        }
    };
    if !hosts.is_empty() {
        let hosts: Vec<_> = hosts.split(',').map(host_and_port).collect::<Result<_, _>>()?;
        let (hosts, ports): (Vec<&str>, Vec<&str>) = hosts.into_iter().unzip();
        given.add("host", &hosts.join(","))?;
        given.add("port", &ports.join(","))?;
    }
    given.add("dbname", database)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = PARAMETERS.iter().find(|(known, _)| *known == name);
        let Some((name, _)) = known else {
            let unsupported = UNSUPPORTED.iter().find(|known| **known == name);
            return Err(unsupported.map_or(OpenError::UnknownParameter, |name| {
                OpenError::UnsupportedParameter(name)
            }));
        };
        given.0.retain(|(known, _)| known != name);
        given.add(name, value)?;
    }
    Ok(given)
}

/// Splits `[::1]:5432` or `db:5432`; the port is optional.
fn host_and_port(text: &str) -> Result<(&str, &str), OpenError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(OpenError::InvalidUrl)?;
            (host, port.strip_prefix(':').unwrap_or(port))
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok((host, port))
    } else {
        Err(OpenError::InvalidUrl)
    }
}

impl Parameters {
    fn add(&mut self, name: &'static str, value: &str) -> Result<(), OpenError> {
        let value = percent_decode_str(value).decode_utf8().map_err(|_| OpenError::InvalidUrl)?;
        if value.contains('\0') {
            return Err(OpenError::InvalidUrl);
        }
        if !value.is_empty() {
            self.0.push((name, value.into_owned()));
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    fn number<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, OpenError> {
        let invalid = |_| invalid(name, "must be a whole number in its range");
        self.get(name).map(|text| text.parse().map_err(invalid)).transpose()
    }

    fn seconds(&self, name: &'static str) -> Result<Option<Duration>, OpenError> {
        // 0 means the default, as in libpq.
        Ok(self.number(name)?.filter(|seconds| *seconds > 0).map(Duration::from_secs))
    }

    fn tls(&self) -> Result<TlsSettings, OpenError> {
        let mode = match self.get("sslmode") {
            None => Mode::default(),
            Some(text) => Mode::parse(text).ok_or(invalid(
                "sslmode",
                "must be disable, prefer, require, verify-ca or verify-full",
            ))?,
        };
        let client = match (self.get("sslcert"), self.get("sslkey")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, Some(_)) => return Err(invalid("sslcert", "is missing: sslkey is given")),
            (Some(_), None) => return Err(invalid("sslkey", "is missing: sslcert is given")),
        };
        Ok(TlsSettings { mode, roots: self.get("sslrootcert").map(PathBuf::from), client })
    }

    /// Applies all parameters except hosts and ports.
    fn apply_to(&self, config: &mut Config) -> Result<(), OpenError> {
        config.application_name(self.get("application_name").unwrap_or("repass"));
        config.target_session_attrs(match self.get("target_session_attrs") {
            None | Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
            Some("any") => TargetSessionAttrs::Any,
            Some(_) => {
                let expected = "must be read-write, primary or any";
                return Err(invalid("target_session_attrs", expected));
            }
        });
        match self.get("channel_binding") {
            None | Some("prefer") => {}
            Some("disable") => drop(config.channel_binding(ChannelBinding::Disable)),
            Some("require") => drop(config.channel_binding(ChannelBinding::Require)),
            Some(_) => {
                let expected = "must be disable, prefer or require";
                return Err(invalid("channel_binding", expected));
            }
        }
        for (name, set) in [
            ("user", Config::user as fn(&mut Config, String) -> &mut Config),
            ("dbname", Config::dbname),
            ("options", Config::options),
        ] {
            if let Some(value) = self.get(name) {
                set(config, value.to_owned());
            }
        }
        if let Some(password) = self.get("password") {
            config.password(password);
        }
        // Shorter than the system's two hours, to detect a dead connection while idle.
        config.keepalives_idle(Duration::from_secs(30));
        config.keepalives_interval(Duration::from_secs(10));
        config.keepalives_retries(3);
        if self.number::<u8>("keepalives")? == Some(0) {
            config.keepalives(false);
        }
        for (name, set) in [
            (
                "connect_timeout",
                Config::connect_timeout as fn(&mut Config, Duration) -> &mut Config,
            ),
            ("keepalives_idle", Config::keepalives_idle),
            ("keepalives_interval", Config::keepalives_interval),
        ] {
            if let Some(time) = self.seconds(name)? {
                set(config, time);
            }
        }
        if let Some(count) = self.number("keepalives_count")? {
            config.keepalives_retries(count);
        }
        if let Some(milliseconds) = self.number("tcp_user_timeout")? {
            config.tcp_user_timeout(Duration::from_millis(milliseconds));
        }
        Ok(())
    }

    fn servers(&self, common: &Config) -> Result<Vec<Config>, OpenError> {
        let socket = "/run/postgresql";
        let default = if PathBuf::from(socket).is_dir() { socket } else { "localhost" };
        let hosts: Vec<&str> = self.get("host").unwrap_or(default).split(',').collect();
        let ports: Vec<&str> = self.get("port").unwrap_or("").split(',').collect();
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err(invalid("port", "must be one port for all hosts, or one per host"));
        }
        let server = |(index, host): (usize, &&str)| {
            // A single port applies to all hosts.
            let port = ports.get(index).copied().unwrap_or(ports[0]);
            let port = if port.is_empty() { Ok(5432) } else { port.parse() };
            let mut server = common.clone();
            let host = if host.is_empty() { default } else { *host };
            server.host(host);
            if host.starts_with('/') {
                // sslmode has no effect on Unix sockets, as in libpq.
                server.ssl_mode(SslMode::Disable);
            }
            server.port(port.map_err(|_| invalid("port", "must be a number from 1 to 65535"))?);
            Ok(server)
        };
        hosts.iter().enumerate().map(server).collect()
    }
}

const fn invalid(name: &'static str, expected: &'static str) -> OpenError {
    OpenError::InvalidParameter { name, expected }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn parse(url: &str) -> Result<ServerUrl, OpenError> {
        ServerUrl::parse(url, |_| None)
    }

    fn hosts(url: &str) -> Vec<(Host, u16)> {
        let servers = parse(url).unwrap().servers;
        let address = |server: &Config| (server.get_hosts()[0].clone(), server.get_ports()[0]);
        servers.iter().map(address).collect()
    }

    fn tcp(host: &str) -> Host {
        Host::Tcp(host.to_owned())
    }

    /// Proves P7.
    #[test]
    fn p7_hosts_are_read_in_every_form() {
        assert_eq!(hosts("postgres://u@[::1]:5433/db"), [(tcp("::1"), 5433)]);
        assert_eq!(hosts("postgresql://u@db/x"), [(tcp("db"), 5432)]);
        let two = [(tcp("a"), 1), (tcp("::2"), 5432)];
        assert_eq!(hosts("postgres://u@a:1,[::2]/x"), two);
        assert_eq!(hosts("postgres:///x?host=a,::2&port=1,5432"), two);
        assert_eq!(hosts("postgres:///x?host=a,b&port=7"), [(tcp("a"), 7), (tcp("b"), 7)]);
        for url in ["postgres:///x?host=/run/pg&user=u", "postgres://u@%2Frun%2Fpg/x"] {
            assert_eq!(hosts(url), [(Host::Unix("/run/pg".into()), 5432)], "{url}");
        }
    }

    #[test]
    fn parameters_configure_the_driver() {
        let url = "postgres://us%40er:p%3Aw@db/x%20y?connect_timeout=3&keepalives_idle=7\
                   &keepalives_count=2&options=-c%20geqo%3Doff&application_name=shop";
        let server = parse(url).unwrap().servers.remove(0);
        assert_eq!((server.get_user(), server.get_dbname()), (Some("us@er"), Some("x y")));
        assert_eq!(server.get_password(), Some(&b"p:w"[..]));
        assert_eq!(server.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(server.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(server.get_keepalives_retries(), Some(2));
        assert_eq!(server.get_options(), Some("-c geqo=off"));
        assert_eq!(server.get_application_name(), Some("shop"));
        assert_eq!(server.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let socket = parse("postgres:///x?host=/run/pg&sslmode=require").unwrap().servers.remove(0);
        assert_eq!(socket.get_ssl_mode(), SslMode::Disable);
        let plain = parse("postgres://db/x").unwrap().servers.remove(0);
        assert_eq!(plain.get_application_name(), Some("repass"));
    }

    #[test]
    fn defaults_come_from_the_environment() {
        let environment = |name: &str| match name {
            "PGPASSWORD" => Some("hunter2".to_owned()),
            "PGUSER" => Some("other".to_owned()),
            _ => None,
        };
        let server = ServerUrl::parse("postgres://u@db/x", environment).unwrap().servers.remove(0);
        assert_eq!((server.get_user(), server.get_password()), (Some("u"), Some(&b"hunter2"[..])));
    }

    /// Proves P7.
    #[test]
    fn p7_unsupported_parameters_are_refused_by_name() {
        let refused = |url: &str| parse(url).unwrap_err().to_string();
        assert!(refused("postgres://db/x?service=shop").contains("service"));
        assert!(refused("postgres://db/x?gssencmode=prefer").contains("gssencmode"));
        for (url, name) in [
            ("postgres://db/x?sslmode=allow", "sslmode"),
            ("postgres://db/x?target_session_attrs=standby", "target_session_attrs"),
            ("postgres://db/x?connect_timeout=soon", "connect_timeout"),
            ("postgres://db/x?port=70000", "port"),
            ("postgres://a,b/x?port=1,2,3", "port"),
            ("postgres://db/x?sslcert=/a.pem", "sslkey"),
        ] {
            assert!(refused(url).contains(name), "{url}");
        }
        let missing = refused("postgres://db/x?sslmode=verify-full&sslrootcert=/missing.pem");
        assert!(missing.contains("sslrootcert") && missing.contains("/missing.pem"), "{missing}");
        for url in
            ["", "sqlite:a.db", "postgres:db/x", "postgres://u@db:port/x", "postgres://d/x#a"]
        {
            assert!(parse(url).is_err(), "{url}");
        }
    }

    /// Proves L5.
    #[test]
    fn l5_no_error_repeats_a_credential() {
        for url in [
            "postgres:///x?host=/run&user=u&password=p&hunter2",
            "postgres://u:123?hunter2@db/x",
            "mysql://root:hunter2@db/x",
            "hunter2",
            "postgres://u:hunter2@db:x/x",
            "postgres://u@db/x?pasword=hunter2",
            "postgres://u@db/x?sslmode=hunter2",
            "postgres://u@db/x?port=hunter2",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
        let url = parse("postgres://u:hunter2@db/x").unwrap();
        assert_eq!(format!("{url:?}"), "ServerUrl(..)");
    }
}
