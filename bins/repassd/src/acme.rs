//! Orders certificates from an ACME server (RFC 8555), by the challenge TLS-ALPN-01 (RFC 8737), and
//! renews them.

use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Limited};
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, HttpClient,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use repass_config::AcmeConfig;
use repass_config::tls::Tls;
use repass_core::{Clock, ErrorChain, SystemClock};
use rustls::pki_types::PrivatePkcs8KeyDer;

/// The time-out of one request to the ACME server.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer of the ACME server, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// How long the ACME server may take for the challenges, and for the certificate.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// The longest wait before the clock is read again, since a machine may sleep.
const CHECK: Duration = Duration::from_secs(600);

/// The wait after the first failure. Each further one doubles it. Let's Encrypt refuses further
/// orders after five failures in an hour.
const FIRST_RETRY: Duration = Duration::from_secs(120);

/// The longest wait after a failure.
const LAST_RETRY: Duration = Duration::from_secs(3600);

/// A certificate could not be ordered.
#[derive(Debug, thiserror::Error)]
enum AcmeError {
    #[error(
        "the directory {0} cannot be used; check tls.acme.directory, directory_ca and the network"
    )]
    Directory(String, #[source] instant_acme::Error),
    #[error("the ACME server refused the account; check tls.acme.contact")]
    Account(#[source] instant_acme::Error),
    #[error("the ACME server does not know the account any more; the next try creates another one")]
    UnknownAccount,
    #[error("the order at the ACME server failed")]
    Order(#[from] instant_acme::Error),
    #[error(
        "the ACME server could not verify {domain}: {reason}; port 443 of {domain} must reach `listen`, without a \
         TLS proxy in between"
    )]
    Domain { domain: String, reason: String },
    #[error(
        "the ACME server does not offer TLS-ALPN-01 for {0}; choose another tls.acme.directory"
    )]
    NoChallenge(String),
    #[error("the answer to a challenge could not be made")]
    Challenge(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{} cannot be read or written; check tls.acme.folder", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("{} is not the file of an ACME account; remove it, and another account is created", .0.display())]
    AccountFile(PathBuf, #[source] serde_json::Error),
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    #[error("the new certificate cannot be used, or must be renewed at once")]
    Unusable,
}

/// Orders a certificate whenever one is due, until it is dropped. Returns at once without ACME.
pub(crate) async fn run(tls: &Tls) {
    let Some(acme) = tls.acme() else { return };
    let mut failures = 0;
    loop {
        let wait = until(tls.renewal(), SystemClock.now());
        if !wait.is_zero() {
            pause(tls, wait.min(CHECK)).await;
            continue;
        }
        let domains = acme.domains.join(", ");
        tracing::info!(domains, directory = acme.directory, "ordering a certificate");
        let ordered = order(acme, tls).await;
        tls.end_challenges();
        match ordered {
            Ok(()) => failures = 0,
            Err(error) => {
                let retry = retry_after(failures);
                failures += 1;
                let (error, expires) = (ErrorChain(&error).to_string(), tls.expires());
                tracing::error!(
                    error,
                    retry_in = ?retry,
                    expires = expires.map(tracing::field::display),
                    "no certificate could be ordered"
                );
                pause(tls, retry).await;
            }
        }
    }
}

/// Waits, but no longer than until SIGHUP.
async fn pause(tls: &Tls, wait: Duration) {
    let _ = tokio::time::timeout(wait, tls.forced()).await;
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    time.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}

fn retry_after(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << failures.min(10)).min(LAST_RETRY)
}

async fn order(acme: &AcmeConfig, tls: &Tls) -> Result<(), AcmeError> {
    let account = account(acme).await?;
    let identifiers: Vec<_> = acme.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = match account.new_order(&NewOrder::new(&identifiers)).await {
        Err(instant_acme::Error::Api(problem)) if is_unknown_account(&problem) => {
            let file = acme.account_file();
            std::fs::remove_file(&file).map_err(|error| AcmeError::File(file, error))?;
            return Err(AcmeError::UnknownAccount);
        }
        order => order?,
    };
    answer_challenges(&mut order, tls).await?;
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => {}
        Ok(_) | Err(instant_acme::Error::Api(_)) => return Err(unverified(&mut order).await?),
        Err(error) => return Err(error.into()),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    write(&acme.certificate_file(), format!("{key}{chain}").as_bytes())?;
    let now = SystemClock.now();
    tls.reload(false, now);
    if tls.renewal() > now { Ok(()) } else { Err(AcmeError::Unusable) }
}

