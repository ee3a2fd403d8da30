use std::fs::File;
use std::io::Read;
use std::path::Path;

use repass_core::{AdministrationError, HasherOptions, NewAccount, Plaintext, Profile, Subject};

use super::label;
use crate::cli::{AccountDetails, AccountName, AddAccount, NamedPolicy};
use crate::commands::warn_if_insecure;
use crate::database::{AdminContext, Migration, as_operator, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret_input::{self, Prompt};
use crate::settings::Settings;

const PASSWORD: &str = "the password";

pub(super) async fn run(
    new: AddAccount,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let profile = profile(&new.details)?;
    let hashing = settings.hasher(&new.hash)?;
    // Without a password, the APIs of the realm may have different policies.
    let realm = Some(&new.account.realm).filter(|_| !new.no_password);
    let policy = settings.policy(&new.policy, realm)?;
    let piped = if new.no_password { None } else { secret_input::piped([PASSWORD]).await? };
    let piped = piped.map(|[password]| password);
    with_database(settings, Migration::Create, output, async |admin| {
        add(admin, new, profile, piped, policy, &hashing, output).await
    })
    .await
}

async fn add(
    admin: &AdminContext,
    new: AddAccount,
    profile: Profile,
    piped: Option<Plaintext>,
    policy: NamedPolicy,
    hashing: &HasherOptions,
    output: &Output,
) -> Result<(), Failure> {
    let AddAccount { account, details, no_password, .. } = new;
    check_absent(admin, &account).await?;
    let password = match piped {
        Some(password) => Some(password),
        None if no_password => None,
        None => Some(
            Prompt::begin()?.ask_twice(&format!("Password of {}", account.user_id), PASSWORD)?,
        ),
    };
    let has_password = password.is_some();
    if has_password {
        warn_if_insecure(hashing.profile, output);
    }
    let new = NewAccount {
        realm: account.realm,
        user_id: account.user_id,
        email: details.email,
        username: details.username,
        profile,
    };
    let engine = admin.engine(policy.policy, hashing).await?;
    let administration = as_operator(engine.administration());
    let added = administration.add_account(new, password).await?;
    let rest = if has_password { "" } else { " without a password; set one with `reset issue`" };
    output.result(&added, &format!("{}: added{rest}\n", label(&added)))
}

/// Fails before the password is typed twice; adding the account would fail only after it.
async fn check_absent(admin: &AdminContext, name: &AccountName) -> Result<(), Failure> {
    if admin.accounts_are_shared {
        return Err(AdministrationError::KeptElsewhere.into());
    }
    let subject = Subject::new(name.realm.clone(), name.user_id.as_str());
    match admin.store.find(&subject).await? {
        None => Ok(()),
        Some(_) => Err(Failure::Administration(AdministrationError::AccountExists {
            realm: name.realm.clone(),
            user_id: name.user_id.to_string(),
        })),
    }
}

/// Returns the profile of the file, if any, overridden by the options.
fn profile(new: &AccountDetails) -> Result<Profile, Failure> {
    let mut profile = match &new.profile {
        Some(file) => profile_of(file)?,
        None => Profile::default(),
    };
    set_names(&mut profile, new);
    Ok(profile)
}

/// Sets the names that are given.
pub(super) fn set_names(profile: &mut Profile, details: &AccountDetails) {
    for (name, given) in [
        (&mut profile.given_name, &details.given_name),
        (&mut profile.middle_name, &details.middle_name),
        (&mut profile.family_name, &details.family_name),
    ] {
        if given.is_some() {
            name.clone_from(given);
        }
    }
}

const MAX_PROFILE_BYTES: usize = 64 * 1024;

pub(super) fn profile_of(file: &Path) -> Result<Profile, Failure> {
    read_profile(file)
        .map_err(|reason| Failure::Profile { file: file.display().to_string(), reason })
}

fn read_profile(file: &Path) -> Result<Profile, String> {
    let mut bytes = Vec::new();
    let file = File::open(file).map_err(|error| error.to_string())?;
    let limit = MAX_PROFILE_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > MAX_PROFILE_BYTES {
        return Err(format!("a profile has at most {MAX_PROFILE_BYTES} bytes"));
    }
    let record = serde_json::from_slice(&bytes).map_err(|error| format!("not JSON: {error}"))?;
    repass_spec_fabric::import_profile(record).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(text: &[u8]) -> Result<Profile, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        read_profile(file.path())
    }

    #[test]
    fn a_profile_is_a_user_record_of_limited_size() {
        let profile = read(br#"{"name":{"first":"Pat"},"roles":["customer"]}"#).unwrap();
        assert_eq!(profile.given_name.as_deref(), Some("Pat"));
        assert_eq!(profile.attributes["roles"][0], "customer");
        assert!(read(b"[]").unwrap_err().contains("JSON object"));
        assert!(read(br#"{"roles":{}}"#).unwrap_err().contains("roles"));
        assert!(read(b"{").unwrap_err().contains("line 1 column 1"));
        assert!(read(&vec![b' '; MAX_PROFILE_BYTES + 1]).unwrap_err().contains("65536"));
        assert!(read_profile(Path::new("/nowhere/at/all")).unwrap_err().contains("No such file"));
    }
}
