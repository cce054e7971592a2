//! Whether there is a kubectl at all.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;

const MISSING: &str = "\n\
    ==> NOT RUN: the tests with kubectl, because there is no program kubectl on the path.\n\
    ==> Install it: https://kubernetes.io/docs/tasks/tools/\n\
    ==> or build it with Go, as .ci/run does: tests/kubectl/tools\n\n";

/// Ends the whole target where kubectl is missing: aloud, and as a failure where `CI` is set.
pub(super) fn check() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let version = Command::new("kubectl").args(["version", "--client"]).stdout(Stdio::null()).status();
        if version.is_ok_and(|status| status.success()) {
            return;
        }
        // Past the capture of the test runner, which would keep it to itself.
        let _ = std::io::stderr().write_all(MISSING.as_bytes());
        #[expect(clippy::disallowed_methods, reason = "the one setting of this target")]
        let in_ci = std::env::var_os("CI").is_some();
        std::process::exit(i32::from(in_ci));
    });
}
