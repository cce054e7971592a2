//! Why an object may not be written or deleted, but for what the configuration finds wrong with it.

use crate::reason::reasons;

/// A refusal of the webhook's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Objects count in the namespace of the installation only.
    WrongNamespace {
        /// Kind of the object.
        kind: String,
        /// Where it counts.
        own: String,
        /// Where it was to be.
        found: String,
    },
    /// A profile that somebody names.
    ProfileInUse {
        /// The profile.
        profile: String,
        /// Who names it.
        peer: String,
    },
    /// The object does not have the shape of its kind.
    Unfit(String),
}

impl Denial {
    reasons! {
        Self::WrongNamespace { .. } => "WrongNamespace",
            "Objects of metallb.io count in the namespace of the installation and nowhere else.",
            "create it there",
            Self::WrongNamespace {
                kind: "IPAddressPool".to_owned(), own: "metallb-system".to_owned(), found: "default".to_owned(),
            };
        Self::ProfileInUse { .. } => "ProfileInUse",
            "A BFDProfile stays as long as a BGPPeer names it.",
            "remove spec.bfdProfile of the peer first",
            Self::ProfileInUse { profile: "fast".to_owned(), peer: "rack-1".to_owned() };
        Self::Unfit(_) => "Unfit",
            "The object does not have the shape of its kind, or its kind is not judged here.",
            "correct the object, or the rules of the ValidatingWebhookConfiguration",
            Self::Unfit("not a IPAddressPool: missing field `addresses`".to_owned());
    }

    /// What is the matter in this case.
    pub fn sentence(&self) -> String {
        match self {
            Self::WrongNamespace { kind, own, found } => {
                format!("{kind} belongs in the namespace {own}, and has no effect in {found}")
            }
            Self::ProfileInUse { profile, peer } => format!("BGPPeer {peer} names the BFDProfile {profile}"),
            Self::Unfit(why) => why.clone(),
        }
    }

    /// The word, what is the matter and what to do.
    pub fn line(&self) -> String {
        self.reason().line(&self.sentence())
    }
}
