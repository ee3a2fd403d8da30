//! libpq's password file, `~/.pgpass`.

use std::fs;
use std::path::Path;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Returns the password of the first line for this server, database and user; `None` if the file
/// cannot be read.
pub(crate) fn look_up(path: &Path, server: &Config) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let host = match server.get_hosts().first()? {
        Host::Tcp(host) => host.clone(),
        // libpq looks for the default socket under this name.
        #[cfg(unix)]
        Host::Unix(folder) if folder == Path::new("/run/postgresql") => "localhost".to_owned(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.to_string_lossy().into_owned(),
    };
    let port = server.get_ports().first()?.to_string();
    let user = server.get_user()?;
    let wanted = [&host, &port, server.get_dbname().unwrap_or(user), user];
    text.lines().find_map(|line| {
        let mut fields = fields(line);
        let password = fields.pop()?;
        let is_for = |(field, wanted): (&String, &&str)| field == "*" || field == wanted;
        let matches = fields.len() == wanted.len() && fields.iter().zip(&wanted).all(is_for);
        matches.then_some(password)
    })
}

/// Returns the five fields of a line. A backslash escapes the next character.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    if line.starts_with('#') {
        return fields;
    }
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut().map_or((), |last| last.extend(chars.next())),
            char => fields.last_mut().map_or((), |last| last.push(char)),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_line_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, "# a comment\ndb:5432:x:other:no\ndb:*:x:u:se\\:cr\\\\et:s\n*:*:*:*:last")
            .unwrap();
        let server = |host: &str, user: &str| {
            let mut server = Config::new();
            server.host(host).port(5432).dbname("x").user(user);
            server
        };
        assert_eq!(look_up(&path, &server("db", "u")).as_deref(), Some("se:cr\\et:s"));
        assert_eq!(look_up(&path, &server("elsewhere", "u")).as_deref(), Some("last"));
        assert_eq!(look_up(&folder.path().join("missing"), &server("db", "u")), None);
    }
}
