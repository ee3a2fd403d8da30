//! The modes of `sslmode`, with a TLS proxy before the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use repass_store_postgres::{OpenError, PostgresOptions, PostgresStore};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::database::shared;

/// A certificate authority with its certificate in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    path: PathBuf,
    roots: RootCertStore,
}

fn authority(folder: &Path, name: &str) -> Authority {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let path = folder.join(format!("{name}.pem"));
    fs::write(&path, certificate.pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    Authority { issuer: Issuer::new(params, key), path, roots }
}

/// Starts a TLS proxy for the shared server, with a certificate for `localhost`. Requires a client
/// certificate if `clients` is given.
async fn serve(authority: &Authority, clients: Option<&Authority>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let roots = Arc::new(clients.roots.clone());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Accepts the SSLRequest.
                let mut request = [0; 8];
                client.read_exact(&mut request).await?;
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                let socket = shared().folder().join(".s.PGSQL.5432");
                let mut server = UnixStream::connect(socket).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

async fn connect(url: &str) -> Result<PostgresStore, OpenError> {
    PostgresStore::connect(url, &PostgresOptions::default()).await
}

pub(crate) async fn sslmode_works_as_in_libpq() {
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (authority(folder.path(), "ours"), authority(folder.path(), "theirs"));
    let port = serve(&ours, None).await;
    let name = shared().create_database();
    let (right, wrong) = (ours.path.display(), theirs.path.display());
    for (host, parameters, succeeds) in [
        ("localhost", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={wrong}"), false),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={right}"), true),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={wrong}"), false),
        ("localhost", format!("sslmode=verify-full&sslrootcert={right}"), true),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={right}"), false),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}"), false),
        ("localhost", "sslmode=verify-full".to_owned(), false),
    ] {
        let url = format!("postgres://repass@{host}:{port}/{name}?{parameters}");
        let connected = connect(&url).await;
        assert_eq!(connected.is_ok(), succeeds, "{host} {parameters}: {:?}", connected.err());
    }
}

pub(crate) async fn a_client_certificate_is_presented() {
    let folder = TempDir::new().unwrap();
    let (ours, clients) = (authority(folder.path(), "ours"), authority(folder.path(), "clients"));
    let port = serve(&ours, Some(&clients)).await;
    let name = shared().create_database();
    let url = format!("postgres://repass@localhost:{port}/{name}?sslmode=require");
    assert!(connect(&url).await.is_err());

    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["repass".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &clients.issuer).unwrap();
    let (one, other) = (folder.path().join("client.pem"), folder.path().join("client.key"));
    fs::write(&one, certificate.pem()).unwrap();
    fs::write(&other, key.serialize_pem()).unwrap();
    let (one, other) = (one.display(), other.display());
    connect(&format!("{url}&sslcert={one}&sslkey={other}")).await.unwrap();
}
