//! Why nothing is decided on a Service at all: a closed list.

use std::fmt;
use std::sync::Arc;

use super::LoadBalancerClass;
use crate::reason::reasons;
use crate::world::Service;

/// Why a Service is none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOurs {
    /// It asks for no load balancer.
    OtherType,
    /// It asks for another implementation, or for none in particular while we serve a class.
    OtherClass {
        /// What it asks for.
        asked: Option<Arc<str>>,
        /// What is served.
        served: Option<Arc<str>>,
    },
}

impl NotOurs {
    reasons! {
        Self::OtherType => "OtherType",
            "Services of type LoadBalancer get addresses, and no others.",
            "set spec.type to LoadBalancer",
            Self::OtherType;
        Self::OtherClass { .. } => "OtherClass",
            "Without --lb-class Services without loadBalancerClass are served; with it, those of this class only.",
            "create the Service with the class that is served, or start the controller and the speakers with --lb-class",
            Self::OtherClass { asked: Some("example.com/other".into()), served: None };
    }

    /// Why the Service is not served by who serves this class; `None` if it is.
    pub fn of(service: &Service, class: &LoadBalancerClass) -> Option<Self> {
        if !service.load_balancer {
            return Some(Self::OtherType);
        }
        let other = || Self::OtherClass { asked: service.class.clone(), served: class.0.clone() };
        (!class.claims(service)).then(other)
    }

    /// What is the matter in this case.
    pub fn sentence(&self) -> String {
        let named = |class: &Option<Arc<str>>, none: &str| class.as_deref().unwrap_or(none).to_owned();
        match self {
            Self::OtherType => "it is not of type LoadBalancer".to_owned(),
            Self::OtherClass { asked, served } => {
                let (asked, served) = (named(asked, "absent"), named(served, "those without one"));
                format!("its loadBalancerClass is {asked}, and this controller serves {served}")
            }
        }
    }
}

impl fmt::Display for NotOurs {
    /// The word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason().word)
    }
}
