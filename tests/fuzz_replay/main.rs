//! The fuzz targets without a fuzzer: every file of every corpus, and a fixed number of inputs made from them by a seeded
//! source of numbers.

mod mutation;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use mutation::Mutation;
use patina_fuzz::{Body, TARGETS};

/// Inputs made for each target.
const MADE: usize = 50_000;
const SEED: u64 = 0x7061_7469_6e61;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a file of the corpus"))).collect()
}

/// Runs one input; a failure names it and shows its bytes.
fn run(body: Body, name: &str, bytes: &[u8]) {
    if catch_unwind(|| body(bytes)).is_err() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{name}: {hex}");
    }
}

#[test]
fn every_file_of_every_corpus_is_taken() {
    for (target, body) in TARGETS {
        let corpus = corpus(target);
        assert!(!corpus.is_empty(), "{target} has no corpus");
        for (path, bytes) in corpus {
            run(body, &path.display().to_string(), &bytes);
        }
    }
}

#[test]
fn inputs_made_from_the_corpora_are_taken() {
    for (target, body) in TARGETS {
        let files: Vec<_> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
        let mut mutation = Mutation::new(SEED, &files);
        for number in 0..MADE {
            run(body, &format!("{target}, input {number} of seed {SEED:#x}"), &mutation.next());
        }
    }
}
