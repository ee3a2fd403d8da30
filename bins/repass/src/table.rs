//! Plain text in aligned columns.

use jiff::Timestamp;

use crate::output::printable;

/// Rows under headings. Cells are escaped for the terminal as they come in.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    pub(crate) fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        self.rows.push(cells.iter().map(|cell| printable(cell).into_owned()).collect());
    }

    /// The lines; none at all when there is no row beside the headings.
    pub(crate) fn render(&self) -> String {
        if self.rows.len() > 1 { aligned(&self.rows) } else { String::new() }
    }
}

/// A name and a value in each line.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let row =
        |(name, value): &(&str, String)| vec![format!("{name}:"), printable(value).into_owned()];
    aligned(&fields.iter().map(row).collect::<Vec<_>>())
}

/// A moment to the second, for people. JSON has it in full.
pub(crate) fn moment(moment: Timestamp) -> String {
    format!("{moment:.0}")
}

/// An optional text, or the dash that says that there is none.
pub(crate) fn or_dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_escaped() {
        let mut table = Table::new(&["ID", "NAME"]);
        assert_eq!(table.render(), "");
        table.row(["1", "Zoë"]);
        table.row(["1000", "a\u{1b}b"]);
        assert_eq!(table.render(), "ID    NAME\n1     Zoë\n1000  a\\u{1b}b\n");
    }

    #[test]
    fn fields_are_aligned() {
        let text = fields(&[("a", "1".to_owned()), ("long", "2\n3".to_owned())]);
        assert_eq!(text, "a:     1\nlong:  2\\n3\n");
    }

    #[test]
    fn moments_are_told_to_the_second() {
        let at = Timestamp::from_millisecond(1_500).unwrap();
        assert_eq!(moment(at), "1970-01-01T00:00:01Z");
    }
}
