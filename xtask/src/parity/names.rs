//! Rows in the names of tests.

/// A test whose name says which rows it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) rows: Vec<u16>,
}

/// The tests of one file: functions below a test attribute, and trials that are named by a text.
pub(super) fn of(text: &str) -> Vec<Named> {
    let mut attribute = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        let name = function(line).filter(|_| attribute).or_else(|| trial(line));
        found.extend(name.and_then(|name| Some(Named { name: name.to_owned(), rows: rows(name)? })));
        attribute = line.starts_with("#[") && (attribute || line.contains("test"));
    }
    found
}

fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?;
    rest.split_once('(').map(|(name, _)| name)
}

/// The part behind the module of a text like `"metrics::row_87_…"`.
fn trial(line: &str) -> Option<&str> {
    let text = line.split('"').find(|text| text.contains("::row"))?;
    text.rsplit_once("::").map(|(_, name)| name)
}

/// `row_7_…`, `rows_7_8_…`, `rows_7_and_8_…`, `rows_7_to_9_…`.
fn rows(name: &str) -> Option<Vec<u16>> {
    let rest = name.strip_prefix("rows_").or_else(|| name.strip_prefix("row_"))?;
    let mut rows: Vec<u16> = Vec::new();
    let mut through = false;
    for word in rest.split('_') {
        match (word, word.parse::<u16>()) {
            (_, Ok(row)) if through => {
                let first = rows.last().map_or(row, |last| last + 1);
                rows.extend(first..=row);
                through = false;
            }
            (_, Ok(row)) => rows.push(row),
            ("to", _) => through = true,
            ("and", _) => {}
            _ => break,
        }
    }
    (!rows.is_empty()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_one_row_or_several() {
        for (name, expected) in [
            ("row_02_lowest_first", Some(vec![2])),
            ("row_88_port_0_listens_nowhere", Some(vec![88])),
            ("rows_1_9_47_49_a_service", Some(vec![1, 9, 47, 49])),
            ("row_55_and_56_named_links", Some(vec![55, 56])),
            ("rows_24_to_27_a_pool", Some(vec![24, 25, 26, 27])),
            ("rows_of_a_table", None),
            ("a_row_1", None),
        ] {
            assert_eq!(rows(name), expected, "{name}");
        }
    }

    #[test]
    fn functions_count_if_they_are_tests_and_trials_by_their_text() {
        let text = "
            #[tokio::test]
            async fn row_1_a() {}
            fn row_2_no_test() {}
            #[test]
            #[should_panic]
            fn row_3_c() {}
            stage.on(shared(), \"metrics::row_87_read\", reviewed),
        ";
        let names: Vec<_> = of(text).into_iter().map(|named| named.name).collect();
        assert_eq!(names, ["row_1_a", "row_3_c", "row_87_read"]);
    }
}
