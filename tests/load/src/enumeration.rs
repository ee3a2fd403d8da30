//! Whether the times of refused verifications tell which accounts exist.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use repass_core::{
    Argon2idHasher, Engine, HashProfile, Hasher, HasherOptions, ImportedPassword, NewAccount,
    NewImport, Plaintext, Policy, PolicyContext, Profile, SystemRandomness,
};
use tokio::net::TcpStream;

use crate::accounts;
use crate::connection::Connection;
use crate::figures::{median, welch};
use crate::server::Server;
use crate::verify::request;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Tries of each case. The cases take turns, each time in another order.
    #[arg(long, default_value_t = 2000)]
    tries: usize,
}

/// A refused verification.
struct Case {
    name: &'static str,
    /// The member that names the account.
    member: &'static str,
    /// The name of the account of a try; the same for each try if it has no `#`.
    account: &'static str,
    /// Cases of one group must not be distinguishable.
    group: u8,
}

const CASES: [Case; 8] = [
    case("unknown user id", "user_id", "unknown-#", 0),
    case("wrong password", "user_id", "active1-#", 0),
    case("wrong password, inactive", "user_id", "passive-#", 0),
    case("no password", "user_id", "without-#", 0),
    case("unknown e-mail", "email", "unknown-#@example.org", 1),
    case("wrong password by e-mail", "email", "active2-#@example.org", 1),
    case("locked, unknown user id", "user_id", "unknown", 2),
    case("locked account", "user_id", "active0", 2),
];

const fn case(name: &'static str, member: &'static str, account: &'static str, group: u8) -> Case {
    Case { name, member, account, group }
}

pub(crate) async fn run(options: &Options, repassd: &Path) {
    let hashing = HasherOptions { profile: HashProfile::OWASP, ..HasherOptions::default() };
    // The lockout of the locked cases does not end meanwhile.
    let lockout = "[lockout]\nthreshold = 3\ninitial_delay = '1h'\nmax_delay = '1h'";
    let tables = format!("{lockout}\n[hashing]\nprofile = 'owasp'");
    let server = Server::start_with(repassd, &tables);
    let (store, engine) = accounts::open(&server.database(), &hashing).await;
    let key = accounts::issue_admin_key(&engine).await;
    add_accounts(&engine, &hashing, options.tries).await;
    drop(engine);
    store.close().await.unwrap();

    let mut connection = Connection::new(TcpStream::connect(server.admin_api).await.unwrap());
    for case in CASES.iter().filter(|case| case.group == 2) {
        for _ in 0..3 {
            case.try_once(&mut connection, &key, 0).await;
        }
    }
    // Warms up caches.
    for number in 0..20 {
        let unknown = request(&key, "user_id", &format!("nobody-{number}"), "a wrong password");
        connection.exchange(&unknown).await.expect("an answer");
    }
    let mut times: Vec<Vec<f64>> = CASES.iter().map(|_| Vec::new()).collect();
    let mut answers: Vec<Option<String>> = CASES.iter().map(|_| None).collect();
    let mut order: Vec<usize> = (0..CASES.len()).collect();
    let mut shuffled = Shuffle(1);
    for number in 0..options.tries {
        shuffled.shuffle(&mut order);
        for at in &order {
            let (took, answer) = CASES[*at].try_once(&mut connection, &key, number).await;
            times[*at].push(took.as_secs_f64() * 1e6);
            let first = answers[*at].get_or_insert_with(|| answer.clone());
            assert_eq!(*first, answer, "{}: each answer is the same", CASES[*at].name);
        }
    }
    server.stop();
    print(&times, &answers);
}

fn print(times: &[Vec<f64>], answers: &[Option<String>]) {
    println!("| pair | medians | t, all | t, without the slowest tenth | answers |");
    println!("| --- | ---: | ---: | ---: | --- |");
    for (one, first) in CASES.iter().enumerate() {
        for (other, second) in CASES.iter().enumerate().skip(one + 1) {
            if first.group != second.group {
                continue;
            }
            let (own, others) = (&times[one], &times[other]);
            let mut pooled = [own.as_slice(), others.as_slice()].concat();
            pooled.sort_by(f64::total_cmp);
            let bound = pooled[pooled.len() * 9 / 10];
            let cropped = |all: &[f64]| -> Vec<f64> {
                all.iter().copied().filter(|time| *time < bound).collect()
            };
            let is_same = answers[one] == answers[other];
            println!(
                "| {}; {} | {:.0}, {:.0} µs | {:.2} | {:.2} | {} |",
                first.name,
                second.name,
                median(own.clone()),
                median(others.clone()),
                welch(own, others),
                welch(&cropped(own), &cropped(others)),
                if is_same { "equal" } else { "DIFFERENT" }
            );
        }
    }
    println!("Goal: each |t| below 4.5, all answers equal.");
}

impl Case {
    /// Sends one try. Returns the latency, and the answer without the values that differ for each
    /// request: its id, the time, and the remaining time of a lockout.
    async fn try_once(
        &self,
        connection: &mut Connection,
        key: &str,
        number: usize,
    ) -> (Duration, String) {
        let account = self.account.replace('#', &format!("{number:0>6}"));
        let request = request(key, self.member, &account, "a wrong password");
        let outcome = connection.exchange(&request).await.expect("an answer");
        let own = |line: &&str| !["x-request-id:", "date:"].iter().any(|it| line.starts_with(it));
        let head: Vec<&str> = connection.head().lines().filter(own).collect();
        let body = str::from_utf8(connection.body()).unwrap();
        let body = match self.group {
            2 => body.replace(|digit: char| digit.is_ascii_digit(), ""),
            _ => body.to_owned(),
        };
        (outcome.latency, format!("{}\n{body}", head.join("\n")))
    }
}

/// Adds the accounts of all cases, which share one hash.
async fn add_accounts(engine: &Engine, hashing: &HasherOptions, tries: usize) {
    let hasher = Argon2idHasher::start(hashing, Arc::new(SystemRandomness)).unwrap();
    let text = Arc::new(Plaintext::from("the right password of every account"));
    let accepted = Policy::nist_800_63b_4().accept(text, &PolicyContext::default()).unwrap();
    let hash = hasher.hash(accepted).await.unwrap();
    let mut accounts = vec!["active0".to_owned()];
    for name in ["active1", "active2", "passive", "without"] {
        accounts.extend((0..tries).map(|number| format!("{name}-{number:0>6}")));
    }
    for names in accounts.chunks(500) {
        let import = |name: &String| NewImport {
            account: NewAccount {
                realm: "etna".parse().unwrap(),
                user_id: name.parse().unwrap(),
                email: Some(format!("{name}@example.org").parse().unwrap()),
                username: None,
                profile: Profile::default(),
            },
            active: Some(!name.starts_with("passive")),
            created_at: None,
            updated_at: None,
            password: (!name.starts_with("without"))
                .then(|| ImportedPassword { hash: hash.clone(), changed_at: None }),
        };
        let imports = names.iter().map(import).collect();
        engine.administration().import_accounts(imports, false).await.unwrap();
    }
}

/// A linear congruential generator.
struct Shuffle(u64);

impl Shuffle {
    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let random = usize::try_from(self.0 >> 33).unwrap();
            order.swap(last, random % (last + 1));
        }
    }
}
