//! Seccomp profiles as a container runtime reads them (OCI runtime specification, "Seccomp"), put in force by a program for
//! itself. What ships with the chart is what daemons in a lab run under.
//!
//! Not imitated: conditions on the machine (`archMap`, `includes`, `excludes`), listeners, and any answer to a call but
//! allowing it and failing it with an error number.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use std::path::Path;

use seccompiler::{BpfProgram, TargetArch};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

/// The profiles that ship.
const SHIPPED: [(&str, &str); 2] = [
    ("controller", include_str!("../../charts/patina/seccomp/controller.json")),
    ("speaker", include_str!("../../charts/patina/seccomp/speaker.json")),
];
/// Failing without a number means this one (`EPERM`).
const DEFAULT_ERROR: u32 = 1;
/// seccompiler names a filter after the thread that it is meant for.
const FILTER: &str = "process";

/// Why no profile is in force. Nothing is, or a part of it.
#[derive(Debug, Error)]
pub enum SeccompError {
    /// The file cannot be read.
    #[error("cannot read the seccomp profile {name}")]
    Unreadable {
        /// As it was called.
        name: String,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// It is no profile.
    #[error("not a seccomp profile that is understood here")]
    Malformed(#[from] serde_json::Error),
    /// It allows what it does not name, which is no confinement.
    #[error("a seccomp profile must fail what it does not name")]
    Open,
    /// It cannot be compiled, or the kernel does not take it.
    #[error("the seccomp profile is not taken")]
    Refused(#[from] seccompiler::Error),
}

/// A profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    default_action: Action,
    default_errno_ret: Option<u32>,
    syscalls: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    names: Vec<String>,
    action: Action,
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Action {
    #[serde(rename = "SCMP_ACT_ALLOW")]
    Allow,
    #[serde(rename = "SCMP_ACT_ERRNO")]
    Fail,
}

/// On the lower half of one argument.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: Comparison,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Comparison {
    #[serde(rename = "SCMP_CMP_EQ")]
    Equal,
    /// `value` is the mask, `valueTwo` what remains.
    #[serde(rename = "SCMP_CMP_MASKED_EQ")]
    MaskedEqual,
}

/// The profile that ships for a daemon, by the verb that starts it.
pub fn shipped(verb: &str) -> Option<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).find(|name| *name == verb)
}

impl Profile {
    /// A profile that ships, by its name, or one from a file.
    ///
    /// # Errors
    /// See [`SeccompError`].
    pub fn find(name: &str) -> Result<Self, SeccompError> {
        match SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            Some((_, text)) => Self::parse(text),
            None => {
                let unreadable = |source| SeccompError::Unreadable { name: name.to_owned(), source };
                Self::parse(&std::fs::read_to_string(Path::new(name)).map_err(unreadable)?)
            }
        }
    }

    fn parse(text: &str) -> Result<Self, SeccompError> {
        let profile: Self = serde_json::from_str(text)?;
        if profile.default_action == Action::Allow { Err(SeccompError::Open) } else { Ok(profile) }
    }

    /// Puts it in force for the calling thread and everything that comes of it, for ever.
    ///
    /// # Errors
    /// See [`SeccompError`].
    pub fn apply(&self) -> Result<(), SeccompError> {
        // Of several filters the newest that fails a call says with which number, so the list that fails nearly all of them
        // comes last, and lets those pass that the others fail.
        for program in self.failing()? {
            seccompiler::apply_filter(&program)?;
        }
        seccompiler::apply_filter(&self.allowing()?)?;
        Ok(())
    }

    /// One filter for each error number that a rule names.
    fn failing(&self) -> Result<Vec<BpfProgram>, SeccompError> {
        let rules = self.syscalls.iter().filter(|rule| rule.action == Action::Fail);
        let mut filters = BTreeMap::<u32, Vec<Value>>::new();
        for rule in rules {
            filters.entry(rule.errno_ret.unwrap_or(DEFAULT_ERROR)).or_default().extend(rule.lines()?);
        }
        let compiled = filters.into_iter().map(|(number, lines)| {
            compile(&json!({"mismatch_action": "allow", "match_action": {"errno": number}, "filter": lines}))
        });
        compiled.collect()
    }

    fn allowing(&self) -> Result<BpfProgram, SeccompError> {
        let mut lines = Vec::new();
        for rule in &self.syscalls {
            lines.extend(rule.lines()?);
        }
        let otherwise = self.default_errno_ret.unwrap_or(DEFAULT_ERROR);
        compile(&json!({"mismatch_action": {"errno": otherwise}, "match_action": "allow", "filter": lines}))
    }
}

impl Rule {
    /// In seccompiler's form. Calls that this machine does not have are left out, as container runtimes do.
    fn lines(&self) -> Result<Vec<Value>, SeccompError> {
        let names: BTreeSet<&String> = self.names.iter().filter(|name| exists(name)).collect();
        let arguments: Vec<Value> = self.args.iter().map(Condition::line).collect();
        Ok(names
            .into_iter()
            .map(|name| {
                if arguments.is_empty() {
                    json!({"syscall": name})
                } else {
                    json!({"syscall": name, "args": arguments})
                }
            })
            .collect())
    }
}

impl Condition {
    fn line(&self) -> Value {
        let (op, value) = match self.op {
            Comparison::Equal => (json!("eq"), self.value),
            Comparison::MaskedEqual => (json!({"masked_eq": self.value}), self.value_two),
        };
        json!({"index": self.index, "type": "dword", "op": op, "val": value})
    }
}

fn exists(syscall: &str) -> bool {
    let filter = json!({"mismatch_action": "allow", "match_action": "log", "filter": [{"syscall": syscall}]});
    compile(&filter).is_ok()
}

fn compile(filter: &Value) -> Result<BpfProgram, SeccompError> {
    let machine: TargetArch = std::env::consts::ARCH.try_into().map_err(seccompiler::Error::Backend)?;
    let text = json!({ FILTER: filter }).to_string();
    let mut compiled = seccompiler::compile_from_json(Cursor::new(text), machine)?;
    Ok(compiled.remove(FILTER).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_fails_by_default_and_compiles() {
        for (name, _) in SHIPPED {
            let profile = Profile::find(name).unwrap();
            assert!(!profile.allowing().unwrap().is_empty(), "{name}");
            assert_eq!(profile.failing().unwrap().len(), 1, "{name}: clone3");
        }
    }

    #[test]
    fn only_a_speaker_may_open_packet_sockets_and_nobody_may_start_a_process() {
        let calls = |name: &str| -> BTreeSet<String> {
            Profile::find(name).unwrap().syscalls.into_iter().flat_map(|rule| rule.names).collect()
        };
        for name in ["fork", "vfork", "ptrace", "mount", "setns", "unshare", "bpf", "kill", "unlink", "chmod"]
        {
            assert!(!calls("speaker").contains(name) && !calls("controller").contains(name), "{name}");
        }
        let families = |name: &str| -> Vec<u64> {
            let rules = Profile::find(name).unwrap().syscalls.into_iter();
            let sockets = rules.filter(|rule| rule.names == ["socket"]);
            sockets.flat_map(|rule| rule.args).map(|condition| condition.value).collect()
        };
        assert_eq!(families("controller"), [2, 10]);
        assert_eq!(families("speaker"), [2, 10, 16, 17]);
    }

    #[test]
    fn a_profile_that_lets_everything_pass_is_none() {
        let open = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}"#;
        assert!(matches!(Profile::parse(open), Err(SeccompError::Open)));
        assert!(matches!(Profile::find("/nowhere"), Err(SeccompError::Unreadable { .. })));
    }
}
