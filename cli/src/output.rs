//! How commands answer: words or JSON on standard output, and an exit code.

use std::io::Write;

use clap::ValueEnum;
use patina::alloc::Decision;
use serde_json::{Value, json};

/// The question is answered, and the answer is not what one would wish.
pub(crate) const NOT_AS_WISHED: u8 = 1;
/// The question cannot be answered.
pub(crate) const NO_ANSWER: u8 = 2;

/// In which form to answer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Form {
    Text,
    Json,
}

/// Says it.
pub(crate) fn say(words: &str) {
    // Whoever closed the pipe does not want to know.
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// Says it as one JSON document.
pub(crate) fn say_json(document: &Value) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(document)?);
    Ok(())
}

/// What a Service holds, as JSON.
pub(crate) fn held(decision: &Decision) -> Value {
    let addresses: Vec<_> = decision.addresses().iter().map(|address| address.to_string()).collect();
    let pool = decision.allocation.as_ref().map(|allocation| allocation.pools.annotation());
    json!({ "addresses": addresses, "pool": pool })
}

/// Columns as wide as their widest cell; the last one as it is.
pub(crate) fn table(rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<_> = rows.collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
