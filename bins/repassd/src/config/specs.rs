//! Which specs are served, where, and with which switches. A new vendor is one more entry here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use repass_core::{Plaintext, Policy, Realm, SignedTokenVerifier, SystemRandomness};
use repass_http::Prefix;
use repass_spec::Spec;
use repass_spec_customer::{Authentication, CustomerSpec};
use repass_spec_ecom::EcomSpec;
use repass_spec_etna::EtnaSpec;
use repass_spec_fabric::{FabricSpec, JwtKey, JwtVerifier};
use repass_spec_zap::{SecureOtp, ZapSpec};

use super::KeyError;
use super::checked::one_of;
use super::raw::{RawCustomer, RawEcom, RawEtna, RawFabric, RawJwt, RawMount, RawSpecs, RawZap};

/// One spec as it is to be served.
pub(crate) struct MountConfig {
    pub(crate) spec: Arc<dyn Spec>,
    pub(crate) prefix: Prefix,
    pub(crate) realm: Realm,
    pub(crate) policy: Policy,
    /// The switches, in words for `check-config`.
    pub(crate) remarks: String,
}

impl std::fmt::Debug for MountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MountConfig({} in {})", self.spec.name(), self.realm)
    }
}

pub(super) fn check(
    specs: &RawSpecs,
    policy: &Policy,
    folder: &Path,
) -> Result<Vec<MountConfig>, KeyError> {
    let mut mounts = Vec::new();
    let mut add = |name: &str, raw: Option<&dyn RawMount>, made: Option<Made>| {
        if let (Some(raw), Some((spec, remarks))) = (raw.filter(|raw| raw.enabled()), made) {
            mounts.push(mount(name, raw, policy, spec, remarks)?);
        }
        Ok::<(), KeyError>(())
    };
    macro_rules! add {
        ($name:ident, $make:expr) => {
            let made = specs.$name.as_ref().map($make).transpose()?;
            add(stringify!($name), specs.$name.as_ref().map(|raw| raw as &dyn RawMount), made)?;
        };
    }
    add!(ecom, |raw| Ok::<_, KeyError>(ecom(raw)));
    add!(etna, |raw| Ok::<_, KeyError>(etna(raw)));
    add!(zap, zap);
    add!(customer, customer);
    add!(fabric, |raw| fabric(raw, folder));
    Ok(mounts)
}

type Made = (Arc<dyn Spec>, String);

fn mount(
    name: &str,
    raw: &dyn RawMount,
    policy: &Policy,
    spec: Arc<dyn Spec>,
    remarks: String,
) -> Result<MountConfig, KeyError> {
    let key = |member: &str| format!("specs.{name}.{member}");
    let prefix: Prefix = raw
        .prefix()
        .trim_end_matches('/')
        .parse()
        .map_err(|error| KeyError::new(key("prefix"), error))?;
    let realm = realm(&key("realm"), raw.realm())?;
    let policy = match raw.policy() {
        Some(own) => own.check(&key("policy"), policy.clone())?,
        None => policy.clone(),
    };
    Ok(MountConfig { spec, prefix, realm, policy, remarks })
}

fn ecom(raw: &RawEcom) -> Made {
    let spec = EcomSpec::new(Arc::new(SystemRandomness)).with_errors_as_ok(raw.errors_as_ok);
    let remarks = if raw.errors_as_ok { "business failures as 200" } else { "" };
    (Arc::new(spec), remarks.to_owned())
}

fn etna(raw: &RawEtna) -> Made {
    let keep = raw.keep_presenting_token.unwrap_or(true);
    let spec = EtnaSpec::new().with_keep_presenting_token(keep);
    let remarks = if keep { "" } else { "a change ends the presenting token too" };
    (Arc::new(spec), remarks.to_owned())
}

fn zap(raw: &RawZap) -> Result<Made, KeyError> {
    let (secure_otp, remarks) = match raw.secure_otp.as_deref() {
        None | Some("optional") => (SecureOtp::Optional, ""),
        Some("required") => (SecureOtp::Required, "one-time passwords are required"),
        Some(_) => return Err(one_of("specs.zap.secure_otp", &["optional", "required"])),
    };
    Ok((Arc::new(ZapSpec::new(secure_otp)), remarks.to_owned()))
}

