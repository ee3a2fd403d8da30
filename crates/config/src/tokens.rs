//! `[[api.NAME.tokens]]`: the access tokens that an API accepts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use repass_core::{Plaintext, SystemClock};
use repass_token_issuers::repass_jwt::{JwtAlgorithm, public_keys};
use repass_token_issuers::{
    ClaimNames, EndpointOptions, Introspection, IntrospectionOptions, InvalidIssuer, JwtIssuer,
    JwtIssuerOptions, JwtKeys,
};
use serde::Deserialize;

use super::KeyError;
use super::checked::{one_of, timeout};
use super::mistakes::Mistakes;
use super::outbox::secret;
use super::raw::Seconds;

/// The access tokens that an API accepts.
#[derive(Debug, Default)]
pub struct TokensConfig {
    /// Whether those of repass are accepted.
    pub own: bool,
    /// The issuers of JSON Web Tokens.
    pub jwt: Vec<Arc<JwtIssuer>>,
    /// The endpoints that know opaque tokens.
    pub introspection: Vec<Arc<Introspection>>,
}

/// Access tokens of one kind and issuer. Other issuers than repass are checked for each request; a
/// token that was issued before the last change of the password, or before all tokens were revoked,
/// is refused.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawTokens {
    /// The kind of the tokens: `repass` for those of `repass token issue`, which needs no other key;
    /// `jwt` for JSON Web Tokens; `introspection` for opaque tokens, about which their issuer is
    /// asked (RFC 7662).
    kind: String,
    /// The claim `iss` of the tokens. Required for `jwt`; for `introspection` it is not checked
    /// without this key.
    issuer: Option<String>,
    /// The claim `aud` of the tokens, or one of several. Required for `jwt`; for `introspection` it
    /// is not checked without this key.
    audience: Option<String>,
    /// The algorithms of `jwt`, of RS256, RS384, RS512, PS256, ES256, ES384 and EdDSA. A key that
    /// names its own verifies that one only. Without it `["RS256"]`.
    algorithms: Option<Vec<String>>,
    /// The file with the keys of `jwt`: a public key in PEM, a JWK or a JWK Set. Or `jwks_url`.
    keys_file: Option<PathBuf>,
    /// The address of the keys of `jwt` (a JWK Set). They are fetched again after ten minutes, and
    /// when a token names another key, at most once in ten seconds.
    jwks_url: Option<String>,
    /// The endpoint of `introspection`. An active token is asked about once a minute.
    introspection_url: Option<String>,
    /// The client id of repass at that endpoint.
    client_id: Option<String>,
    /// The secret that belongs to `client_id`. Or `client_secret_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    client_secret: Option<Plaintext>,
    /// The file that holds the client secret.
    client_secret_file: Option<PathBuf>,
    /// The claim with the user id, or a JSON Pointer to it, such as `/shop/id`. Without it `sub`.
    user_id_claim: Option<String>,
    /// The claim with the roles, or a JSON Pointer to it, such as `/realm_access/roles`. Holders of
    /// the role `admin` may change passwords of others. Without it nobody has a role.
    roles_claim: Option<String>,
    /// How long a request to `jwks_url` or `introspection_url` may take. Without it `5s`.
    timeout: Option<Seconds>,
    /// Allows `http://` for them on other hosts than this machine. Without it `false`.
    allow_plain_http: Option<bool>,
}

const TIMEOUT: Duration = Duration::from_secs(5);

/// The keys of the kind `jwt`.
const OF_JWT: [&str; 9] = [
    "issuer",
    "audience",
    "algorithms",
    "keys_file",
    "jwks_url",
    "user_id_claim",
    "roles_claim",
    "timeout",
    "allow_plain_http",
];

/// The keys of the kind `introspection`.
const OF_INTROSPECTION: [&str; 10] = [
    "issuer",
    "audience",
    "introspection_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "user_id_claim",
    "roles_claim",
    "timeout",
    "allow_plain_http",
];

/// Checks the tables of each API. Relative paths are resolved against `folder`.
pub(super) fn check(
    raw: BTreeMap<String, Vec<RawTokens>>,
    folder: &Path,
    mistakes: &mut Mistakes,
) -> Option<BTreeMap<String, TokensConfig>> {
    let mut checked = Some(BTreeMap::new());
    for (api, tables) in raw {
        let mut tokens = TokensConfig::default();
        for (number, table) in tables.into_iter().enumerate() {
            let key = format!("api.{api}.tokens[{number}]");
            if mistakes.take(table.check(&key, folder, &mut tokens)).is_none() {
                checked = None;
            }
        }
        checked.as_mut().map(|checked| checked.insert(api, tokens));
    }
    checked
}

impl RawTokens {
    fn check(self, key: &str, folder: &Path, tokens: &mut TokensConfig) -> Result<(), KeyError> {
        match self.kind.as_str() {
            "repass" => {
                self.refuse_all_but(&[], key)?;
                tokens.own = true;
            }
            "jwt" => {
                self.refuse_all_but(&OF_JWT, key)?;
                tokens.jwt.push(Arc::new(self.jwt(key, folder)?));
            }
            "introspection" => {
                self.refuse_all_but(&OF_INTROSPECTION, key)?;
                tokens.introspection.push(Arc::new(self.introspection(key, folder)?));
            }
            _ => return Err(one_of(format!("{key}.kind"), &["repass", "jwt", "introspection"])),
        }
        Ok(())
    }

