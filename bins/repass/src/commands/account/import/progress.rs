//! Shows the progress of an import: a bar on a terminal, otherwise a line every 100,000 rows.

use indicatif::{ProgressBar, ProgressStyle};

use super::counts::Counts;
use crate::output::Output;

const ROWS_PER_LINE: u64 = 100_000;

const BAR: &str = "{wide_bar} {percent:>3}% {msg}";

pub(super) enum Progress {
    Bar(ProgressBar),
    Lines {
        /// The number of rows at which the next line is printed.
        next: u64,
    },
}

impl Progress {
    /// `length` is the length of the file in bytes, if known.
    pub(super) fn new(length: Option<u64>, output: &Output) -> Self {
        if !output.draws_progress() {
            return Self::Lines { next: ROWS_PER_LINE };
        }
        let bar = match length {
            Some(bytes) => {
                // A test proves that the template is valid.
                let style = ProgressStyle::with_template(BAR);
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(bytes).with_style(style)
            }
            None => output.spinner(),
        };
        bar.set_message(Counts::default().text());
        Self::Bar(bar)
    }

    /// Runs `print` with the bar hidden.
    pub(super) fn print_above(&self, print: impl FnOnce()) {
        match self {
            Self::Bar(bar) => bar.suspend(print),
            Self::Lines { .. } => print(),
        }
    }

    pub(super) fn advance(&mut self, bytes_read: u64, counts: &Counts, output: &Output) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(bytes_read);
                bar.set_message(counts.text());
            }
            Self::Lines { next } => {
                if counts.read >= *next {
                    *next = (counts.read / ROWS_PER_LINE + 1) * ROWS_PER_LINE;
                    output.note(&counts.text());
                }
            }
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_every_100_000_rows() {
        let mut progress = Progress::Lines { next: ROWS_PER_LINE };
        let output = Output::new(true);
        let mut after = |read| {
            progress.advance(0, &Counts { read, ..Counts::default() }, &output);
            match progress {
                Progress::Lines { next } => next,
                Progress::Bar(_) => 0,
            }
        };
        assert_eq!(after(99_500), 100_000);
        assert_eq!(after(100_000), 200_000);
        assert_eq!(after(100_500), 200_000);
        assert_eq!(after(350_000), 400_000);
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
