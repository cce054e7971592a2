//! Label selectors, read once and then only matched.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use thiserror::Error;

use super::Labels;

/// A label selector whose operators are known. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: Box<str>,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

/// Why a text is no selector. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum SelectorError {
    /// Not one of the four operators.
    #[error("{0:?} is not an operator: In, NotIn, Exists and DoesNotExist are")]
    Operator(String),
    /// `In` and `NotIn` compare with something.
    #[error("{operator} on {key:?} needs values")]
    NoValues {
        /// As written.
        operator: String,
        /// As written.
        key: String,
    },
    /// `Exists` and `DoesNotExist` compare with nothing.
    #[error("{operator} on {key:?} takes no values")]
    Values {
        /// As written.
        operator: String,
        /// As written.
        key: String,
    },
}

impl Selector {
    /// Whether the labels fulfil every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|r| r.holds(labels))
    }

    /// Whether one of `any` matches; no selector at all matches nothing.
    pub fn any_matches(any: &[Self], labels: &Labels) -> bool {
        any.iter().any(|s| s.matches(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let among = |values: &[String]| value.is_some_and(|v| values.iter().any(|w| w == v));
        match &self.operator {
            Operator::In(values) => among(values),
            Operator::NotIn(values) => !among(values),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl TryFrom<&LabelSelector> for Selector {
    type Error = SelectorError;

    fn try_from(written: &LabelSelector) -> Result<Self, SelectorError> {
        let labels = written.match_labels.iter().flatten();
        let equal = labels.map(|(key, value)| {
            Ok(Requirement { key: key.as_str().into(), operator: Operator::In(vec![value.clone()]) })
        });
        let expressions = written.match_expressions.iter().flatten().map(Requirement::try_from);
        equal.chain(expressions).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<&LabelSelectorRequirement> for Requirement {
    type Error = SelectorError;

    fn try_from(written: &LabelSelectorRequirement) -> Result<Self, SelectorError> {
        let values = written.values.clone().unwrap_or_default();
        let name = || (written.operator.clone(), written.key.clone());
        let operator = match (written.operator.as_str(), values.is_empty()) {
            ("In", false) => Operator::In(values),
            ("NotIn", false) => Operator::NotIn(values),
            ("Exists", true) => Operator::Exists,
            ("DoesNotExist", true) => Operator::DoesNotExist,
            ("In" | "NotIn", true) => {
                let (operator, key) = name();
                return Err(SelectorError::NoValues { operator, key });
            }
            ("Exists" | "DoesNotExist", false) => {
                let (operator, key) = name();
                return Err(SelectorError::Values { operator, key });
            }
            _ => return Err(SelectorError::Operator(written.operator.clone())),
        };
        Ok(Self { key: written.key.as_str().into(), operator })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(operator: &str, values: &[&str]) -> LabelSelector {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        let requirement =
            LabelSelectorRequirement { key: "zone".into(), operator: operator.into(), values: Some(values) };
        LabelSelector { match_expressions: Some(vec![requirement]), match_labels: None }
    }

    fn matches(written: &LabelSelector, zone: Option<&str>) -> bool {
        let labels = zone.map(|z| ("zone".to_owned(), z.to_owned())).into_iter().collect();
        Selector::try_from(written).unwrap().matches(&labels)
    }

    #[test]
    fn each_operator_means_what_kubernetes_says() {
        for (operator, values, on_a, on_b, on_none) in [
            ("In", vec!["a"], true, false, false),
            ("NotIn", vec!["a"], false, true, true),
            ("Exists", vec![], true, true, false),
            ("DoesNotExist", vec![], false, false, true),
        ] {
            let written = expression(operator, &values);
            let seen = [Some("a"), Some("b"), None].map(|zone| matches(&written, zone));
            assert_eq!(seen, [on_a, on_b, on_none], "{operator}");
        }
    }

    #[test]
    fn the_empty_selector_matches_everything() {
        assert!(matches(&LabelSelector::default(), None));
    }

    #[test]
    fn a_selector_that_means_nothing_is_refused() {
        let refused =
            |operator, values: &[&str]| Selector::try_from(&expression(operator, values)).unwrap_err();
        assert_eq!(refused("Near", &["a"]), SelectorError::Operator("Near".into()));
        assert!(matches!(refused("In", &[]), SelectorError::NoValues { .. }));
        assert!(matches!(refused("Exists", &["a"]), SelectorError::Values { .. }));
    }
}
