//! Tables in Markdown, aligned so that they read as plain text too.

/// Renders rows of cells; the first row is the head.
pub(crate) fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |cells: &[String]| {
        let padded = widths.iter().enumerate().map(|(at, width)| {
            let cell = cells.get(at).map_or("", String::as_str);
            format!(" {cell:<width$} ")
        });
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule = format!("|{}|\n", widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("|"));
    match rows.split_first() {
        Some((head, body)) => line(head) + &rule + &body.iter().map(|r| line(r)).collect::<String>(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["what", "ms"], ["crash", "301"]].map(|r| r.map(str::to_owned).to_vec());
        assert_eq!(markdown(&rows), "| what  | ms  |\n|-------|-----|\n| crash | 301 |\n");
    }
}
