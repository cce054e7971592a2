//! What was seen of one kind, and what of it is still to be told. No waiting and no clock in here.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DynamicObject;
use kube::runtime::watcher;
use patina_daemon::notice::Remark;

/// Objects of one kind by uid.
pub(super) struct Backlog {
    read: fn(&DynamicObject) -> Option<Remark>,
    seen: BTreeMap<String, Sighting>,
    /// Those of the list that is arriving.
    listed: BTreeSet<String>,
}

/// The last generation seen of an object. A generation changes with `spec` and with nothing else.
struct Sighting {
    generation: Option<i64>,
    /// What is to be told of it, until it is.
    due: Option<Remark>,
}

impl Backlog {
    /// Nothing was seen yet. `read` says what is to be told of an object.
    pub(super) fn new(read: fn(&DynamicObject) -> Option<Remark>) -> Self {
        Self { read, seen: BTreeMap::new(), listed: BTreeSet::new() }
    }

    /// Takes what the watch says.
    pub(super) fn take(&mut self, event: watcher::Event<DynamicObject>) {
        match event {
            watcher::Event::Init => self.listed.clear(),
            watcher::Event::InitApply(object) => {
                self.listed.insert(uid(&object));
                self.see(&object);
            }
            watcher::Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                self.seen.retain(|uid, _| listed.contains(uid));
            }
            watcher::Event::Apply(object) => self.see(&object),
            watcher::Event::Delete(object) => {
                self.seen.remove(&uid(&object));
            }
        }
    }

    fn see(&mut self, object: &DynamicObject) {
        let (uid, generation) = (uid(object), object.metadata.generation);
        if self.seen.get(&uid).is_some_and(|sighting| sighting.generation == generation) {
            return;
        }
        self.seen.insert(uid, Sighting { generation, due: (self.read)(object) });
    }

    /// Everything that is to be told, each once.
    pub(super) fn poll(&mut self) -> impl Iterator<Item = Remark> {
        self.seen.values_mut().filter_map(|sighting| sighting.due.take())
    }
}

fn uid(object: &DynamicObject) -> String {
    object.metadata.uid.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kube::api::ApiResource;
    use patina::api::bgp::Community;
    use watcher::Event::{Apply, Delete, Init, InitApply, InitDone};

    use super::*;
    use crate::unsupported::remark;

    fn backlog() -> Backlog {
        Backlog::new(remark::<Community>)
    }

    fn object(name: &str, generation: i64) -> DynamicObject {
        let mut object = DynamicObject::new(name, &ApiResource::erase::<Community>(&()));
        object.metadata.uid = Some(format!("uid of {name}"));
        object.metadata.generation = Some(generation);
        object
    }

    fn told(backlog: &mut Backlog) -> Vec<String> {
        backlog.poll().filter_map(|remark| remark.regarding.name).collect()
    }

    #[test]
    fn each_generation_of_an_object_is_told_once() {
        let mut backlog = backlog();
        backlog.take(Apply(object("a", 1)));
        assert_eq!(told(&mut backlog), ["a"]);
        backlog.take(Apply(object("a", 1)));
        assert!(told(&mut backlog).is_empty());
        backlog.take(Apply(object("a", 2)));
        assert_eq!(told(&mut backlog), ["a"]);
    }

    #[test]
    fn a_list_that_comes_again_repeats_nothing() {
        let mut backlog = backlog();
        for expected in [vec!["a", "b"], vec![]] {
            [Init, InitApply(object("a", 1)), InitApply(object("b", 1)), InitDone]
                .into_iter()
                .for_each(|event| backlog.take(event));
            assert_eq!(told(&mut backlog), expected);
        }
    }

    #[test]
    fn an_object_that_went_before_its_turn_is_not_told() {
        let mut backlog = backlog();
        ["a", "b", "c"].into_iter().for_each(|name| backlog.take(Apply(object(name, 1))));
        backlog.take(Delete(object("a", 1)));
        [Init, InitApply(object("c", 1)), InitDone].into_iter().for_each(|event| backlog.take(event));
        assert_eq!(told(&mut backlog), ["c"]);
    }
}
