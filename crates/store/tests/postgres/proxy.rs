//! A way to the server that can be cut in the moment of a commit.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

use crate::database::shared;

/// Where the connection of the next `COMMIT` is cut.
pub(crate) enum Cut {
    /// The server commits, but its answer is lost.
    Answer,
    /// The server never hears of it.
    Command,
    /// The server hears of it when this is told.
    Late(oneshot::Receiver<()>),
}

pub(crate) struct Proxy {
    folder: TempDir,
    cut: Arc<Mutex<Option<Cut>>>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Proxy {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let cut = Arc::new(Mutex::new(None));
        let next = Arc::clone(&cut);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(shared().folder().join(SOCKET)).await.unwrap();
                tokio::spawn(pass_on(client, server, Arc::clone(&next)));
            }
        });
        Self { folder, cut }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=repass", self.folder.path().display())
    }

    pub(crate) fn cut_next_commit(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.cut.lock().unwrap().is_none()
    }
}

/// Ends, and with it the connection, when either side does or it is cut.
async fn pass_on(mut client: UnixStream, mut server: UnixStream, cut: Arc<Mutex<Option<Cut>>>) {
    let (mut command, mut answer) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut command) => {
                let Ok(length @ 1..) = read else { return };
                let command = &command[..length];
                let commits = command.windows(7).any(|bytes| bytes == b"COMMIT\0");
                let cut = if commits { cut.lock().unwrap().take() } else { None };
                match cut {
                    None => {}
                    Some(Cut::Command) => return,
                    Some(Cut::Answer) => {
                        server.write_all(command).await.unwrap();
                        assert_ne!(server.read(&mut answer).await.unwrap(), 0);
                        return;
                    }
                    Some(Cut::Late(told)) => {
                        drop(client);
                        told.await.unwrap();
                        server.write_all(command).await.unwrap();
                        assert_ne!(server.read(&mut answer).await.unwrap(), 0);
                        return;
                    }
                }
                if server.write_all(command).await.is_err() { return }
            }
            read = server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answer[..length]).await.is_err() { return }
            }
        }
    }
}
