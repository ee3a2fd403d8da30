//! What came of the rows.

use serde::Serialize;

/// How many rows there were of each kind.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Tally {
    pub(super) read: u64,
    pub(super) added: u64,
    pub(super) present: u64,
    pub(super) refused: u64,
    /// Whether nothing was written, because of `--dry-run`.
    pub(super) dry_run: bool,
    /// Whether these are all rows of the file.
    pub(super) complete: bool,
}

impl Tally {
    /// The counts, in one line without its end.
    pub(super) fn text(&self) -> String {
        let Self { read, added, present, refused, dry_run, .. } = self;
        let added_word = if *dry_run { "would be added" } else { "added" };
        format!("{read} rows: {added} {added_word}, {present} present, {refused} refused")
    }

    /// What is said at the end.
    pub(super) fn summary(&self) -> String {
        let so_far = if self.complete { "" } else { "; the file was not read to its end" };
        let dry_run = if self.dry_run { "; nothing was written" } else { "" };
        format!("{}{dry_run}{so_far}\n", self.text())
    }
}
