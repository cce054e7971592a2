//! The shapes of names (Kubernetes documentation, "Object Names and IDs", "Labels and Selectors").

use crate::resource::{Builtin, Resource};

/// The sentences of the real server.
pub(crate) const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
pub(crate) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
pub(crate) const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
pub(crate) const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
pub(crate) const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Why a name does not fit its kind.
pub(crate) fn misfit(resource: &Resource, name: &str) -> Option<&'static str> {
    match resource.builtin() {
        Some(Builtin::Service) => (!is_label_1035(name)).then_some(LABEL_1035),
        Some(Builtin::Namespace) => (!is_label(name)).then_some(LABEL),
        Some(Builtin::Role | Builtin::RoleBinding | Builtin::ClusterRole | Builtin::ClusterRoleBinding) => {
            name.contains(['/', '%']).then_some("may not contain '/' or '%'")
        }
        Some(_) | None => (!is_subdomain(name)).then_some(SUBDOMAIN),
    }
}

/// RFC 1123 label: at most 63 letters, digits and dashes.
pub(crate) fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_dashed(name)
}

fn is_dashed(name: &str) -> bool {
    let inner = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

/// RFC 1035 label: an RFC 1123 label that begins with a letter.
pub(crate) fn is_label_1035(name: &str) -> bool {
    is_label(name) && name.starts_with(|letter: char| letter.is_ascii_lowercase())
}

/// RFC 1123 subdomain: labels with dots between, at most 253 letters. A label may be longer than 63 here.
pub(crate) fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dashed)
}

/// `prefix/name` as label and annotation keys are.
pub(crate) fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_plain(name),
        None => is_plain(key),
    }
}

/// An empty text, or what the part of a key after its prefix may be.
pub(crate) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_plain(value)
}

fn is_plain(name: &str) -> bool {
    let inner = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    let edge = |letter: Option<u8>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let bytes = name.as_bytes();
    name.len() <= 63
        && bytes.iter().copied().all(inner)
        && edge(bytes.first().copied())
        && edge(bytes.last().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_and_end_with_a_letter_or_digit() {
        assert!(is_label("a-1") && !is_label("-a") && !is_label("a-") && !is_label("A") && !is_label(""));
        assert!(is_label_1035("a1") && !is_label_1035("1a"));
        assert!(
            is_subdomain("a.b-c.1") && !is_subdomain("a..b") && !is_subdomain("a.-b") && !is_subdomain("a_b")
        );
        assert!(
            is_qualified("metallb.io/a_B.c")
                && !is_qualified("A/b")
                && !is_qualified("a/")
                && !is_qualified("/a")
        );
        assert!(
            is_label_value("")
                && is_label_value("A.b_c-1")
                && !is_label_value("-a")
                && !is_label_value("a b")
        );
    }
}
