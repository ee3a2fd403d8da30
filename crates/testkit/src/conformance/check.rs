use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use repass_core::AdministrationStore;

use super::Fixture;

/// One check of the suite.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    name: &'static str,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    Credentials(fn(&dyn Fixture) -> BoxFuture<'_, Outcome>),
    Administration(fn(&Arc<dyn AdministrationStore>) -> BoxFuture<'_, Outcome>),
}

/// The outcome of a check that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The store passed the check.
    Passed,
    /// The store does not support this feature.
    Skipped(&'static str),
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the check.
    pub check: &'static str,
    /// The expected and the actual value.
    pub message: String,
}

/// The outcomes of all checks.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The names of the checks that passed.
    pub passed: Vec<&'static str>,
    /// The names of the checks that were skipped, each with the feature that the store lacks.
    pub skipped: Vec<(&'static str, &'static str)>,
    /// The checks that failed.
    pub failed: Vec<Failure>,
}

impl Check {
    pub(super) const fn new(name: &'static str, run: Run) -> Self {
        Self { name, run }
    }

    /// Returns the unique name, such as `commit::replaces_the_password`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs this check alone.
    ///
    /// # Errors
    /// When the check fails, or when the store or the fixture panics.
    pub async fn run(&self, fixture: &dyn Fixture) -> Result<Outcome, Failure> {
        let run = async {
            match self.run {
                Run::Credentials(run) => run(fixture).await,
                Run::Administration(run) => match fixture.administration() {
                    Some(store) => run(&store).await,
                    None => Outcome::Skipped("administration"),
                },
            }
        };
        AssertUnwindSafe(run).catch_unwind().await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Failure { check: self.name, message: text.unwrap_or("a panic without text").to_owned() }
        })
    }
}

impl Report {
    pub(super) fn add(&mut self, check: Check, result: Result<Outcome, Failure>) {
        match result {
            Ok(Outcome::Passed) => self.passed.push(check.name),
            Ok(Outcome::Skipped(what)) => self.skipped.push((check.name, what)),
            Err(failure) => self.failed.push(failure),
        }
    }

    /// Panics with the whole report when a check failed.
    ///
    /// # Panics
    /// When a check failed.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.failed.is_empty(), "{self}");
    }

    /// As [`assert_passed`](Self::assert_passed), but also panics when a check was skipped.
    ///
    /// # Panics
    /// When a check failed or was skipped.
    #[track_caller]
    pub fn assert_all_passed(&self) {
        assert!(self.failed.is_empty() && self.skipped.is_empty(), "{self}");
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.message)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, skipped, failed } = self;
        let (passed, skips, fails) = (passed.len(), skipped.len(), failed.len());
        write!(f, "{passed} checks passed, {skips} were skipped, {fails} failed")?;
        for (check, what) in skipped {
            write!(f, "\nskipped {check}: the store has no {what}")?;
        }
        for failure in failed {
            write!(f, "\nFAILED {failure}")?;
        }
        Ok(())
    }
}

/// The return type of a check: `()`, or [`Unsupported`] if the check is skipped.
pub(super) trait IntoOutcome {
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Passed
    }
}

/// A feature that the store does not support.
#[derive(Debug)]
pub(super) struct Unsupported(&'static str);

impl IntoOutcome for Result<(), Unsupported> {
    fn into_outcome(self) -> Outcome {
        self.map_or_else(|Unsupported(what)| Outcome::Skipped(what), IntoOutcome::into_outcome)
    }
}

/// Skips the check when the store does not support the feature.
pub(super) fn require(supported: bool, feature: &'static str) -> Result<(), Unsupported> {
    if supported { Ok(()) } else { Err(Unsupported(feature)) }
}

/// Fails the check with both values when they differ.
macro_rules! check_eq {
    ($seen:expr, $expected:expr $(,)?) => {
        check_eq!($seen, $expected, "{} is not as expected", stringify!($seen))
    };
    ($seen:expr, $expected:expr, $($why:tt)+) => {
        match (&$seen, &$expected) {
            (seen, expected) => assert!(
                *seen == *expected,
                "{}\n  expected: {expected:?}\n  seen:     {seen:?}",
                format_args!($($why)+),
            ),
        }
    };
}

/// Fails the check with the value when it does not match the pattern.
macro_rules! check_matches {
    ($seen:expr, $expected:pat, $($why:tt)+) => {
        match &$seen {
            $expected => {}
            seen => panic!(
                "{}\n  expected: {}\n  seen:     {seen:?}",
                format_args!($($why)+),
                stringify!($expected),
            ),
        }
    };
}

/// Fails the check with the value when it is not empty.
macro_rules! check_empty {
    ($seen:expr $(,)?) => {
        check_empty!($seen, "{} is not empty", stringify!($seen))
    };
    ($seen:expr, $($why:tt)+) => {
        match &$seen {
            seen => assert!(
                seen.is_empty(),
                "{}\n  expected: nothing\n  seen:     {seen:?}",
                format_args!($($why)+),
            ),
        }
    };
}
pub(super) use {check_empty, check_eq, check_matches};
