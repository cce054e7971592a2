//! Where the lab's server differs from the real one, as far as a case shows it.
//!
//! A difference is told twice: here as data, and in words at the head of the module that does not imitate it.

use std::fs;
use std::path::Path;

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Objects are never answered as protocol buffers.
    Protobuf,
    /// Rules in CEL are not type-checked with their definition.
    RuleTypes,
    /// The cost of rules in CEL is not estimated.
    RuleCost,
    /// `optionalOldSelf` is null where there is no past.
    OptionalPast,
    /// YAML is read by its version 1.2.
    OlderYaml,
    /// Fields that an applied configuration says twice are not found.
    RepeatedInApply,
    /// Logs are never answered.
    Kubelet,
}

impl Difference {
    const ALL: &[Self] = &[
        Self::Protobuf,
        Self::RuleTypes,
        Self::RuleCost,
        Self::OptionalPast,
        Self::OlderYaml,
        Self::RepeatedInApply,
        Self::Kubelet,
    ];

    /// The module that lists it, below the workspace.
    pub(crate) fn place(self) -> &'static str {
        match self {
            Self::Protobuf | Self::OlderYaml | Self::RepeatedInApply | Self::Kubelet => {
                "lab/apiserver/src/lib.rs"
            }
            Self::RuleTypes | Self::RuleCost | Self::OptionalPast => "lab/apiserver/src/cel.rs",
        }
    }

    /// The words by which it is listed.
    fn words(self) -> &'static str {
        match self {
            Self::Protobuf => "Protobuf answers",
            Self::RuleTypes => "their types are not checked then",
            Self::RuleCost => "the cost of rules is not limited",
            Self::OptionalPast => "sees null and no optional value",
            Self::OlderYaml => "YAML is read by its version 1.2",
            Self::RepeatedInApply => "Duplicate keys of applied configurations",
            Self::Kubelet => "What a kubelet would answer: logs",
        }
    }
}

#[test]
fn every_difference_is_listed_at_the_head_of_its_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for difference in Difference::ALL {
        let text = fs::read_to_string(root.join(difference.place())).expect("a module");
        let head = text.lines().map_while(|line| line.strip_prefix("//!")).flat_map(str::split_whitespace);
        let head: Vec<&str> = head.collect();
        let head = head.join(" ");
        assert!(head.contains(difference.words()), "{difference:?} is not listed in {}", difference.place());
    }
}
