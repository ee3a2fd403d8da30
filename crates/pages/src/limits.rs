//! Limits for each client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use repass_core::jiff::{SignedDuration, Timestamp};
use repass_http::client_network;

/// Allows each client some requests in a period, by the generic cell rate algorithm: a burst of all
/// of them, and then one each time an equal share of the period has passed.
///
/// It is not the crate `governor`, which has its own clock and no bound on the number of clients.
#[derive(Debug)]
pub(crate) struct ClientLimit {
    interval: SignedDuration,
    burst: SignedDuration,
    /// When each client has no request on its account again. Requests without an address are those
    /// of one client.
    clients: Mutex<HashMap<Option<IpAddr>, Timestamp>>,
}

/// The most clients that are known at one time. Beyond it, the one that has asked least is forgotten.
const MAX_CLIENTS: usize = 10_000;

impl ClientLimit {
    /// Allows `requests` in a period.
    pub(crate) fn new(requests: u32, period: Duration) -> Self {
        let burst = SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX);
        let interval = burst / i32::try_from(requests.max(1)).unwrap_or(i32::MAX);
        Self { interval, burst, clients: Mutex::default() }
    }

    /// Counts a request. Returns an error with the time to wait if the client has used its share.
    pub(crate) fn check(&self, peer: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let client = peer.map(client_network);
        // No method panics while it holds the lock.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.get(&client).copied().unwrap_or(now);
        // A clock that ran ahead limits no longer than a right one.
        let from = known.clamp(now, now.saturating_add(self.burst).unwrap_or(now));
        let next = from.saturating_add(self.interval).unwrap_or(from);
        let excess = next.duration_since(now) - self.burst;
        if excess.is_positive() {
            return Err(excess.try_into().unwrap_or(Duration::ZERO));
        }
        if clients.len() >= MAX_CLIENTS && !clients.contains_key(&client) {
            clients.retain(|_, at| *at > now);
            if clients.len() >= MAX_CLIENTS
                && let Some((least, _)) = clients.iter().min_by_key(|(_, at)| **at)
            {
                let least = *least;
                clients.remove(&least);
            }
        }
        clients.insert(client, next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn each_client_has_its_own_share_which_returns_evenly() {
        let limit = ClientLimit::new(3, Duration::from_secs(60));
        let check = |peer: &str, second| limit.check(peer.parse().ok(), at(second));
        for _ in 0..3 {
            assert_eq!(check("192.0.2.1", 0), Ok(()));
        }
        assert_eq!(check("192.0.2.1", 0), Err(Duration::from_secs(20)));
        assert_eq!(check("192.0.2.1", 15), Err(Duration::from_secs(5)));
        assert_eq!(check("192.0.2.1", 20), Ok(()));
        assert_eq!(check("192.0.2.1", 20), Err(Duration::from_secs(20)));
        assert_eq!(check("192.0.2.2", 20), Ok(()));
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
            assert_eq!(check(address, 0), Ok(()));
        }
        assert!(check("2001:db8::4", 0).is_err(), "a /64 network is one client");
        assert_eq!(check("2001:db8:0:1::1", 0), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_limits_for_no_longer_than_the_period() {
        let limit = ClientLimit::new(1, Duration::from_secs(60));
        assert_eq!(limit.check(None, at(100_000)), Ok(()));
        assert_eq!(limit.check(None, at(0)), Err(Duration::from_secs(60)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let limit = ClientLimit::new(2, Duration::from_secs(60));
        for number in 0..=u32::try_from(MAX_CLIENTS).unwrap() {
            let peer = Ipv4Addr::from_bits(number).into();
            assert_eq!(limit.check(Some(peer), at(0)), Ok(()));
        }
        assert_eq!(limit.clients.lock().unwrap().len(), MAX_CLIENTS);
        assert_eq!(limit.check(None, at(60)), Ok(()));
        assert_eq!(limit.clients.lock().unwrap().len(), 1);
    }
}