/// Returns the account of the folder, or a new one.
async fn account(acme: &AcmeConfig) -> Result<Account, AcmeError> {
    let builder = Account::builder_with_http(Box::new(Http::new(acme)?));
    let directory = |error| match error {
        instant_acme::Error::Api(_) => AcmeError::Account(error),
        error => AcmeError::Directory(acme.directory.clone(), error),
    };
    let file = acme.account_file();
    match std::fs::read(&file) {
        Ok(kept) => {
            let kept = serde_json::from_slice(&kept);
            let kept = kept.map_err(|error| AcmeError::AccountFile(file, error))?;
            builder.from_credentials(kept).await.map_err(directory)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let contact: Vec<&str> = acme.contact.iter().map(String::as_str).collect();
            let new = NewAccount {
                contact: &contact,
                terms_of_service_agreed: true,
                only_return_existing: false,
            };
            let created = builder.create(&new, acme.directory.clone(), None).await;
            let (account, credentials) = created.map_err(directory)?;
            let text = serde_json::to_vec(&credentials);
            let text = text.map_err(|error| AcmeError::AccountFile(file.clone(), error))?;
            write(&file, &text)?;
            Ok(account)
        }
        Err(error) => Err(AcmeError::File(file, error)),
    }
}

fn is_unknown_account(problem: &instant_acme::Problem) -> bool {
    problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

/// Prepares the answers to the challenges that are open, and lets the ACME server ask for them.
async fn answer_challenges(order: &mut Order, tls: &Tls) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        // The ACME server may remember an earlier proof.
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let domain = authorization.identifier().to_string();
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or_else(|| AcmeError::NoChallenge(domain.clone()))?;
        let digest = challenge.key_authorization().digest();
        let answered = answer_challenge(tls, &domain, digest.as_ref());
        answered.map_err(AcmeError::Challenge)?;
        challenge.set_ready().await?;
    }
    Ok(())
}

fn answer_challenge(
    tls: &Tls,
    domain: &str,
    digest: &[u8],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?.der().clone();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok(tls.answer_challenge(domain, certificate, &key.into())?)
}

/// Returns why an order became invalid.
async fn unverified(order: &mut Order) -> Result<AcmeError, AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        authorization.refresh().await?;
        let domain = authorization.identifier().to_string();
        let failed = authorization.challenges.iter().find_map(|one| one.error.as_ref());
        if let Some(problem) = failed {
            return Ok(AcmeError::Domain { domain, reason: problem.to_string() });
        }
    }
    Ok(AcmeError::Order(instant_acme::Error::Str("the order is invalid")))
}

/// Replaces a file that only its owner can read.
fn write(file: &Path, content: &[u8]) -> Result<(), AcmeError> {
    let written = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
        // It has the mode 0600.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        new.persist(file)?;
        Ok(())
    };
    written().map_err(|error| AcmeError::File(file.to_owned(), error))
}

/// The HTTP client.
struct Http(reqwest::Client);

impl Http {
    fn new(acme: &AcmeConfig) -> Result<Self, AcmeError> {
        // Fails only if the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(true)
            .timeout(REQUEST_TIMEOUT);
        if let Some(file) = &acme.directory_ca {
            let pem = std::fs::read(file);
            let pem = pem.map_err(|error| AcmeError::File(file.clone(), error))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem);
            client = client.tls_certs_only(authorities.map_err(AcmeError::Client)?);
        }
        Ok(Self(client.build().map_err(AcmeError::Client)?))
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let other = |error: reqwest::Error| instant_acme::Error::Other(error.into());
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let request = Request::from_parts(parts, body.to_bytes()).try_into().map_err(other)?;
            let answer: http::Response<_> = client.execute(request).await.map_err(other)?.into();
            Ok(answer.map(|body: reqwest::Body| Limited::new(body, MAX_ANSWER)).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_and_keep_to_five_in_the_first_hour() {
        let mut tries = 1;
        let mut elapsed = Duration::ZERO;
        for failures in 0.. {
            elapsed += retry_after(failures);
            if elapsed >= Duration::from_secs(3600) {
                break;
            }
            tries += 1;
        }
        assert_eq!(tries, 5);
        assert_eq!(retry_after(1000), LAST_RETRY);
    }

    #[test]
    fn a_time_that_has_passed_needs_no_wait() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(until(Timestamp::MIN, now), Duration::ZERO);
        assert_eq!(until(Timestamp::from_second(7).unwrap(), now), Duration::from_secs(7));
        assert!(until(Timestamp::MAX, now) > CHECK);
    }
}
