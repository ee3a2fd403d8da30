//! One clear line for a command line that is not understood.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::Failure;
use crate::output::Output;

/// Prints help or version where that was asked for, or says in one line what is wrong.
pub(crate) fn answer(mut error: clap::Error) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    if !error.use_stderr() {
        // That the reader has gone is no failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    conceal(&mut error, &arguments);
    let failure = Failure::Usage(line(&error));
    Output::new(json).failure(&failure);
    failure.exit_code()
}

/// Takes a value out of the message that is not among the arguments: the value of an environment
/// variable can be a secret that was put into the wrong one.
fn conceal(error: &mut clap::Error, arguments: &[OsString]) {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return };
    let is_argument = |argument: &OsString| argument.to_string_lossy().contains(value.as_str());
    if !arguments.iter().any(is_argument) {
        let concealed = ContextValue::String("(of the environment)".to_owned());
        error.insert(ContextKind::InvalidValue, concealed);
    }
}

/// What clap says in several paragraphs, as one line.
fn line(error: &clap::Error) -> String {
    if is_stray_word(error) {
        return "there is an argument that belongs to no option; it is not repeated here, since \
                passwords and other secrets are never arguments; see --help"
            .to_owned();
    }
    if error.kind() == ErrorKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        return "there is no such command; see --help".to_owned();
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(one_line);
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what).to_owned();
    let tip = paragraphs.find(|paragraph| paragraph.starts_with("tip: "));
    match tip {
        Some(tip) => format!("{what}; {tip}"),
        None => format!("{what}; see --help"),
    }
}

/// A word where only options can stand may be a password that was given as an argument.
fn is_stray_word(error: &clap::Error) -> bool {
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

    fn said(arguments: &[&str]) -> String {
        let line = match Cli::try_parse_from(["repass"].iter().chain(arguments)) {
            Ok(_) => panic!("{arguments:?} is understood"),
            Err(error) => line(&error),
        };
        assert!(!line.contains('\n'), "{line}");
        line
    }

    #[test]
    fn the_option_and_the_reason_are_named() {
        let realm = said(&["account", "show", "--realm", "Shop", "--user-id", "pat"]);
        assert!(realm.contains("'Shop'") && realm.contains("--realm"), "{realm}");
        assert!(realm.contains("a realm is 1 to 64 characters"), "{realm}");
        let kind = said(&["key", "issue", "--kind", "robot", "--name", "x"]);
        assert!(kind.contains("--kind") && kind.contains("service, app, api"), "{kind}");
        let missing = said(&["account", "show"]);
        assert!(missing.contains("--user-id"), "{missing}");
    }

    #[test]
    fn near_misses_are_pointed_out() {
        let option = said(&["account", "show", "--usr-id", "pat"]);
        assert!(option.contains("'--usr-id'") && option.contains("'--user-id'"), "{option}");
        let command = said(&["account", "shwo"]);
        assert!(command.contains("'shwo'") && command.contains("'show'"), "{command}");
    }

    #[test]
    fn a_stray_word_is_not_repeated() {
        for arguments in [
            ["password", "check", "hunter2"].as_slice(),
            &["password", "check", "-X", "hunter2"],
            &["password", "hunter2"],
            &["password", "check", "--password=hunter2"],
            &["account", "add", "--user-id", "pat", "hunter2"],
        ] {
            let line = said(arguments);
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
}
