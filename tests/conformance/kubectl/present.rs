//! Whether there is a kubectl at all.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

const MISSING: &str = "\n\
    ==> NOT RUN: the cases with kubectl, because there is no program kubectl on the path.\n\
    ==> Install it: https://kubernetes.io/docs/tasks/tools/\n\
    ==> or build it with Go, as .ci/run does: tests/kubectl/tools\n\n";

/// Whether the cases with kubectl can be told. Where it is missing that is said aloud, once, and where `CI` is set it is
/// a failure.
pub(super) fn check() -> bool {
    static PRESENT: LazyLock<bool> = LazyLock::new(|| {
        let version = Command::new("kubectl").args(["version", "--client"]).stdout(Stdio::null()).status();
        let present = version.is_ok_and(|status| status.success());
        if !present {
            // Past the capture of the test runner, which would keep it to itself.
            let _ = std::io::stderr().write_all(MISSING.as_bytes());
        }
        present
    });
    #[expect(clippy::disallowed_methods, reason = "where nobody reads along, missing is a failure")]
    let in_ci = std::env::var_os("CI").is_some();
    assert!(*PRESENT || !in_ci, "{MISSING}");
    *PRESENT
}
