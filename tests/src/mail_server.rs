use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64;
use mail_parser::{Message, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

/// The longest that a message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// An SMTP server (RFC 5321) with `AUTH PLAIN` (RFC 4954) that hands every message to the test, and
/// answers as the test says.
#[derive(Debug)]
pub struct MailServer {
    /// Where it listens.
    pub address: SocketAddr,
    mails: mpsc::UnboundedReceiver<Mail>,
    manners: Arc<Manners>,
}

/// When connections to a server are encrypted.
#[derive(Clone)]
pub enum Encryption {
    /// Never, and there is no `STARTTLS`.
    None,
    /// From the first byte on.
    Implicit(TlsAcceptor),
    /// After `STARTTLS` (RFC 3207). A client can sign in before that.
    StartTls(TlsAcceptor),
}

/// The behavior of a server, and the commands it received.
#[derive(Debug, Default)]
struct Manners {
    recipient_replies: Mutex<VecDeque<&'static str>>,
    breaks_in_data: Mutex<usize>,
    commands: Mutex<Vec<String>>,
    ehlo_name: Mutex<String>,
}

/// A message that waits for its answer.
#[derive(Debug)]
pub struct Mail {
    /// The sender of the envelope.
    pub sender: String,
    /// The recipients of the envelope.
    pub recipients: Vec<String>,
    raw: Vec<u8>,
    answer: oneshot::Sender<&'static str>,
}

impl MailServer {
    const USERNAME: &str = "repass";
    /// The password of that name.
    pub const PASSWORD: &str = "the password of the mail server";

    /// Starts a server without encryption.
    pub async fn start() -> Self {
        Self::start_with(Encryption::None).await
    }

    /// Starts a server with this encryption.
    pub async fn start_with(encryption: Encryption) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mails) = mpsc::unbounded_channel();
        let manners = Arc::new(Manners::default());
        let own = Arc::clone(&manners);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session::new(stream, Arc::clone(&own), sender.clone());
                tokio::spawn(session.run(encryption.clone()));
            }
        });
        Self { address, mails, manners }
    }

    /// The tables `[outbox]` and `[mail]` of a server that sends through it, with short delays.
    /// Lines of `[mail]` may follow. The password is in `mail.password`.
    pub fn tables(&self) -> String {
        format!(
            "[outbox]\npoll = '5ms'\nfirst_wait = '5ms'\nlongest_wait = '5ms'\n\
             [mail]\nserver = '127.0.0.1'\nport = {}\ntls = 'none'\n\
             username = '{}'\npassword_file = 'mail.password'\n\
             from = 'Example Shop <accounts@example.org>'\nproduct = 'Example Shop'\n\
             support_url = 'https://example.org/help'\n",
            self.address.port(),
            Self::USERNAME
        )
    }

    /// The next message.
    pub async fn next(&mut self) -> Mail {
        let next = tokio::time::timeout(PATIENCE, self.mails.recv()).await;
        next.expect("a message comes in time").expect("the server runs")
    }

    /// Returns whether no message waits.
    pub fn is_idle(&self) -> bool {
        self.mails.is_empty()
    }

    /// Gives this answer to the next recipient.
    pub fn answer_recipient(&self, reply: &'static str) {
        self.manners.recipient_replies.lock().unwrap().push_back(reply);
    }

    /// Closes the connection in the middle of the next message.
    pub fn break_in_data(&self) {
        *self.manners.breaks_in_data.lock().unwrap() += 1;
    }

    /// Returns how often this command was received.
    pub fn heard(&self, command: &str) -> usize {
        self.commands().iter().filter(|own| *own == command).count()
    }

    /// Returns the name that the last client said.
    pub fn ehlo_name(&self) -> String {
        self.manners.ehlo_name.lock().unwrap().clone()
    }

    /// Returns all commands received, in order.
    pub fn commands(&self) -> Vec<String> {
        self.manners.commands.lock().unwrap().clone()
    }
}