    /// Refuses keys that have no effect on this kind of tokens.
    fn refuse_all_but(&self, names: &[&str], key: &str) -> Result<(), KeyError> {
        let given = [
            ("issuer", self.issuer.is_some()),
            ("audience", self.audience.is_some()),
            ("algorithms", self.algorithms.is_some()),
            ("keys_file", self.keys_file.is_some()),
            ("jwks_url", self.jwks_url.is_some()),
            ("introspection_url", self.introspection_url.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("client_secret_file", self.client_secret_file.is_some()),
            ("user_id_claim", self.user_id_claim.is_some()),
            ("roles_claim", self.roles_claim.is_some()),
            ("timeout", self.timeout.is_some()),
            ("allow_plain_http", self.allow_plain_http.is_some()),
        ];
        match given.into_iter().find(|(name, is_given)| *is_given && !names.contains(name)) {
            Some((name, _)) => {
                let reason = format!("is not a key of kind = \"{}\"", self.kind);
                Err(KeyError::new(format!("{key}.{name}"), reason))
            }
            None => Ok(()),
        }
    }

    fn jwt(mut self, key: &str, folder: &Path) -> Result<JwtIssuer, KeyError> {
        let at = |name: &str| format!("{key}.{name}");
        let issuer = required(at("issuer"), self.issuer.take())?;
        let audience = required(at("audience"), self.audience.take())?;
        let algorithms = match self.algorithms.take() {
            None => vec![JwtAlgorithm::Rs256],
            Some(names) => algorithms(&at("algorithms"), &names)?,
        };
        let (keys, keys_at) = match (self.keys_file.take(), self.jwks_url.take()) {
            (Some(file), None) => {
                let invalid = |reason: String| KeyError::new(at("keys_file"), reason);
                let file = folder.join(file);
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| invalid(format!("{}: {error}", file.display())))?;
                let keys = public_keys(&text, &algorithms);
                (JwtKeys::Given(keys.map_err(|error| invalid(error.to_string()))?), "keys_file")
            }
            (None, Some(url)) => {
                (JwtKeys::At { endpoint: self.endpoint(url, key)?, algorithms }, "jwks_url")
            }
            _ => return Err(KeyError::new(at("jwks_url"), "set either this or keys_file")),
        };
        let claims = self.claims(key)?;
        let options = JwtIssuerOptions { issuer, audience, claims, keys };
        JwtIssuer::new(options, Arc::new(SystemClock)).map_err(|error| match error {
            InvalidIssuer::Endpoint(error) => KeyError::new(at(keys_at), error),
            error => KeyError::new(key, error),
        })
    }

    fn introspection(mut self, key: &str, folder: &Path) -> Result<Introspection, KeyError> {
        let at = |name: &str| format!("{key}.{name}");
        let url = required(at("introspection_url"), self.introspection_url.take())?;
        let client_id = required(at("client_id"), self.client_id.take())?;
        let (written, file) = (self.client_secret.take(), self.client_secret_file.take());
        let client_secret =
            secret(&at("client_secret"), written, file, folder)?.ok_or_else(|| {
                KeyError::new(at("client_secret"), "set either this or client_secret_file")
            })?;
        let options = IntrospectionOptions {
            endpoint: self.endpoint(url, key)?,
            client_id,
            client_secret: client_secret.1,
            claims: self.claims(key)?,
            issuer: self.issuer,
            audience: self.audience,
        };
        Introspection::new(options, Arc::new(SystemClock))
            .map_err(|error| KeyError::new(at("introspection_url"), error))
    }

    fn endpoint(&self, url: String, key: &str) -> Result<EndpointOptions, KeyError> {
        Ok(EndpointOptions {
            url,
            timeout: timeout(&format!("{key}.timeout"), self.timeout, TIMEOUT)?,
            allow_plain_http: self.allow_plain_http.unwrap_or(false),
            proxy: None,
        })
    }

    fn claims(&mut self, key: &str) -> Result<ClaimNames, KeyError> {
        let name = |name: &str, claim: Option<String>| match claim {
            Some(claim) if claim.is_empty() => {
                Err(KeyError::new(format!("{key}.{name}"), "must be the name of a claim"))
            }
            claim => Ok(claim),
        };
        let default = ClaimNames::default();
        Ok(ClaimNames {
            user_id: name("user_id_claim", self.user_id_claim.take())?.unwrap_or(default.user_id),
            roles: name("roles_claim", self.roles_claim.take())?.or(default.roles),
        })
    }
}

/// A summary for `check-config`.
impl fmt::Display for TokensConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.then(|| "those of repass".to_owned());
        let jwt = self.jwt.iter().map(ToString::to_string);
        let introspection = self.introspection.iter().map(ToString::to_string);
        let all: Vec<_> = own.into_iter().chain(jwt).chain(introspection).collect();
        f.write_str(&all.join(", "))
    }
}

fn required(key: String, value: Option<String>) -> Result<String, KeyError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| KeyError::new(key, "is required"))
}

/// Reads the names of algorithms with a public key.
fn algorithms(key: &str, names: &[String]) -> Result<Vec<JwtAlgorithm>, KeyError> {
    let all = || one_of(key, &JwtAlgorithm::PUBLIC_KEY.map(JwtAlgorithm::as_str));
    if names.is_empty() {
        return Err(all());
    }
    let is_named = |name: &str| {
        JwtAlgorithm::PUBLIC_KEY.into_iter().find(|algorithm| algorithm.as_str() == name)
    };
    names.iter().map(|name| is_named(name).ok_or_else(all)).collect()
}
