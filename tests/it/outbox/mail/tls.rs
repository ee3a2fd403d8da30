//! Delivery to a mail server over TLS, with the certificate of a private authority.

use repass_core::DeliveryState;
use repass_tests::{Encryption, FIRST_PASSWORD, MailServer, ServerBuilder};
use tokio_rustls::TlsAcceptor;

use super::{ACCEPTED, NEW, add, mailing, start};
use crate::certificates::Authority;
use crate::outbox::{changed, is, only, until};

/// A mode of encryption.
struct Way {
    /// Its name in `mail.tls`.
    name: &'static str,
    server: fn(TlsAcceptor) -> Encryption,
    /// The commands that the server receives before the certificate is verified.
    preface: &'static [&'static str],
}

const WAYS: [Way; 2] = [
    Way { name: "implicit", server: Encryption::Implicit, preface: &[] },
    Way { name: "starttls", server: Encryption::StartTls, preface: &["EHLO", "STARTTLS"] },
];

/// A server that mails to `localhost` in this way, trusts this authority alone, and tries only once
/// while the test runs.
fn mailing_over_tls(mails: &MailServer, way: &Way, trusted: &Authority) -> ServerBuilder {
    let builder = mailing(mails, "");
    let authorities = builder.folder().join("authorities.pem");
    std::fs::write(&authorities, trusted.pem()).unwrap();
    builder
        .variable("SSL_CERT_FILE", authorities.to_str().unwrap())
        .variable("SSL_CERT_DIR", "")
        .variable("REPASS_MAIL__SERVER", "localhost")
        .variable("REPASS_MAIL__TLS", way.name)
        .variable("REPASS_OUTBOX__FIRST_WAIT", "1h")
        .variable("REPASS_OUTBOX__LONGEST_WAIT", "1h")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_the_right_certificate_gets_the_password_and_the_mail() {
    for way in WAYS {
        let authority = Authority::new("trusted");
        let mut mails = MailServer::start_with((way.server)(authority.acceptor("localhost"))).await;
        let (server, operator) = start(&mailing_over_tls(&mails, &way, &authority)).await;
        let address = add(&operator, "en").await;
        changed(&server, FIRST_PASSWORD, NEW).await;
        let mail = mails.next().await;
        assert_eq!(mail.recipients, [address], "{}", way.name);
        let encrypted = ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"];
        assert_eq!(mails.commands(), [way.preface, &encrypted].concat(), "{}", way.name);
        mail.answer(ACCEPTED);
        let entries = until(&operator, is(DeliveryState::Delivered)).await;
        assert_eq!(only(&entries[0]).tries, 1, "{}", way.name);
        assert_eq!(server.stop().await.status.code(), Some(0), "{}", way.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_wrong_certificate_gets_nothing() {
    let (trusted, unknown) = (Authority::new("trusted"), Authority::new("unknown"));
    for way in WAYS {
        for (authority, host, reason) in [
            (&unknown, "localhost", "UnknownIssuer"),
            (&trusted, "mail.example", "not valid for name \"localhost\""),
        ] {
            let case = format!("{}, {host}", way.name);
            let mails = MailServer::start_with((way.server)(authority.acceptor(host))).await;
            let (server, operator) = start(&mailing_over_tls(&mails, &way, &trusted)).await;
            add(&operator, "en").await;
            changed(&server, FIRST_PASSWORD, NEW).await;
            let entry =
                until(&operator, |entry| entry.deliveries.iter().any(|it| it.error.is_some()))
                    .await
                    .remove(0);
            let error = only(&entry).error.clone().unwrap_or_default();
            assert!(error.contains(reason), "{case}: {error}");
            assert_eq!(entry.state, DeliveryState::Pending, "{case}: an operator may mend it");
            let stopped = server.stop().await;
            assert_eq!(mails.commands(), way.preface, "{case}");
            assert!(mails.is_idle(), "{case}");
            assert!(!stopped.log.contains(MailServer::PASSWORD), "{case}: {}", stopped.log);
        }
    }
}