/// A stream, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
struct Session {
    stream: BufReader<Box<dyn Stream>>,
    /// The acceptor for `STARTTLS`, while that is offered.
    start_tls: Option<TlsAcceptor>,
    manners: Arc<Manners>,
    mails: mpsc::UnboundedSender<Mail>,
    signed_in: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, manners: Arc<Manners>, mails: mpsc::UnboundedSender<Mail>) -> Self {
        let stream = buffered(stream);
        let (signed_in, sender, recipients) = (false, None, Vec::new());
        Self { stream, start_tls: None, manners, mails, signed_in, sender, recipients }
    }

    /// Ends when either side closes.
    async fn run(self, encryption: Encryption) -> Option<()> {
        let session = match encryption {
            Encryption::None => self,
            Encryption::Implicit(tls) => self.encrypted(&tls).await?,
            Encryption::StartTls(tls) => Self { start_tls: Some(tls), ..self },
        };
        session.serve().await
    }

    /// The same connection from here on, unless the client does not trust the certificate.
    async fn encrypted(self, tls: &TlsAcceptor) -> Option<Self> {
        let encrypted = tls.accept(self.stream.into_inner()).await.ok()?;
        Some(Self { stream: buffered(encrypted), ..self })
    }

    async fn serve(mut self) -> Option<()> {
        self.reply("220 mail.example ready").await?;
        loop {
            let line = self.line().await?;
            let line = String::from_utf8(line).ok()?;
            let line = line.trim_end_matches("\r\n");
            let verb = line.split([' ', ':']).next()?.to_ascii_uppercase();
            self.manners.commands.lock().unwrap().push(verb.clone());
            match verb.as_str() {
                "EHLO" => {
                    line[5..].clone_into(&mut self.manners.ehlo_name.lock().unwrap());
                    let start_tls = if self.start_tls.is_some() { "250-STARTTLS\r\n" } else { "" };
                    let offers = format!("250-8BITMIME\r\n{start_tls}250 AUTH PLAIN");
                    self.reply(&format!("250-mail.example\r\n{offers}")).await?;
                }
                "STARTTLS" if self.start_tls.is_some() => {
                    let tls = self.start_tls.take()?;
                    self.reply("220 2.0.0 go ahead").await?;
                    self = self.encrypted(&tls).await?;
                }
                "AUTH" => {
                    self.signed_in = is_right(line);
                    let denied = "535 5.7.8 wrong name or password";
                    self.reply(if self.signed_in { "235 2.7.0 welcome" } else { denied }).await?;
                }
                "MAIL" if !self.signed_in => self.reply("530 5.7.0 sign in first").await?,
                "MAIL" => {
                    self.sender = Some(path(line)?);
                    self.recipients.clear();
                    self.reply("250 2.1.0 go on").await?;
                }
                "RCPT" if self.sender.is_none() => self.reply("503 5.5.1 MAIL first").await?,
                "RCPT" => {
                    let reply = self.manners.recipient_replies.lock().unwrap().pop_front();
                    let reply = reply.unwrap_or("250 2.1.5 go on");
                    if reply.starts_with('2') {
                        self.recipients.push(path(line)?);
                    }
                    self.reply(reply).await?;
                }
                "DATA" if self.recipients.is_empty() => self.reply("503 5.5.1 RCPT first").await?,
                "DATA" => self.data().await?,
                "RSET" | "NOOP" => self.reply("250 2.0.0 well").await?,
                "QUIT" => {
                    self.reply("221 2.0.0 goodbye").await?;
                    return Some(());
                }
                _ => self.reply("500 5.5.2 what?").await?,
            }
        }
    }

    async fn data(&mut self) -> Option<()> {
        self.reply("354 end with a dot").await?;
        let breaks = {
            let mut breaks = self.manners.breaks_in_data.lock().unwrap();
            let now = *breaks > 0;
            *breaks -= usize::from(now);
            now
        };
        let mut raw = Vec::new();
        loop {
            let line = self.line().await?;
            match line.as_slice() {
                b".\r\n" => break,
                // RFC 5321, 4.5.2.
                [b'.', rest @ ..] => raw.extend_from_slice(rest),
                line => raw.extend_from_slice(line),
            }
            if breaks {
                return None;
            }
        }
        let (answer, answered) = oneshot::channel();
        let (sender, recipients) = (self.sender.take()?, std::mem::take(&mut self.recipients));
        // The test may have ended.
        let _ = self.mails.send(Mail { sender, recipients, raw, answer });
        // If the test drops the message, it is held forever.
        match answered.await {
            Ok(reply) => self.reply(reply).await,
            Err(_) => std::future::pending().await,
        }
    }

    async fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await.ok()?;
        line.ends_with(b"\r\n").then_some(line)
    }

    async fn reply(&mut self, reply: &str) -> Option<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        self.stream.flush().await.ok()
    }
}

fn buffered(stream: impl Stream + 'static) -> BufReader<Box<dyn Stream>> {
    BufReader::new(Box::new(stream))
}

/// Whether this is the right `AUTH PLAIN`.
fn is_right(line: &str) -> bool {
    let right =
        BASE64.encode(format!("\0{}\0{}", MailServer::USERNAME, MailServer::PASSWORD).as_bytes());
    line == format!("AUTH PLAIN {right}")
}

/// Returns the text between the angle brackets.
fn path(line: &str) -> Option<String> {
    Some(line.split_once('<')?.1.split_once('>')?.0.to_owned())
}

impl Mail {
    /// The parsed message.
    pub fn message(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a message")
    }

    /// The text and the HTML, as a mail program decodes them.
    pub fn parts(&self) -> (String, String) {
        let message = self.message();
        assert_eq!((message.text_body.len(), message.html_body.len()), (1, 1));
        let text = message.body_text(0).expect("a text").into_owned();
        (text, message.body_html(0).expect("HTML").into_owned())
    }

    /// The whole message, as received and decoded.
    pub fn everything(&self) -> String {
        let (text, html) = self.parts();
        format!("{}{text}{html}", String::from_utf8_lossy(&self.raw))
    }

    /// The `Message-ID`.
    pub fn id(&self) -> String {
        self.message().message_id().expect("an id").to_owned()
    }

    /// Gives the client this answer.
    pub fn answer(self, reply: &'static str) {
        // The sender may have given up.
        let _ = self.answer.send(reply);
    }
}
