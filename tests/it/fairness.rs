//! Callers of one API while another one is flooded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use repass_tests::{FIRST_PASSWORD, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::requests::{change, good_request};
use crate::test_context::NEW;

/// A server that is overloaded by a few guesses at once.
const SLOW: &str = "[hashing]\nprofile = 'rfc-9106-second'\nthreads = 1\nqueue = 4\ndeadline = '1h'\n\
     [lockout]\nthreshold = 100\n";

/// Proves W4.
#[tokio::test(flavor = "multi_thread")]
async fn w4_a_flood_of_guesses_at_one_api_refuses_no_caller_of_another() {
    let server = Server::builder().tables(SLOW).start().await;
    let operator = server.operator().await;
    let good = good_request(&operator, "etna", NEW).await;
    let wrong = good.replace(FIRST_PASSWORD, "a wrong guess");
    let stop = Arc::new(AtomicBool::new(false));
    let (refused, mut refusals) = mpsc::unbounded_channel();
    let mut attackers = JoinSet::new();
    for attacker in 0..16_u128 {
        let (client, stop, refused) = (server.client(), Arc::clone(&stop), refused.clone());
        attackers.spawn(async move {
            for guess in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let account = Uuid::from_u128((attacker << 64) + guess).to_string();
                let answer = change(&client, &account, "a guess", NEW).await;
                if answer.status == 503 {
                    let _ = refused.send(());
                }
            }
        });
    }
    let mut refused = async || {
        let refusal = tokio::time::timeout(Duration::from_secs(60), refusals.recv());
        refusal.await.expect("a refusal in time").expect("the flood goes on");
    };
    refused().await;
    // Of ten requests, a queue that is not fair would refuse most.
    for _ in 0..10 {
        let answer = wrong.send(&server.client()).await;
        assert_ne!(answer.status, 503, "{}", answer.text());
    }
    let answer = good.send(&server.client()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    refused().await;
    stop.store(true, Ordering::Relaxed);
    attackers.join_all().await;
}

/// Proves W4.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn w4_memory_is_returned_after_a_flood_of_connections() {
    let server = Server::start().await;
    let mut flood = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.client().address()).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        // The head of the first frame of the server.
        stream.read_exact(&mut [0; 9]).await.unwrap();
        flood.push(stream);
    }
    let during = server.resident_kib();
    drop(flood);
    let returned = async {
        while server.resident_kib() > during - 3 * 1024 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let returned = tokio::time::timeout(Duration::from_secs(60), returned).await;
    // Kept memory would be more than during the flood, since closing takes some too.
    assert!(returned.is_ok(), "{during} KiB, at last {}", server.resident_kib());
}
