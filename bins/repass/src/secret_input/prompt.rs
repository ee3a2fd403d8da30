use std::io::{self, ErrorKind};

use repass_core::Plaintext;

use super::{SecretInputError, password};
use crate::output::printable;

/// Asks at the terminal for passwords, which it does not show. The terminal shows them again when
/// this is dropped.
pub(crate) struct Prompt {
    _silence: Silence,
}

impl Prompt {
    /// Begins to ask.
    ///
    /// # Errors
    /// When there is no terminal.
    pub(crate) fn begin() -> Result<Self, SecretInputError> {
        Silence::begin().map(|_silence| Self { _silence }).map_err(failed)
    }

    /// Asks once for what `name` calls, such as "the current password".
    ///
    /// # Errors
    /// When nothing or too much is typed, or Ctrl-C or Ctrl-D.
    pub(crate) fn ask(
        &self,
        label: &str,
        name: &'static str,
    ) -> Result<Plaintext, SecretInputError> {
        let text = rpassword::prompt_password(format!("{}: ", printable(label)));
        let text = text.map(Plaintext::new).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => SecretInputError::Empty(name),
            _ => failed(error),
        })?;
        password(text.expose().as_bytes(), name)
    }

    /// Asks twice for a new password, since nobody sees what they type.
    ///
    /// # Errors
    /// As [`ask`](Self::ask), and when the two are not the same.
    pub(crate) fn ask_twice(
        &self,
        label: &str,
        name: &'static str,
    ) -> Result<Plaintext, SecretInputError> {
        let once = self.ask(label, name)?;
        let again = self.ask(&format!("{label} again"), name)?;
        if once.same_as(&again) { Ok(once) } else { Err(SecretInputError::Differ(name)) }
    }
}

fn failed(error: io::Error) -> SecretInputError {
    match error.kind() {
        ErrorKind::Interrupted => SecretInputError::Interrupted,
        _ => SecretInputError::Terminal(error),
    }
}

/// Keeps the echo off from before the first prompt until after the last answer.
///
/// rpassword switches it off only after it has written the prompt, and on again after each answer;
/// what is pasted or sent quickly would be shown in between.
#[cfg(unix)]
struct Silence {
    terminal: std::fs::File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Silence {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Now, &silent)?;
        Ok(Self { terminal, before })
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        // With whatever was typed and not read: it would end up in the shell, on the screen.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(not(unix))]
struct Silence;

#[cfg(not(unix))]
impl Silence {
    fn begin() -> io::Result<Self> {
        Ok(Self)
    }
}
