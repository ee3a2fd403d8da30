//! Plain text in aligned columns.

use comfy_table::presets::NOTHING;
use jiff::Timestamp;

use crate::output::printable;

/// A table with a header. Cells are escaped for the terminal.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = plain();
        table.set_header(headings);
        Self(table)
    }

    pub(crate) fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        self.0.add_row(cells.map(printable));
    }

    /// Returns the lines, or an empty text if there are no rows.
    pub(crate) fn render(self) -> String {
        if self.0.is_empty() { String::new() } else { lines(self.0) }
    }
}

/// Returns one line for each name and value.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let mut table = plain();
    table
        .add_rows(fields.iter().map(|(name, value)| [format!("{name}:").into(), printable(value)]));
    lines(table)
}

/// Returns a table without borders and colors.
fn plain() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(NOTHING);
    table
}

fn lines(mut table: comfy_table::Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// Formats a time to the second.
pub(crate) fn time(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// Returns the text, or a dash if there is none.
pub(crate) fn or_dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_escaped() {
        assert_eq!(Table::new(&["ID"]).render(), "");
        let mut table = Table::new(&["ID", "NAME"]);
        table.row(["1", "Zoë"]);
        table.row(["1000", "a\u{1b}b"]);
        assert_eq!(table.render(), "ID    NAME\n1     Zoë\n1000  a\\u{1b}b\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = Table::new(&["NAME", "ID"]);
        for (name, id) in [("漢字", "1"), ("Zoe\u{308}", "2"), ("👩‍👩‍👧", "3"), ("abcd", "4")]
        {
            table.row([name, id]);
        }
        let expected = "NAME  ID\n漢字  1\nZoe\u{308}   2\n👩‍👩‍👧    3\nabcd  4\n";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn long_cells_are_escaped_and_not_cut() {
        let long = "a \u{1b}[2J\u{9b}1m\r\n\t\u{202e}".repeat(1_000);
        let mut table = Table::new(&["A", "B"]);
        table.row([&long, "b"]);
        let escaped = "a \\u{1b}[2J\\u{9b}1m\\r\\n\\t\\u{202e}".repeat(1_000);
        let expected = format!("{:width$}  B\n{escaped}  b\n", "A", width = escaped.len());
        assert_eq!(table.render(), expected);
        // comfy-table breaks a cell after 65,535 columns.
        let text = fields(&[("name", "x".repeat(300_000))]);
        assert_eq!(text.matches('x').count(), 300_000);
    }

    #[test]
    fn fields_are_aligned() {
        let text = fields(&[("a", "1".to_owned()), ("long", "2\n3".to_owned())]);
        assert_eq!(text, "a:     1\nlong:  2\\n3\n");
    }

    #[test]
    fn times_are_formatted_to_the_second() {
        let at = Timestamp::from_millisecond(1_500).unwrap();
        assert_eq!(time(at), "1970-01-01T00:00:01Z");
    }
}
