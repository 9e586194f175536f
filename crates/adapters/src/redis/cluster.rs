//! The servers of a cluster. Owns which of them a call goes to, and when it is asked anew who serves what.
//!
//! Each master has a connection of its own, and what one of them does is no other's affair: while one hangs, all calls
//! about the keys of the others go on. The map is asked for when there is a reason to doubt it, in the background and
//! from all nodes that are known, so that it comes from one that answers; until there is a better one, the old one is
//! used. A node that sends a call elsewhere has not run it, so the call goes there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use redis::Value;
use tokio::time::Instant;

use super::dial::Dialer;
use super::failure::{Answer, Failure};
use super::flight::{Flight, locked};
use super::link::{Link, Target};
use super::options::RedisAddress;
use super::script::Call;
use super::slots::SlotMap;

/// So often a call is sent elsewhere at most.
const HOPS_MAX: usize = 4;
/// The map is asked for at most this often.
const PAUSE: Duration = Duration::from_millis(250);

/// The servers of a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    dialer: Arc<Dialer>,
    flight: Flight,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    map: Option<Arc<SlotMap>>,
    links: BTreeMap<RedisAddress, Arc<Link>>,
}

/// A call on its way: its place among all, where it goes, and whether it is about a key on its way there.
struct Hop {
    place: usize,
    to: RedisAddress,
    asking: bool,
}

impl Cluster {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        Self { dialer, flight: Flight::new(PAUSE), known: Mutex::default() }
    }

    /// Carries each call to the master that serves it, all at once, and answers them in their order.
    pub(super) async fn run(
        self: &Arc<Self>,
        calls: &[Call],
        deadline: Instant,
    ) -> Vec<Result<Value, Failure>> {
        let map = match self.map(deadline).await {
            Ok(map) => map,
            Err(failure) => return calls.iter().map(|_| Err(failure.clone())).collect(),
        };
        let mut answers: Vec<Result<Value, Failure>> =
            calls.iter().map(|_| Err(Failure::Uncovered)).collect();
        let first_hop = |(place, call): (usize, &Call)| {
            map.master_of(call.slot()).map(|master| Hop { place, to: master.clone(), asking: false })
        };
        let mut hops: Vec<_> = calls.iter().enumerate().filter_map(first_hop).collect();
        let mut doubtful = hops.len() < calls.len();
        for _ in 0..=HOPS_MAX {
            if hops.is_empty() {
                break;
            }
            let answered = self.hop(calls, hops, deadline).await;
            hops = answered.iter().filter_map(|(place, answer)| next_hop(*place, answer)).collect();
            for (place, answer) in answered {
                doubtful |= answer.as_ref().is_err_and(Failure::doubts_the_map);
                answers[place] = answer;
            }
        }
        if doubtful {
            self.flight.nudge(self.asking());
        }
        answers
    }

    /// For each master a hash tag whose keys live there.
    pub(super) async fn tags(self: &Arc<Self>, deadline: Instant) -> Result<Vec<String>, Failure> {
        self.map(deadline).await.map(|map| map.tags())
    }

    async fn hop(
        self: &Arc<Self>,
        calls: &[Call],
        hops: Vec<Hop>,
        deadline: Instant,
    ) -> Vec<(usize, Result<Value, Failure>)> {
        let mut groups: BTreeMap<(RedisAddress, bool), Vec<usize>> = BTreeMap::new();
        for Hop { place, to, asking } in hops {
            groups.entry((to, asking)).or_default().push(place);
        }
        let groups = groups.into_iter().map(|((to, asking), places)| async move {
            let calls: Vec<&Call> = places.iter().map(|place| &calls[*place]).collect();
            let answers = self.link(&to).run(&calls, asking, deadline).await;
            places.into_iter().zip(answers).collect::<Vec<_>>()
        });
        join_all(groups).await.into_iter().flatten().collect()
    }

    fn link(&self, address: &RedisAddress) -> Arc<Link> {
        let mut known = locked(&self.known);
        if let Some(link) = known.links.get(address) {
            return Arc::clone(link);
        }
        let link = Arc::new(Link::new(Arc::clone(&self.dialer), Target::Named(address.clone())));
        known.links.insert(address.clone(), Arc::clone(&link));
        link
    }

    /// The map as it was last told, or else as it is told now.
    async fn map(self: &Arc<Self>, deadline: Instant) -> Result<Arc<SlotMap>, Failure> {
        loop {
            if let Some(map) = &locked(&self.known).map {
                return Ok(Arc::clone(map));
            }
            self.flight.join(self.asking(), deadline).await?;
        }
    }

    fn asking(
        self: &Arc<Self>,
    ) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> + use<> {
        let cluster = Arc::downgrade(self);
        move || {
            let cluster = cluster.clone();
            Box::pin(async move {
                match cluster.upgrade() {
                    Some(cluster) => cluster.ask_for_the_map().await,
                    None => Err(Failure::Late),
                }
            })
        }
    }

    async fn ask_for_the_map(&self) -> Result<(), Failure> {
        let mut nodes = self.dialer.options().servers.clone();
        if let Some(map) = &locked(&self.known).map {
            nodes.extend(
                map.masters()
                    .into_iter()
                    .filter(|master| !self.dialer.options().servers.contains(master))
                    .cloned(),
            );
        }
        let map = self.dialer.ask(nodes, &SlotMap::question(), SlotMap::read).await?;
        let mut known = locked(&self.known);
        if known.map.as_deref() != Some(&map) {
            tracing::info!(masters = map.masters().len(), "the cluster has told who serves what");
        }
        // The connection to a server that serves nothing any more ends with the calls that are still under way.
        known.links.retain(|address, _| map.masters().contains(address));
        known.map = Some(Arc::new(map));
        Ok(())
    }
}

/// Where a call that was sent away goes.
fn next_hop(place: usize, answer: &Result<Value, Failure>) -> Option<Hop> {
    match answer {
        Err(Failure::Refused { kind: Answer::Moved(to), .. }) => {
            Some(Hop { place, to: to.clone(), asking: false })
        }
        Err(Failure::Refused { kind: Answer::Ask(to), .. }) => {
            Some(Hop { place, to: to.clone(), asking: true })
        }
        _ => None,
    }
}
