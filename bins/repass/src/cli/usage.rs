//! Reports invalid command lines in one line.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::Failure;
use crate::output::Output;

/// Prints the help or version, or the error in one line.
pub(crate) fn report(mut error: clap::Error) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    if !error.use_stderr() {
        // A closed pipe is not a failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    redact_environment_value(&mut error, &arguments);
    let failure = Failure::Usage(line(&error));
    Output::new(json).failure(&failure);
    failure.exit_code()
}

/// Removes a value that is not among the arguments from the message: an environment variable may
/// hold a secret.
fn redact_environment_value(error: &mut clap::Error, arguments: &[OsString]) {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return };
    let is_argument = |argument: &OsString| argument.to_string_lossy().contains(value.as_str());
    if !arguments.iter().any(is_argument) {
        let redacted = ContextValue::String("(of the environment)".to_owned());
        error.insert(ContextKind::InvalidValue, redacted);
    }
}

/// Returns the message of clap in one line.
fn line(error: &clap::Error) -> String {
    if is_unexpected_word(error) {
        return "unexpected argument (not shown, since it may be a secret); passwords are never \
                arguments; see --help"
            .to_owned();
    }
    if error.kind() == ErrorKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        return "unknown command; see --help".to_owned();
    }
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // The text is the help, in which two spaces precede the name of each command.
        let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1);
        let names = commands.take_while(|line| !line.is_empty()).filter_map(|line| {
            let name = line.strip_prefix("  ")?.split(' ').next()?;
            (!name.is_empty() && name != "help").then_some(name)
        });
        let names = names.collect::<Vec<_>>().join(", ");
        return format!("a command is missing, one of {names}; see --help");
    }
    let mut paragraphs = text.split("\n\n").map(one_line);
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what).to_owned();
    let tip = paragraphs.find(|paragraph| paragraph.starts_with("tip: "));
    match tip {
        Some(tip) => format!("{what}; {tip}"),
        None => format!("{what}; see --help"),
    }
}

/// Whether the error is a word in the place of an option, which may be a password.
fn is_unexpected_word(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::UnknownArgument
        && match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(word)) => !word.starts_with("--"),
            _ => true,
        }
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn message(arguments: &[&str]) -> String {
        let line = match Cli::try_parse_from(["repass"].iter().chain(arguments)) {
            Ok(_) => panic!("{arguments:?} is valid"),
            Err(error) => line(&error),
        };
        assert!(!line.contains('\n'), "{line}");
        line
    }

    #[test]
    fn the_option_and_the_reason_are_named() {
        let realm = message(&["account", "show", "--realm", "Shop", "--user-id", "pat"]);
        assert!(realm.contains("'Shop'") && realm.contains("--realm"), "{realm}");
        assert!(realm.contains("a realm is 1 to 64 characters"), "{realm}");
        let kind = message(&["key", "issue", "--kind", "robot", "--name", "x"]);
        assert!(kind.contains("--kind") && kind.contains("service, app, api"), "{kind}");
        let missing = message(&["account", "show"]);
        assert!(missing.contains("--user-id"), "{missing}");
    }

    #[test]
    fn a_missing_command_is_named() {
        let line = message(&["hash"]);
        assert_eq!(line, "a command is missing, one of tune, identify; see --help");
        let line = message(&["compromised"]);
        assert_eq!(line, "a command is missing, one of build, show, verify; see --help");
    }

    #[test]
    fn similar_names_are_suggested() {
        let option = message(&["account", "show", "--usr-id", "pat"]);
        assert!(option.contains("'--usr-id'") && option.contains("'--user-id'"), "{option}");
        let command = message(&["account", "shwo"]);
        assert!(command.contains("'shwo'") && command.contains("'show'"), "{command}");
    }

    #[test]
    fn an_unexpected_word_is_not_printed() {
        for arguments in [
            ["password", "check", "hunter2"].as_slice(),
            &["password", "check", "-X", "hunter2"],
            &["password", "hunter2"],
            &["password", "check", "--password=hunter2"],
            &["account", "add", "--user-id", "pat", "hunter2"],
        ] {
            let line = message(arguments);
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
}
