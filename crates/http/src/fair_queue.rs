use std::collections::VecDeque;
use std::net::IpAddr;

use crate::peer::client_network;

/// The source of a waiting change: its API, whether its caller has credentials, and its network.
/// Sources take turns: first the APIs, with their callers with and without credentials apart, and
/// within those the networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    class: Class,
    network: Option<IpAddr>,
}

impl Source {
    /// `is_authenticated` tells whether the caller has presented a key or token.
    pub(crate) fn new(mount: &str, is_authenticated: bool, peer: Option<IpAddr>) -> Self {
        Self { class: (mount.to_owned(), is_authenticated), network: peer.map(client_network) }
    }

    /// Returns whether the caller has presented a key or token.
    pub(crate) const fn is_authenticated(&self) -> bool {
        self.class.1
    }
}

/// The name of a mount, and whether the callers have presented a key or token.
type Class = (String, bool);

/// Items that wait for their turn, in the order of arrival for each source.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    /// The next one first.
    classes: VecDeque<(Class, Networks<T>)>,
    len: usize,
}

/// The next one first. None is empty.
type Networks<T> = VecDeque<(Option<IpAddr>, VecDeque<(u64, T)>)>;

impl<T> FairQueue<T> {
    pub(crate) const fn new() -> Self {
        Self { classes: VecDeque::new(), len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Adds an item, with a number of its own.
    pub(crate) fn push(&mut self, source: &Source, number: u64, item: T) {
        let networks = entry(&mut self.classes, &source.class);
        entry(networks, &source.network).push_back((number, item));
        self.len += 1;
    }

    /// Removes the item whose turn it is, and returns it with whether its caller has credentials.
    /// Without `anonymous`, the turns of callers without them are passed over.
    pub(crate) fn pop(&mut self, anonymous: bool) -> Option<(bool, T)> {
        let next = self.classes.iter().position(|(class, _)| anonymous || class.1)?;
        let (class, mut networks) = self.classes.remove(next)?;
        let is_authenticated = class.1;
        let (network, mut items) = networks.pop_front()?;
        let (_, item) = items.pop_front()?;
        if !items.is_empty() {
            networks.push_back((network, items));
        }
        if !networks.is_empty() {
            self.classes.push_back((class, networks));
        }
        self.len -= 1;
        Some((is_authenticated, item))
    }

    /// Removes the item with this number.
    pub(crate) fn remove(&mut self, source: &Source, number: u64) -> Option<T> {
        let class = self.classes.iter().position(|(class, _)| *class == source.class)?;
        let networks = &mut self.classes[class].1;
        let network = networks.iter().position(|(network, _)| *network == source.network)?;
        let items = &mut networks[network].1;
        let item = items.iter().position(|(other, _)| *other == number)?;
        let (_, removed) = items.remove(item)?;
        if items.is_empty() {
            networks.remove(network);
        }
        if networks.is_empty() {
            self.classes.remove(class);
        }
        self.len -= 1;
        Some(removed)
    }

    /// Removes the newest item of the network with the most items in the class with the most items.
    pub(crate) fn pop_largest(&mut self) -> Option<T> {
        let in_class = |networks: &Networks<T>| -> usize {
            networks.iter().map(|(_, items)| items.len()).sum()
        };
        let (class, networks) =
            self.classes.iter().max_by_key(|(_, networks)| in_class(networks))?;
        let (network, items) = networks.iter().max_by_key(|(_, items)| items.len())?;
        let (number, _) = items.back()?;
        let (source, number) = (Source { class: class.clone(), network: *network }, *number);
        self.remove(&source, number)
    }
}

/// Returns the value of a key, which is added at the end if it is missing.
fn entry<'a, K: PartialEq + Clone, V: Default>(
    entries: &'a mut VecDeque<(K, V)>,
    key: &K,
) -> &'a mut V {
    let index = entries.iter().position(|(other, _)| other == key).unwrap_or_else(|| {
        entries.push_back((key.clone(), V::default()));
        entries.len() - 1
    });
    &mut entries[index].1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(mount: &str, is_authenticated: bool, peer: &str) -> Source {
        Source::new(mount, is_authenticated, Some(peer.parse().unwrap()))
    }

    fn popped(queue: &mut FairQueue<u64>) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(true)).map(|(_, number)| number).collect()
    }

    /// Proves W4.
    #[test]
    fn w4_apis_callers_and_networks_take_turns() {
        let mut queue = FairQueue::new();
        let sources = [
            source("customer", false, "192.0.2.1"),
            source("customer", false, "192.0.2.1"),
            source("customer", false, "192.0.2.1"),
            source("customer", false, "192.0.2.2"),
            source("customer", true, "192.0.2.1"),
            source("etna", true, "192.0.2.1"),
            source("etna", true, "192.0.2.1"),
        ];
        for (number, source) in (0..).zip(&sources) {
            queue.push(source, number, number);
        }
        assert_eq!(queue.len(), 7);
        assert_eq!(queue.pop(false), Some((true, 4)), "those without credentials are passed over");
        queue.push(&sources[4], 4, 4);
        assert_eq!(popped(&mut queue), [0, 5, 4, 3, 6, 1, 2]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_newest_of_the_largest_source_is_removed() {
        let mut queue = FairQueue::new();
        let (few, many, alone) = (
            source("customer", false, "192.0.2.1"),
            source("customer", false, "192.0.2.2"),
            source("etna", false, "192.0.2.2"),
        );
        for (number, source) in (0..).zip([&alone, &alone, &few, &many, &many]) {
            queue.push(source, number, number);
        }
        assert_eq!(queue.pop_largest(), Some(4));
        assert_eq!(queue.remove(&few, 2), Some(2));
        assert_eq!(queue.remove(&few, 2), None);
        assert_eq!(queue.pop_largest(), Some(1));
        assert_eq!(popped(&mut queue), [0, 3]);
        assert_eq!(queue.pop_largest(), None);
    }
}
