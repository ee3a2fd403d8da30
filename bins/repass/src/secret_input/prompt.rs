use std::io::{self, ErrorKind};

use repass_core::Plaintext;

use super::{SecretInputError, password};
use crate::output::printable;

/// Reads passwords from the terminal without echo, which is restored on drop.
pub(crate) struct Prompt {
    _echo_off: EchoOff,
}

impl Prompt {
    /// Switches the echo off.
    ///
    /// # Errors
    /// If there is no terminal.
    pub(crate) fn begin() -> Result<Self, SecretInputError> {
        EchoOff::begin().map(|_echo_off| Self { _echo_off }).map_err(failed)
    }

    /// Asks for a password once. Error messages call it `name`, such as "the current password".
    ///
    /// # Errors
    /// If the input is empty, too long, or ended by Ctrl-C or Ctrl-D.
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

    /// Asks for a new password twice.
    ///
    /// # Errors
    /// As [`ask`](Self::ask), and if the two differ.
    pub(crate) fn ask_twice(
        &self,
        label: &str,
        name: &'static str,
    ) -> Result<Plaintext, SecretInputError> {
        let once = self.ask(label, name)?;
        let again = self.ask(&format!("{label} again"), name)?;
        if once.same_as(&again) { Ok(once) } else { Err(SecretInputError::Mismatch(name)) }
    }
}

fn failed(error: io::Error) -> SecretInputError {
    match error.kind() {
        ErrorKind::Interrupted => SecretInputError::Interrupted,
        _ => SecretInputError::Terminal(error),
    }
}

/// Keeps the echo off from before the first prompt until after the last input.
///
/// rpassword switches the echo off after it has written the prompt, and on after each input, so
/// that pasted or quickly typed text would be shown in between.
#[cfg(unix)]
struct EchoOff {
    terminal: std::fs::File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl EchoOff {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut no_echo = before.clone();
        no_echo.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Now, &no_echo)?;
        Ok(Self { terminal, before })
    }
}

#[cfg(unix)]
impl Drop for EchoOff {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        // Flushes unread input, which the shell would show.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(not(unix))]
struct EchoOff;

#[cfg(not(unix))]
impl EchoOff {
    fn begin() -> io::Result<Self> {
        Ok(Self)
    }
}
