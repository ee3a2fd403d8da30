//! `[log]`.

use std::path::{Path, PathBuf};

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::KeyError;
use super::checked::one_of;
use super::raw::RawLog;

const DEFAULT_LOG_FILTER: &str = "info";

/// What is logged, and where.
#[derive(Debug)]
pub struct LogConfig {
    /// The format of the lines.
    pub format: LogFormat,
    /// The levels that are logged.
    pub filter: Targets,
    /// The file that the log is appended to. Without it, the log goes to standard error.
    pub file: Option<PathBuf>,
}

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl RawLog {
    pub(super) fn check(self, folder: &Path) -> Result<LogConfig, KeyError> {
        let format = match self.format.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(_) => return Err(one_of("log.format", &["text", "json"])),
        };
        let filter = log_filter(self.filter.as_deref().unwrap_or(DEFAULT_LOG_FILTER));
        let filter = filter.ok_or_else(|| {
            let reason = "must be levels (off, error, warn, info, debug, trace) and targets with a \
                          level, such as warn,repass::request=info";
            KeyError::new("log.filter", reason)
        })?;
        let file = self.file.map(|file| folder.join(file));
        let folder = file.as_deref().and_then(Path::parent);
        if folder.is_some_and(|folder| !Path::new(".").join(folder).is_dir()) {
            return Err(KeyError::new("log.file", "the folder does not exist"));
        }
        Ok(LogConfig { format, filter, file })
    }
}

/// Reads a filter. `Targets::from_str` takes an unknown word for a target whose lines are all
/// logged, and a missing level for `error`.
fn log_filter(text: &str) -> Option<Targets> {
    text.split(',').map(str::trim).try_fold(Targets::new(), |targets, directive| {
        let level = |name: &str| name.parse::<LevelFilter>().ok().filter(|_| !name.is_empty());
        match directive.split_once('=') {
            Some(("", _)) => None,
            Some((target, name)) => Some(targets.with_target(target, level(name)?)),
            None => Some(targets.with_default(level(directive)?)),
        }
    })
}
