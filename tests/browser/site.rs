use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use repass_core::InstallationKey;
use repass_testkit::ManualClock;
use repass_tests::{AdminContext, MailServer, Server};

use crate::browser::{Browser, Settings};

pub(crate) const REALM: &str = "shop";
pub(crate) const NEW: &str = "another long phrase";

/// A server with pages, and its mail server.
pub(crate) struct Site {
    pub(crate) operator: AdminContext,
    pub(crate) mails: MailServer,
    pub(crate) origin: String,
    _server: Server,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with more tables in the configuration.
    pub(crate) async fn with(tables: &str) -> Self {
        let mails = MailServer::start().await;
        // Its address is known before the server starts, since it is in `base_url`.
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let builder = Server::builder_on_sqlite()
            .only("zap")
            .top("listen = 'systemd:api'")
            .passed(socket)
            .tables(&mails.tables())
            .tables(&format!(
                "[pages]\nbase_url = '{origin}/account'\nrealm = '{REALM}'\n\
                 application_url = 'https://shop.example/'\n{tables}"
            ));
        std::fs::write(builder.folder().join("mail.password"), MailServer::PASSWORD).unwrap();
        let server = builder.start().await;
        let operator = server.operator().await;
        Self { operator, mails, origin, _server: server }
    }

    pub(crate) async fn browser(&self) -> Browser {
        Browser::start(&self.origin, Settings::default()).await
    }

    /// Adds an account. Returns its e-mail address.
    pub(crate) async fn add(&self, user_id: &str) -> String {
        self.operator.add(REALM, user_id).await.email
    }

    pub(crate) async fn is_password(&self, user_id: &str, password: &str) -> bool {
        self.operator.is_password(REALM, user_id, password).await
    }

    /// Waits for a mail, and returns its link.
    pub(crate) async fn mailed_link(&mut self) -> String {
        let mail = self.mails.next().await;
        let page = format!("{}/account/reset#", self.origin);
        let (text, _) = mail.parts();
        mail.answer("250 2.0.0 it is on its way");
        text.lines().find(|line| line.starts_with(&page)).unwrap().to_owned()
    }

    /// Returns a link with a reset token, as in a mail.
    pub(crate) async fn link(&self, user_id: &str) -> String {
        let token = self.operator.reset_token(REALM, user_id, Duration::from_secs(600)).await;
        self.link_with(&token, user_id)
    }

    /// Returns a link whose token has expired.
    pub(crate) async fn expired_link(&self, user_id: &str) -> String {
        let key: InstallationKey = self.operator.database().key();
        let past = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let engine = self.operator.engine(key).clock(past).build();
        let (realm, minute) = (self.operator.realm(REALM), Duration::from_secs(60));
        let issued = engine.administration().issue_reset(&realm, user_id, minute).await.unwrap();
        self.link_with(issued.1.expose(), user_id)
    }

    fn link_with(&self, token: &str, user_id: &str) -> String {
        format!("{}/account/reset#token={token}&user_id={user_id}", self.origin)
    }
}
