//! The direction of dependencies, held as data: between the rooms of the core, and between the crates.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::tree;

/// Rooms of the core with their level: a room may use itself and rooms of a lower level.
const ROOMS: &[(&str, u8)] = &[
    ("time", 1),
    ("name", 1),
    ("addr", 1),
    ("reason", 1),
    ("wire", 2),
    ("api", 2),
    ("config", 3),
    ("membership", 3),
    ("world", 4),
    ("admission", 4),
    ("alloc", 5),
    ("election", 5),
    ("ownership", 6),
    ("announce", 6),
    ("lending", 6),
    ("hot", 7),
    ("reconcile", 8),
];

/// What the pure core may not name, with the place where it belongs.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "a shell"),
    ("std::fs", "a shell"),
    ("std::env", "settings.rs of a shell"),
    ("std::thread", "a shell"),
    ("std::process", "a shell"),
    ("UdpSocket", "a shell"),
    ("TcpStream", "a shell"),
    ("TcpListener", "a shell"),
    ("SystemTime", "clock.rs of a shell"),
    ("HashMap", "nowhere: order is part of the result, use BTreeMap"),
    ("HashSet", "nowhere: order is part of the result, use BTreeSet"),
];

/// Crates with the members of this workspace that each may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("patina", &[]),
    ("patina-daemon", &["patina"]),
    ("patina-controller", &["patina", "patina-daemon"]),
    ("patina-speaker", &["patina", "patina-daemon"]),
    ("patina-apiserver", &[]),
    ("patina-lab", &["patina", "patina-apiserver"]),
    ("patina-cli", &["patina", "patina-controller", "patina-daemon", "patina-lab", "patina-speaker"]),
    ("patina-simulation", &["patina"]),
    ("patina-model", &["patina", "patina-controller", "patina-daemon", "patina-simulation"]),
    ("patina-realcluster", &["patina", "patina-cli", "patina-lab"]),
];

/// Fails with one line for every arrow that points the wrong way.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut wrong = rooms(root)?;
    wrong.extend(crates(root)?);
    ensure!(wrong.is_empty(), "dependencies against the grain:\n  {}", wrong.join("\n  "));
    Ok(())
}

fn rooms(root: &Path) -> Result<Vec<String>> {
    let levels: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let src = root.join("src");
    let mut wrong = Vec::new();
    for file in tree::rust_files(&src)? {
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let Some(room) = room_of(&src, &file) else { continue };
        let Some(&level) = levels.get(room.as_str()) else {
            wrong.push(format!("{shown}: room {room} has no level in xtask/src/layers.rs"));
            continue;
        };
        for (number, line) in shipped_lines(&file)? {
            wrong.extend(
                arrows(&line)
                    .filter(|to| *to != room && levels.get(*to).is_none_or(|&l| l >= level))
                    .map(|to| format!("{shown}:{number}: {room} looks up at {to}")),
            );
            wrong.extend(
                IMPURE
                    .iter()
                    .filter(|(word, _)| line.contains(word))
                    .map(|(word, place)| format!("{shown}:{number}: {word} belongs in {place}")),
            );
        }
    }
    Ok(wrong)
}

fn room_of(src: &Path, file: &Path) -> Option<String> {
    let first = file.strip_prefix(src).ok()?.iter().next()?.to_str()?;
    let room = first.trim_end_matches(".rs");
    (room != "lib").then(|| room.to_owned())
}

/// The lines that ship: no comments, nothing after the first `#[cfg(test)]` at the file's own level, no test files.
fn shipped_lines(file: &Path) -> Result<Vec<(usize, String)>> {
    if file.components().any(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs") == "tests") {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Ok(text
        .lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line.to_owned()))
        .collect())
}

/// The rooms that a line names by `crate::room`.
fn arrows(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter(|(at, _)| !line[..*at].ends_with('$')).filter_map(|(at, found)| {
        let rest = &line[at + found.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

fn crates(root: &Path) -> Result<Vec<String>> {
    let allowed: BTreeMap<_, _> = CRATES.iter().copied().collect();
    let packages = tree::members(root)?;
    let ours: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let Some(may) = allowed.get(package.name.as_str()) else { continue };
        wrong.extend(
            package
                .dependencies
                .iter()
                .filter(|to| ours.contains(&to.as_str()) && !may.contains(&to.as_str()))
                .map(|to| format!("{} depends on {to}", package.name)),
        );
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_is_found_wherever_it_stands_in_a_line() {
        let found: Vec<_> = arrows("use crate::addr::{Family}; fn f(x: crate::name::NodeName)").collect();
        assert_eq!(found, ["addr", "name"]);
    }

    #[test]
    fn a_macro_path_is_no_arrow() {
        assert_eq!(arrows("$crate::addr::Family").count(), 0);
    }
}
