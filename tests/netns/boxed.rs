//! Runs a test in a box.

use std::any::type_name_of_val;
use std::future::Future;
use std::process::Command;

/// Tells the inner run from the outer one: a name that no other test has, in no other run.
const INSIDE: &str = "PATINA_TEST_INSIDE";

/// The patina command that belongs to these tests.
pub(crate) const PATINA: &str = env!("CARGO_BIN_EXE_patina-under-test");

/// Runs `test`, a closure written in the test function itself, in a box with an async runtime.
///
/// # Panics
/// When the test fails, or no box can be made.
#[expect(clippy::disallowed_methods, reason = "the outer run tells the inner one where it is")]
pub(crate) fn boxed<F, T>(test: F)
where
    F: FnOnce() -> T,
    T: Future<Output = anyhow::Result<()>>,
{
    if std::env::var_os(INSIDE).is_some() {
        return run(test);
    }
    let output = Command::new(PATINA)
        .arg("lab-box")
        .arg(std::env::current_exe().expect("the path of this program"))
        .args([name_of(&test), "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, format!("{}-{}", name_of(&test), std::process::id()))
        .output()
        .expect("start the box");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "in the box:\n{told}");
    assert!(told.contains("1 passed"), "the test was not found in the box:\n{told}");
}

/// The inner run's name, fit for a file.
#[expect(clippy::disallowed_methods, reason = "the outer run tells the inner one its name")]
pub(crate) fn run_name() -> String {
    std::env::var(INSIDE).expect("called in a box").replace("::", "-")
}

fn run<F, T>(test: F)
where
    F: FnOnce() -> T,
    T: Future<Output = anyhow::Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("an async runtime");
    if let Err(error) = runtime.block_on(test()) {
        panic!("{error:?}");
    }
}

/// `netns::segment::a_fact::{{closure}}` is the test `segment::a_fact`.
fn name_of<F>(test: &F) -> &'static str {
    let path = type_name_of_val(test);
    let path = path.strip_suffix("::{{closure}}").unwrap_or(path);
    path.split_once("::").map_or(path, |(_, name)| name)
}
