//! The file and the variables of a configuration, merged.

use std::path::{Path, PathBuf};

use ::config::{Config as Merged, Map};

use crate::environment::{self, Overrides};
use crate::file::TomlFile;
use crate::mistakes::{self, Mistakes};
use crate::raw::RawConfig;
use crate::{ConfigError, KeyError, Mistake, one_line};

/// A configuration as written.
pub(crate) struct Sources {
    path: PathBuf,
    file: TomlFile,
    /// The names of the variables that override keys.
    variables: Vec<String>,
    pub(crate) merged: Merged,
}

impl Sources {
    pub(crate) fn read(
        path: &Path,
        text: &str,
        overrides: Map<String, String>,
    ) -> Result<Self, ConfigError> {
        let file = TomlFile::parse(text).map_err(|error| ConfigError::Malformed {
            file: format!("{}{}", path.display(), error.position),
            reason: error.reason,
        })?;
        let variables = overrides.keys().cloned().collect();
        let merged =
            Merged::builder().add_source(file.clone()).add_source(Overrides(overrides)).build();
        let mut sources =
            Self { path: path.to_owned(), file, variables, merged: Merged::default() };
        sources.merged =
            merged.map_err(|error| sources.error(vec![KeyError::from_config("", &error)]))?;
        Ok(sources)
    }

    /// Checks the configuration. Each invalid key is removed and the rest is checked again, so that
    /// all mistakes are reported together.
    pub(crate) fn check<T>(
        mut self,
        check: impl Fn(RawConfig, &Path, &mut Mistakes) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let folder = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let mut all: Vec<KeyError> = Vec::new();
        let is_known = |all: &[KeyError], key: &str| all.iter().any(|known| known.key == key);
        let mut was_read = false;
        loop {
            let raw: RawConfig = match serde_path_to_error::deserialize(self.merged.clone()) {
                Ok(raw) => raw,
                // A required key was removed.
                Err(_) if was_read => break,
                Err(error) => {
                    let error = KeyError::from_config(&error.path().to_string(), error.inner());
                    let removed = mistakes::remove(&mut self.merged.cache, &error.key, true);
                    if !is_known(&all, &error.key) {
                        all.push(error);
                    }
                    if removed { continue } else { break }
                }
            };
            was_read = true;
            let mut mistakes = Mistakes::default();
            let checked = check(raw, &folder, &mut mistakes);
            if let (Some(config), true) = (checked, all.is_empty()) {
                return Ok(config);
            }
            let Mistakes(mut new) = mistakes;
            // A key may be missing only because it was removed.
            new.retain(|error| {
                !is_known(&all, &error.key) && (all.is_empty() || self.has(&error.key))
            });
            if new.is_empty() {
                break;
            }
            for error in new {
                mistakes::remove(&mut self.merged.cache, &error.key, false);
                all.push(error);
            }
        }
        all.sort_by_key(|error| self.file.position(&error.key).map(|at| (at.line, at.column)));
        Err(self.error(all))
    }

    /// Returns whether the file or a variable sets the key.
    fn has(&self, key: &str) -> bool {
        self.file.has(key) || environment::variable_of(key, &self.variables).is_some()
    }

    fn error(&self, errors: Vec<KeyError>) -> ConfigError {
        let mistake = |error: KeyError| {
            let variable = environment::variable_of(&error.key, &self.variables);
            let place = variable.unwrap_or_else(|| {
                let position = self.file.position(&error.key).map(|position| position.to_string());
                format!("{}{}", self.path.display(), position.unwrap_or_default())
            });
            Mistake { place, key: error.key, reason: one_line(&error.reason) }
        };
        ConfigError::Keys(errors.into_iter().map(mistake).collect())
    }
}