fn customer(raw: &RawCustomer) -> Result<Made, KeyError> {
    let (authentication, remarks) = match raw.authentication.as_deref() {
        None | Some("none") => (Authentication::None, "callers are not authenticated"),
        Some("api-key") => (Authentication::ApiKey, "callers need an api key"),
        Some("bearer") => (Authentication::Bearer, "callers need an access token"),
        Some(_) => {
            return Err(one_of("specs.customer.authentication", &["none", "api-key", "bearer"]));
        }
    };
    Ok((Arc::new(CustomerSpec::new(authentication)), remarks.to_owned()))
}

fn fabric(raw: &RawFabric, folder: &Path) -> Result<Made, KeyError> {
    let mut accounts = BTreeMap::new();
    for (site, name) in &raw.accounts {
        let key = format!("specs.fabric.accounts.{site}");
        if site.len() != 24 || !site.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::new(key, "a site account is 24 letters and digits"));
        }
        accounts.insert(site.clone(), realm(&key, name)?);
    }
    let default_realm = match &raw.default_realm {
        Some(name) => Some(realm("specs.fabric.default_realm", name)?),
        None => None,
    };
    let mut remarks = format!("{} site accounts mapped", accounts.len());
    let mut spec = FabricSpec::new().with_accounts(accounts);
    if let Some(realm) = default_realm {
        spec = spec.with_default_realm(realm);
    }
    let reachable = spec.realms(&realm("specs.fabric.realm", raw.realm())?);
    for (number, jwt) in raw.jwt.iter().enumerate() {
        let key = format!("specs.fabric.jwt[{number}]");
        let own = realm_of_jwt(&format!("{key}.realm"), jwt, &reachable)?;
        remarks.push_str(&format!("; signed reset tokens of {} for realm {own}", jwt.issuer));
        spec = spec.with_signed_tokens(own, verifier(&key, jwt, folder)?);
    }
    Ok((Arc::new(spec), remarks))
}

/// A signed token names a user and no realm, so it must be said which realm an issuer speaks for.
fn realm_of_jwt(key: &str, jwt: &RawJwt, reachable: &BTreeSet<Realm>) -> Result<Realm, KeyError> {
    let names = || reachable.iter().map(Realm::as_str).collect::<Vec<_>>().join(", ");
    match (&jwt.realm, reachable.first()) {
        (Some(name), _) => {
            let own = realm(key, name)?;
            if reachable.contains(&own) {
                Ok(own)
            } else {
                Err(KeyError::new(key, format!("must be one of {}", names())))
            }
        }
        (None, Some(only)) if reachable.len() == 1 => Ok(only.clone()),
        (None, _) => Err(KeyError::new(key, format!("is needed: one of {}", names()))),
    }
}

fn verifier(
    place: &str,
    raw: &RawJwt,
    folder: &Path,
) -> Result<Arc<dyn SignedTokenVerifier>, KeyError> {
    let mut keys = Vec::new();
    for (number, key) in raw.keys.iter().enumerate() {
        let at = |member: &str| format!("{place}.keys[{number}].{member}");
        let file = folder.join(&key.file);
        let text = std::fs::read_to_string(&file)
            .map(Plaintext::new)
            .map_err(|error| KeyError::new(at("file"), format!("{}: {error}", file.display())))?;
        let algorithm =
            key.algorithm.parse().map_err(|error| KeyError::new(at("algorithm"), error))?;
        let made = JwtKey::new(key.kid.clone(), algorithm, &text);
        keys.push(made.map_err(|error| KeyError::new(at("file"), error))?);
    }
    let verifier = JwtVerifier::new(raw.issuer.clone(), raw.audience.clone(), keys);
    Ok(Arc::new(verifier.map_err(|error| KeyError::new(place, error))?))
}

fn realm(key: &str, name: &str) -> Result<Realm, KeyError> {
    name.parse().map_err(|error| KeyError::new(key, error))
}
