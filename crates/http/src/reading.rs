use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::body::{BodyError, Limits};
use crate::peer::client_network;

/// The reserved parts of [`Limits::reading_bytes`].
#[derive(Debug)]
pub(crate) struct Reading {
    limit: usize,
    reserved: Mutex<Reserved>,
}

#[derive(Debug, Default)]
pub(crate) struct Reserved {
    pub(crate) total: usize,
    clients: HashMap<IpAddr, usize>,
}

impl Reading {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limit: limits.reading_bytes, reserved: Mutex::default() }
    }

    pub(crate) fn reserved(&self) -> MutexGuard<'_, Reserved> {
        // No method panics between two writes.
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of [`Limits::reading_bytes`] that one request has reserved.
pub(crate) struct ReadBudget<'a> {
    reading: &'a Reading,
    client: Option<IpAddr>,
    bytes: usize,
}

impl<'a> ReadBudget<'a> {
    /// Memory of a request without its body, in bytes.
    pub(crate) const HEAD: usize = 4096;

    /// Reserves the memory of a head. Returns `None` if the limit is reached.
    pub(crate) fn for_head(reading: &'a Reading, peer: Option<IpAddr>) -> Option<Self> {
        let mut budget = Self { reading, client: peer.map(client_network), bytes: 0 };
        budget.reserve(Self::HEAD).ok()?;
        Some(budget)
    }

    /// Reserves more memory.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), BodyError> {
        let (limit, mut reserved) = (self.reading.limit, self.reading.reserved());
        if bytes > limit - reserved.total {
            return Err(BodyError::Overloaded);
        }
        if let Some(client) = self.client {
            let of_client = reserved.clients.get(&client).copied().unwrap_or_default() + bytes;
            if of_client > limit.div_ceil(2) {
                return Err(BodyError::Overloaded);
            }
            reserved.clients.insert(client, of_client);
        }
        reserved.total += bytes;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for ReadBudget<'_> {
    fn drop(&mut self) {
        let mut reserved = self.reading.reserved();
        reserved.total -= self.bytes;
        if let Some(Entry::Occupied(mut client)) =
            self.client.map(|client| reserved.clients.entry(client))
        {
            *client.get_mut() -= self.bytes;
            if *client.get() == 0 {
                client.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves W4.
    #[test]
    fn w4_one_client_gets_half_of_the_memory() {
        let reading = Reading::new(Limits { reading_bytes: 16 * 1024, ..Limits::default() });
        let for_head = |client: &str| ReadBudget::for_head(&reading, client.parse().ok());
        let held = [for_head("192.0.2.1"), for_head("192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(for_head("192.0.2.1").is_none());
        assert!(for_head("192.0.2.2").is_some());
        drop(held);
        assert!(for_head("192.0.2.1").is_some());
        assert!(reading.reserved().clients.is_empty());
    }
}
