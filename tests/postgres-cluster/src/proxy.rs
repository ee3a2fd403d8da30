use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The name of a server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// What commands that commit contain: the statement, or a function of repass's schema that is run
/// alone.
const COMMITS: [&[u8]; 3] = [b"COMMIT\0", b".change_password(", b".finish_attempt("];

/// A proxy for a server that can delay, freeze or cut connections.
#[derive(Debug)]
pub struct Proxy {
    folder: TempDir,
    state: Arc<State>,
}

/// How to cut the connection at the next commit.
#[derive(Debug)]
pub enum Cut {
    /// The server commits, but its answer is lost.
    Answer,
    /// The server does not receive the command.
    Command,
    /// The client loses its connection immediately; the server receives the command after a message
    /// on this channel.
    Late(Receiver<()>),
}

#[derive(Debug)]
struct State {
    server: PathBuf,
    settings: Mutex<Settings>,
    changed: Condvar,
    round_trips: AtomicU64,
}

#[derive(Debug, Default)]
struct Settings {
    delay: Duration,
    frozen: bool,
    refusing: bool,
    cut: Option<Cut>,
    open: Vec<UnixStream>,
}

impl Proxy {
    /// Starts a proxy for the server whose socket is in the folder `server`.
    ///
    /// # Panics
    /// When its socket cannot be created.
    pub fn start(server: impl Into<PathBuf>) -> Self {
        let folder = tempfile::Builder::new().prefix("repass-pp-").tempdir_in("/tmp").unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let state = Arc::new(State {
            server: server.into().join(SOCKET),
            settings: Mutex::default(),
            changed: Condvar::new(),
            round_trips: AtomicU64::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), false) = (client, shared.settings().refusing) else { continue };
                if let Ok(server) = UnixStream::connect(&shared.server) {
                    shared.connect(&client, &server);
                }
            }
        });
        Self { folder, state }
    }

    /// Returns the folder of the proxy's socket, for use as a host.
    pub fn host(&self) -> String {
        self.folder.path().to_str().expect("the folder's name is UTF-8").to_owned()
    }

    /// Returns the URL of a database through the proxy.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=repass", self.host())
    }

    /// Returns the number of times that a client sent data after it was sent an answer. Exact if
    /// answers are [delayed](Self::delay) for longer than a client takes to send what it sends at
    /// once.
    pub fn round_trips(&self) -> u64 {
        self.state.round_trips.load(Ordering::Relaxed)
    }

    /// Delays each answer.
    pub fn delay(&self, delay: Duration) {
        self.state.settings().delay = delay;
    }

    /// Holds back all data until it is set to `false`.
    pub fn freeze(&self, frozen: bool) {
        self.state.settings().frozen = frozen;
        self.state.changed.notify_all();
    }

    /// Closes all connections, and new ones until it is set to `false`.
    pub fn refuse(&self, refusing: bool) {
        let mut settings = self.state.settings();
        settings.refusing = refusing;
        for stream in settings.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Cuts the connection of the next commit.
    pub fn cut_next_commit(&self, cut: Cut) {
        self.state.settings().cut = Some(cut);
    }

    /// Returns whether the connection of a commit was cut.
    pub fn has_cut(&self) -> bool {
        self.state.settings().cut.is_none()
    }
}

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while_frozen(&self) {
        let settings = self.settings();
        drop(self.changed.wait_while(settings, |settings| settings.frozen));
    }

    fn connect(self: &Arc<Self>, client: &UnixStream, server: &UnixStream) {
        let streams = [client, server].map(|stream| stream.try_clone().unwrap());
        self.settings().open.extend(streams);
        let answered = Arc::new(AtomicBool::new(true));
        let (sender, receiver) = channel();
        let (state, from, to) = (Arc::clone(self), clone(server), clone(client));
        let answers = Arc::clone(&answered);
        thread::spawn(move || state.read_answers(from, &sender));
        let state = Arc::clone(self);
        thread::spawn(move || state.write_answers(to, &answers, &receiver));
        let (state, from, to) = (Arc::clone(self), clone(client), clone(server));
        thread::spawn(move || state.pass_commands(from, to, &answered));
    }

    fn read_answers(&self, mut from: UnixStream, to: &Sender<(Instant, Vec<u8>)>) {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + self.settings().delay;
            if to.send((due, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    }

    fn write_answers(
        &self,
        mut to: UnixStream,
        answered: &AtomicBool,
        from: &Receiver<(Instant, Vec<u8>)>,
    ) {
        while let Ok((due, bytes)) = from.recv() {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.wait_while_frozen();
            // Before the client can react to the answer.
            answered.store(true, Ordering::Relaxed);
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    fn pass_commands(&self, mut from: UnixStream, mut to: UnixStream, answered: &AtomicBool) {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let command = &buffer[..length];
            if answered.swap(false, Ordering::Relaxed) {
                self.round_trips.fetch_add(1, Ordering::Relaxed);
            }
            self.wait_while_frozen();
            let commits = COMMITS
                .iter()
                .any(|commit| command.windows(commit.len()).any(|bytes| bytes == *commit));
            let cut = if commits { self.settings().cut.take() } else { None };
            match cut {
                None if to.write_all(command).is_ok() => continue,
                None | Some(Cut::Command) => {}
                Some(Cut::Answer) => {
                    let _ = from.shutdown(Shutdown::Both);
                    send_and_terminate(&mut to, command);
                }
                Some(Cut::Late(signal)) => {
                    let _ = from.shutdown(Shutdown::Both);
                    // The sender is gone if the test has failed.
                    let _ = signal.recv();
                    send_and_terminate(&mut to, command);
                }
            }
            break;
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

/// Sends a command and lets the server complete it before the connection ends.
fn send_and_terminate(server: &mut UnixStream, command: &[u8]) {
    let _ = server.write_all(command);
    // The message Terminate, which the server handles after the command.
    let _ = server.write_all(b"X\0\0\0\x04");
    thread::sleep(Duration::from_millis(500));
}

fn clone(stream: &UnixStream) -> UnixStream {
    stream.try_clone().unwrap()
}
