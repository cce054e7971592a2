//! The resource a path names.
//!
//! ```text
//! /api/v1[/namespaces/NS]/PLURAL[/NAME[/SUBRESOURCE…]]
//! /apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME[/SUBRESOURCE…]]
//! ```

use crate::store::Key;

/// Where a request points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Target {
    /// Reads a path; nothing when it names no resource.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<String> = path.trim_matches('/').split('/').map(percent_decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", version, rest),
            ["apis", group, version, rest @ ..] => (*group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = in_namespace(rest);
        let (plural, rest) = rest.split_first()?;
        let (name, subresource) = match rest {
            [] => (None, None),
            [name] => (Some(*name), None),
            [name, subresource @ ..] => (Some(*name), Some(subresource.join("/"))),
        };
        Some(Self {
            group: group.into(),
            version: (*version).into(),
            plural: (*plural).into(),
            namespace: namespace.map(Into::into),
            name: name.map(Into::into),
            subresource,
        })
    }
}

impl Target {
    /// The key of the named object.
    pub(crate) fn key(&self) -> Key {
        Key::new(self.namespace.as_deref().unwrap_or_default(), self.name.as_deref().unwrap_or_default())
    }
}

/// Splits off `namespaces/NS`, unless the namespace itself is what is asked for.
fn in_namespace<'a, 'b>(segments: &'a [&'b str]) -> (Option<&'b str>, &'a [&'b str]) {
    match segments {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, segments),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(namespace), rest),
        _ => (None, segments),
    }
}

/// Text with `%XX` sequences read (RFC 3986 section 2.1); what is no such sequence stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Group, plural, namespace, name and subresource, with `-` for what is not there.
    fn parts(path: &str) -> Option<String> {
        let target = Target::parse(path)?;
        let or_dash = |part: Option<String>| part.unwrap_or_else(|| "-".into());
        let (namespace, name) = (or_dash(target.namespace), or_dash(target.name));
        Some(format!("{}:{} {namespace} {name} {}", target.group, target.plural, or_dash(target.subresource)))
    }

    #[test]
    fn a_namespace_is_a_place_and_an_object() {
        for (path, expected) in [
            ("/api/v1/namespaces", ":namespaces - - -"),
            ("/api/v1/namespaces/a", ":namespaces - a -"),
            ("/api/v1/namespaces/a/finalize", ":namespaces - a finalize"),
            ("/api/v1/namespaces/a/services", ":services a - -"),
            ("/api/v1/namespaces/a/services/b/status", ":services a b status"),
        ] {
            assert_eq!(parts(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_group_stands_before_its_version() {
        let scale = parts("/apis/apps/v1/namespaces/a/deployments/b/scale");
        assert_eq!(scale.as_deref(), Some("apps:deployments a b scale"));
        assert_eq!(parts("/apis/apps/v1"), None);
        assert_eq!(parts("/apis/apps"), None);
        assert_eq!(parts("/version"), None);
    }

    #[test]
    fn an_escape_is_read_and_a_broken_one_stays() {
        assert_eq!(percent_decoded("system%3Anode%2"), "system:node%2");
        assert_eq!(percent_decoded("%zz%"), "%zz%");
    }
}
