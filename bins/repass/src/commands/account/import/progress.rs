//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use super::tally::Tally;
use crate::output::Output;

/// Rows between two lines.
const LINE_EVERY: u64 = 100_000;

const BAR: &str = "{wide_bar} {percent:>3}% {msg}";

pub(super) enum Progress {
    Bar(ProgressBar),
    Lines {
        /// The number of rows that the next line waits for.
        next: u64,
    },
}

impl Progress {
    /// Of a file of so many bytes, if that is known.
    pub(super) fn begin(length: Option<u64>, output: &Output) -> Self {
        if !output.draws_progress() {
            return Self::Lines { next: LINE_EVERY };
        }
        let bar = match length {
            Some(bytes) => {
                // A template that is wrong is no reason to import nothing.
                let style = ProgressStyle::with_template(BAR);
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(bytes).with_style(style)
            }
            None => output.spinner(),
        };
        bar.set_message(Tally::default().text());
        Self::Bar(bar)
    }

    /// Prints something without breaking the bar.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match self {
            Self::Bar(bar) => bar.suspend(print),
            Self::Lines { .. } => print(),
        }
    }

    pub(super) fn advance(&mut self, bytes_read: u64, tally: &Tally, output: &Output) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(bytes_read);
                bar.set_message(tally.text());
            }
            Self::Lines { next } => {
                if tally.read >= *next {
                    *next = (tally.read / LINE_EVERY + 1) * LINE_EVERY;
                    output.note(&tally.text());
                }
            }
        }
    }

    /// Takes the bar away; what came of it all is said instead.
    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_every_so_many_rows() {
        let mut progress = Progress::Lines { next: LINE_EVERY };
        let output = Output::new(true);
        let mut after = |read| {
            progress.advance(0, &Tally { read, ..Tally::default() }, &output);
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
    fn the_template_is_right() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
