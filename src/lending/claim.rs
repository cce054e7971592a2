//! The name of a loan at its endpoint: what marks it as ours, and makes the same question the same after a restart.
//!
//! ```text
//!   patina/v1/CLUSTER/POOL-NAMESPACE/POOL/SERVICE-NAMESPACE/SERVICE/SERVICE-UID/4/any
//!                                                                              6/2001:db8::7
//!                                                                              4/any-but-192.0.2.7
//! ```

use std::fmt;
use std::sync::Arc;

use crate::addr::Family;
use crate::name::{PoolName, ServiceKey};
use crate::world::{LoanKey, Which};

/// What every id opens with; the second part is the version of this form.
const OPENING: [&str; 2] = ["patina", "v1"];
/// Where any address of the family will do.
const ANY: &str = "any";
/// Where any will do but the one that follows.
const BESIDES: &str = "any-but-";
/// Bytes of an id that is read: twice what the longest names make.
const LONGEST: usize = 4096;

/// Which installation asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// `metadata.uid` of the namespace kube-system, by which clusters are told apart.
    pub cluster: Arc<str>,
    /// Namespace of the pools, by which two installations in one cluster are.
    pub namespace: Arc<str>,
}

/// A loan, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which installation.
    pub mark: Mark,
    /// Which loan.
    pub loan: LoanKey,
}

impl Claim {
    /// Reads an id.
    ///
    /// *Guarantees*: what is read prints as the same id, so that no two ids name one loan.
    pub fn read(id: &str) -> Option<Self> {
        if id.len() > LONGEST {
            return None;
        }
        let parts: Vec<&str> = id.split('/').collect();
        let [one, two, cluster, namespace, pool, of, service, uid, family, which] = parts[..] else {
            return None;
        };
        let family = Family::ALL.into_iter().find(|f| digit(*f) == family)?;
        let which = read_which(which)?;
        let mark = Mark { cluster: cluster.into(), namespace: namespace.into() };
        let service = ServiceKey::new(of, service);
        let loan = LoanKey { service, uid: uid.into(), pool: PoolName::from(pool), family, which };
        let claim = Self { mark, loan };
        ([one, two] == OPENING && claim.to_string() == id).then_some(claim)
    }
}

impl fmt::Display for Claim {
    /// The id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mark { cluster, namespace } = &self.mark;
        let LoanKey { service, uid, pool, family, which } = &self.loan;
        let (of, service, family) = (&service.namespace, &service.name, digit(*family));
        let [one, two] = OPENING;
        write!(f, "{one}/{two}/{cluster}/{namespace}/{pool}/{of}/{service}/{uid}/{family}/")?;
        match which {
            Which::Any => f.write_str(ANY),
            Which::Besides(address) => write!(f, "{BESIDES}{address}"),
            Which::This(address) => address.fmt(f),
        }
    }
}

fn read_which(text: &str) -> Option<Which> {
    match (text, text.strip_prefix(BESIDES)) {
        (ANY, _) => Some(Which::Any),
        (_, Some(address)) => address.parse().ok().map(Which::Besides),
        (address, None) => address.parse().ok().map(Which::This),
    }
}

const fn digit(family: Family) -> &'static str {
    match family {
        Family::V4 => "4",
        Family::V6 => "6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "patina/v1/c-1/metallb-system/lent/web/shop/u-1/6/2001:db8::7";

    #[test]
    fn an_id_says_everything_about_its_loan() {
        let claim = Claim::read(ID).unwrap();
        assert_eq!(claim.to_string(), ID);
        assert_eq!(claim.loan.which, Which::This("2001:db8::7".parse().unwrap()));
        let read = |which| Claim::read(&ID.replace("6/2001:db8::7", which)).unwrap().loan.which;
        assert_eq!(read("4/any"), Which::Any);
        assert_eq!(read("4/any-but-192.0.2.7"), Which::Besides("192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn what_somebody_else_wrote_is_no_id_of_ours() {
        for other in [
            String::new(),
            ID.replace("patina", "someone"),
            ID.replace("v1", "v2"),
            ID.replace("/6/", "/5/"),
            ID.replace("2001:db8::7", "2001:0db8::7"),
            ID.replace("2001:db8::7", "any-but-"),
            ID.replace("2001:db8::7", "any-but-2001:0db8::7"),
            format!("{ID}/more"),
            ID.replace("shop", &"s".repeat(LONGEST)),
        ] {
            assert_eq!(Claim::read(&other), None, "{other}");
        }
    }
}
