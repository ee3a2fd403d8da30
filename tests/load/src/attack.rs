//! One caller's changes while other clients attack.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use repass_core::HasherOptions;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::accounts;
use crate::connection::{Changer, Connection};
use crate::figures::percentile;
use crate::server::Server;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Changes of the caller, one a second, without an attack and during each.
    #[arg(long, default_value_t = 20)]
    changes: u32,
    /// Only this attack.
    #[arg(long)]
    attack: Option<Attack>,
}

/// An attack. Its connections come from up to 250 addresses.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Attack {
    /// Guesses for unknown accounts at an API without authentication.
    UnknownAccounts,
    /// Guesses for one account, which is soon locked out.
    LockedAccount,
    /// HTTP/2 connections without a request.
    IdleConnections,
    /// HTTP/2 connections with 64 streams each, whose heads are as large as allowed, without a
    /// body.
    LargeHeads,
}

const ATTACKS: [(Attack, usize); 4] = [
    (Attack::UnknownAccounts, 300),
    (Attack::LockedAccount, 400),
    (Attack::IdleConnections, 1100),
    (Attack::LargeHeads, 300),
];

const MIB: u64 = 1024 * 1024;

pub(crate) async fn run(options: &Options, repassd: &Path) {
    println!("| attack | statuses | p50 | p99 | p99 to idle p50 | memory before, during, after |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    let chosen = |attack: &Attack| options.attack.is_none_or(|only| only == *attack);
    for (attack, count) in ATTACKS.into_iter().filter(|(attack, _)| chosen(attack)) {
        let server = Server::start_with(repassd, "[api.customer]\nrealm = 'customer'");
        let hashing = HasherOptions::default();
        let credentials = accounts::add(&server.database(), &hashing, 1).await.remove(0);
        let mut caller = Changer::open(server.address, credentials.clone()).await;
        let (_, idle) = changes(&mut caller, options.changes).await;
        let idle = percentile(&idle, 50);

        let before = server.resident_bytes();
        let mut attackers = JoinSet::new();
        for number in 0..count {
            attackers.spawn_local(attack.run(server.address, number));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut caller = match attack {
            // Idle connections keep out a caller without a connection.
            Attack::IdleConnections => Changer::reopen(server.address, caller).await,
            _ => caller,
        };
        let (statuses, latencies) = changes(&mut caller, options.changes).await;
        let during = server.resident_bytes();
        attackers.shutdown().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = server.resident_bytes();
        server.stop();

        let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
        println!(
            "| {attack:?}, {count} connections | {statuses:?} | {:.0} ms | {:.0} ms | {:.2} | \
             {}, {}, {} MiB |",
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3,
            p99.as_secs_f64() / idle.as_secs_f64(),
            before / MIB,
            during / MIB,
            after / MIB
        );
    }
}

/// Makes one change a second. Returns the number of each status, and the latencies.
async fn changes(caller: &mut Changer, count: u32) -> (BTreeMap<u16, usize>, Vec<Duration>) {
    let (mut statuses, mut latencies) = (BTreeMap::new(), Vec::new());
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..count {
        ticks.tick().await;
        let begun = Instant::now();
        // Status 0: no answer.
        let status = caller.change().await.map_or(0, |outcome| outcome.status.as_u16());
        latencies.push(begun.elapsed());
        *statuses.entry(status).or_default() += 1;
    }
    (statuses, latencies)
}

impl Attack {
    /// Attacks until it is aborted.
    async fn run(self, address: SocketAddr, number: usize) {
        let socket = TcpSocket::new_v4().unwrap();
        let last = u8::try_from(number % 250).unwrap();
        socket.bind(([127, 0, 1, last + 1], 0).into()).unwrap();
        let Ok(stream) = socket.connect(address).await else { return };
        match self {
            Self::UnknownAccounts => {
                guess(stream, |guess| (guess * 10_000 + number).to_string()).await;
            }
            Self::LockedAccount => guess(stream, |_| "1".to_owned()).await,
            Self::IdleConnections => hold(stream, preface()).await,
            Self::LargeHeads => hold(stream, [preface(), large_heads(64)].concat()).await,
        }
    }
}

/// Sends guesses, each for the account that `account` names, a hexadecimal number.
async fn guess(stream: TcpStream, account: impl Fn(usize) -> String) {
    let mut connection = Connection::new(stream);
    for number in 0.. {
        let body = format!(
            r#"{{"UserId":"{:0>8}-0000-0000-0000-000000000000","OldPassword":"a guess","NewPassword":"a new password to be set"}}"#,
            account(number)
        );
        let request = format!(
            "POST /api/Customer/UpdateUserPassword HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if connection.exchange(&request).await.is_err() {
            return;
        }
    }
}

/// Sends bytes, and keeps the connection.
async fn hold(mut stream: TcpStream, bytes: Vec<u8>) {
    let _ = stream.write_all(&bytes).await;
    std::future::pending::<()>().await;
}

/// The beginning of an HTTP/2 connection (RFC 9113, 3.4), with empty settings.
fn preface() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat()
}

/// Returns heads on `count` streams: each is 300 bytes long, and almost 16 KiB decoded (RFC 7541),
/// by references to one field.
fn large_heads(count: u32) -> Vec<u8> {
    let path = b"/api/Customer/UpdateUserPassword";
    let mut head = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    head.extend_from_slice(path);
    head.extend_from_slice(&[0x01, 1, b'h']);
    let type_ = b"application/json";
    head.extend_from_slice(&[0x0F, 0x10, u8::try_from(type_.len()).unwrap()]);
    head.extend_from_slice(type_);
    // A field of 32 + 1 + 120 bytes, which enters the table as number 62.
    head.extend_from_slice(&[0x40, 1, b'x', 120]);
    head.extend_from_slice(&[b'v'; 120]);
    head.extend_from_slice(&[0x80 | 62; 90]);
    let stream = |number| frame(1, 0x4, 2 * number + 1, &head);
    (0..count).flat_map(stream).collect()
}

/// Returns a frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
