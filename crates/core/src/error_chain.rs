use std::error::Error;
use std::fmt;

/// Displays an error and its sources in one line, the outermost first, as in
/// `the store failed: the database cannot be reached: disk full`.
///
/// A source is omitted if the line ends with its message already, since some errors repeat it.
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.0.to_string();
        let mut source = self.0.source();
        while let Some(cause) = source {
            let message = cause.to_string();
            if !line.ends_with(&message) {
                line.push_str(": ");
                line.push_str(&message);
            }
            source = cause.source();
        }
        f.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Caused {
        text: &'static str,
        #[source]
        cause: io::Error,
    }

    fn chain(text: &'static str) -> String {
        let error = Caused { text, cause: io::Error::other("disk full") };
        ErrorChain(&error).to_string()
    }

    #[test]
    fn causes_follow_the_error() {
        assert_eq!(chain("the store failed"), "the store failed: disk full");
        assert_eq!(ErrorChain(&io::Error::other("disk full")).to_string(), "disk full");
    }

    #[test]
    fn a_repeated_cause_is_omitted() {
        assert_eq!(chain("the store failed: disk full"), "the store failed: disk full");
    }
}
