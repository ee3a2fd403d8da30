use serde::Serialize;

/// The number of rows of each kind.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Counts {
    pub(super) read: u64,
    pub(super) added: u64,
    pub(super) present: u64,
    pub(super) refused: u64,
    pub(super) dry_run: bool,
    /// Whether the whole file was read.
    pub(super) complete: bool,
}

impl Counts {
    /// Returns the counts in one line, without a line end.
    pub(super) fn text(&self) -> String {
        let Self { read, added, present, refused, dry_run, .. } = self;
        let added_word = if *dry_run { "would be added" } else { "added" };
        let rows = if *read == 1 { "row" } else { "rows" };
        format!("{read} {rows}: {added} {added_word}, {present} present, {refused} refused")
    }

    /// Returns the message at the end of the import.
    pub(super) fn final_text(&self) -> String {
        let incomplete = if self.complete { "" } else { "; the file was not read completely" };
        let dry_run = if self.dry_run { "; nothing was written" } else { "" };
        format!("{}{dry_run}{incomplete}\n", self.text())
    }
}
