//! Planning for many Services: whole, and for one that has come or gone; in pools of several shapes; and what it keeps.

mod shapes;

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use k8s_openapi::api::core::v1::Service as ApiService;
use patina::addr::Family;
use patina::alloc::{Plan, Policy, plan, replan};
use patina::api::IPAddressPool;
use patina::config::Config;
use patina::name::ObjectKey;
use patina::reconcile::{Controller, CrdFlavor};
use patina::time::WallTime;
use patina::world::{Kind, Object, Pool, Service, Touched, World};
use serde_json::json;

use crate::clock::Stopwatch;
use crate::memory::Memory;
use crate::report::{Report, milliseconds, quantiles};

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many Services.
    #[arg(long, default_value_t = 10_000)]
    services: usize,
    /// How often.
    #[arg(long, default_value_t = 20)]
    runs: usize,
}

/// Addresses for benchmarks (RFC 2544).
const SLASH_15: &str = "198.18.0.0/15";
/// The date of all plans.
const NOW: WallTime = WallTime(1_700_000_000);

/// Runs the benchmark.
pub(crate) fn run(arguments: &Arguments) -> Result<Report> {
    let (count, runs) = (arguments.services, arguments.runs);
    let mut report = Report::default();
    let before = Memory::of(std::process::id())?;
    let cluster = Cluster::new(count, &[SLASH_15.to_owned()]);
    let empty = cluster.plan(&Plan::default());
    let kept = Memory::of(std::process::id())?.grown_since(&before) / count.max(1) as u64;
    report.say(format!("memory for each of {count} Services, known and planned"), format!("{kept} bytes"));
    let settled = cluster.settled(&empty);
    let last = settled.plan(&Plan::default());
    let mut say = |what: String, times| {
        let Some((middle, high)) = quantiles(times) else { return };
        report.say(what, format!("p50 {}, p99 {}", milliseconds(middle), milliseconds(high)));
    };
    say(format!("{count} Services, none has an address"), times(runs, || cluster.plan(&Plan::default())));
    say(format!("{count} Services, each keeps its address"), times(runs, || settled.plan(&Plan::default())));
    say(format!("one more Service beside {count}"), settled.one_comes(runs, &last));
    say(format!("one of {count} Services goes, and frees its address"), settled.one_goes(runs, &last));
    say(format!("what is due on all of {count}"), times(runs, || settled.review(&last)));
    shapes::measure(runs, &mut report);
    Ok(report)
}

fn times<T>(runs: usize, work: impl Fn() -> T) -> Vec<Duration> {
    let once = |_| {
        let watch = Stopwatch::start();
        let result = work();
        let time = watch.elapsed();
        drop(result);
        time
    };
    (0..runs).map(once).collect()
}

/// Services and one pool that is large enough.
#[derive(Clone)]
struct Cluster {
    world: World,
    config: Config,
    policy: Policy,
}

impl Cluster {
    fn new(count: usize, addresses: &[String]) -> Self {
        let family = if addresses.iter().all(|range| range.contains(':')) { Family::V6 } else { Family::V4 };
        let mut world = World::default();
        world.reset(Kind::Pool, vec![Object::Pool(pool(addresses))]);
        world.reset(Kind::Service, (0..count).map(|i| Object::Service(service(i, family))).collect());
        let (config, _) = Config::build(&world.written(), &Config::default());
        Self { world, config, policy: Policy::default() }
    }

    fn plan(&self, last: &Plan) -> Plan {
        plan(&self.world, &self.config, &self.policy, last, NOW)
    }

    /// As it is when everything that was decided stands in the statuses.
    fn settled(&self, plan: &Plan) -> Self {
        let mut settled = self.clone();
        for (key, holding) in plan.ledger().holdings() {
            let Some(service) = self.world.service(key) else { continue };
            let ingress = holding.addresses.iter().collect();
            settled.world.apply(Object::Service(Service { ingress, ..service.clone() }));
        }
        settled
    }

    fn one_comes(&self, runs: usize, last: &Plan) -> Vec<Duration> {
        let mut cluster = self.clone();
        let touched = cluster.world.apply(Object::Service(service(usize::MAX, Family::V4)));
        cluster.replan(runs, last, &touched)
    }

    fn one_goes(&self, runs: usize, last: &Plan) -> Vec<Duration> {
        let mut cluster = self.clone();
        let touched = cluster.world.delete(Kind::Service, &ObjectKey::new("web", name(0)));
        cluster.replan(runs, last, &touched)
    }

    fn replan(&self, runs: usize, last: &Plan, touched: &Touched) -> Vec<Duration> {
        let once = |_| {
            let last = last.clone();
            let watch = Stopwatch::start();
            let planned = replan(&self.world, &self.config, &self.policy, last, touched, NOW);
            let time = watch.elapsed();
            drop(planned);
            time
        };
        (0..runs).map(once).collect()
    }

    fn review(&self, plan: &Plan) -> usize {
        let controller = Controller {
            world: &self.world,
            config: &self.config,
            problems: &[],
            plan,
            crds: CrdFlavor::Ours,
        };
        controller.review_all().effects.len()
    }
}

fn name(i: usize) -> String {
    format!("service-{i:05}")
}

#[expect(clippy::unwrap_used, reason = "both objects are written here")]
fn pool(addresses: &[String]) -> Pool {
    let pool: IPAddressPool = serde_json::from_value(json!({
        "metadata": { "name": "bench", "namespace": "metallb-system" },
        "spec": { "addresses": addresses },
    }))
    .unwrap();
    Pool::from(&pool)
}

#[expect(clippy::unwrap_used, reason = "both objects are written here")]
fn service(i: usize, family: Family) -> Service {
    let cluster_ip = match family {
        Family::V4 => "10.96.0.1",
        Family::V6 => "fd00:96::1",
    };
    let service: ApiService = serde_json::from_value(json!({
        "metadata": { "name": name(i), "namespace": "web", "uid": format!("{i:032x}"), "resourceVersion": "1" },
        "spec": {
            "type": "LoadBalancer",
            "clusterIPs": [cluster_ip],
            "ipFamilies": [family.to_string()],
            "ports": [{ "port": 80 }],
            "selector": { "app": name(i) },
        },
    }))
    .unwrap();
    Service::from(&service)
}
