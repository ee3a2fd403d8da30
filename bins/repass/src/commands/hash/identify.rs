//! `repass hash identify`

use std::num::NonZeroUsize;
use std::process::ExitCode;

use bytesize::ByteSize;
use repass_core::{HashCost, HashError, HashProfile, HashedPassword};
use repass_hash_families::{ExportedHash, Family, FormatError, stored_text};
use serde_json::json;

use super::measure::measure;
use crate::cli::IdentifyHash;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret_input::{self, Prompt};
use crate::table::fields;

const HASH: &str = "the hash";

pub(super) async fn run(args: IdentifyHash, output: &Output) -> Result<ExitCode, Failure> {
    // It allows guessing the password, so it is read as one.
    let hash = match secret_input::piped([HASH]).await? {
        Some([hash]) => hash,
        None => Prompt::begin()?.ask("Hash to identify", HASH)?,
    };
    let exported = ExportedHash { hash: hash.expose(), salt: args.hash_salt.as_deref() };
    let read = stored_text(&args.hash_format, exported).map_err(HashError::from);
    let read = read.map(HashedPassword::from_stored);
    match read.and_then(|stored| Ok((stored.cost()?, stored))) {
        Ok((cost, stored)) => {
            let family = Family::detect(stored.as_str());
            // Such a text is stored unchanged, whether or not its format is declared.
            let is_self_describing = stored.as_str() == hash.expose();
            print(family, is_self_describing, &cost, output).await?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            print_refusal(Family::detect(hash.expose()), &error, output)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints what a hash is. `family` is known, since the hash was read.
async fn print(
    family: Option<Family>,
    is_self_describing: bool,
    cost: &HashCost,
    output: &Output,
) -> Result<(), Failure> {
    let profile = HashProfile::default();
    let new_hash = measure(profile, NonZeroUsize::MIN).await?.time;
    let relative = cost.relative_to(profile);
    let milliseconds = 1000.0 * relative * new_hash.as_secs_f64();
    let name = family.map(Family::name);
    let systems = family.map(Family::systems);
    let texts = family.map(Family::texts);
    let bounds = family.map(Family::bounds);
    let determined = family.map(Family::determined);
    let json = json!({
        "family": name,
        "systems": systems,
        "texts": texts,
        "self_describing": is_self_describing,
        "parameters": cost.parameters,
        "bounds": bounds,
        "determines": determined,
        "time_ms": milliseconds,
        "relative_to_new_hash": relative,
        "memory_bytes": cost.memory_bytes,
        "costly": cost.is_costly(),
    });
    let costly = if cost.is_costly() { "; import it with --allow-costly" } else { "" };
    let text = fields(&[
        ("family", name.unwrap_or_default().to_owned()),
        ("written by", systems.unwrap_or_default().to_owned()),
        ("stored texts", stored_texts(texts.unwrap_or_default())),
        ("to declare", if is_self_describing { "nothing" } else { "the given format" }.to_owned()),
        ("parameters", cost.parameters.clone()),
        ("bounds", bounds.unwrap_or_default().to_owned()),
        ("determines", determines(determined.unwrap_or_default())),
        ("time", format!("{milliseconds:.1} ms, {relative:.2} times a new hash{costly}")),
        ("memory", ByteSize::b(cost.memory_bytes as u64).to_string()),
    ]);
    output.result(&json, &text)
}

/// Returns the passwords that a hash of the family determines, without Markdown.
fn determines(passwords: &str) -> String {
    let plain = passwords.replace('`', "");
    if plain.starts_with("every") { plain } else { format!("passwords {plain}") }
}

/// Returns the forms of the stored texts without Markdown, in which a star marks those that only the
/// import writes.
fn stored_texts(texts: &str) -> String {
    let mut plain = texts.replace("`*", " (by import)");
    plain.retain(|character| character != '`');
    plain
}

fn print_refusal(
    family: Option<Family>,
    error: &HashError,
    output: &Output,
) -> Result<(), Failure> {
    let formats = match error {
        HashError::Foreign(FormatError::Resembles(resemblance)) => resemblance.formats,
        _ => &[],
    };
    let reason = error.to_string();
    let json = json!({
        "family": family.map(Family::name),
        "refused": reason,
        "hash_formats": formats,
    });
    output.result(&json, &format!("refused: {reason}\n"))
}
