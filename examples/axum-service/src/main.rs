//! A vendor's password-change API in an axum application with other routes.
//!
//! Run `cargo run -p example-axum-service`, then the command that it prints.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use axum::routing::get;
use repass_core::{
    Administration, Argon2idHasher, Engine, HasherOptions, InstallationKey, NewAccount, Plaintext,
    Profile, Realm, SystemRandomness, random_uuid,
};
use repass_http::{Mount, PasswordService, Peer};
use repass_spec_customer::{Authentication, CustomerSpec};
use repass_testkit::MemoryStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The message of a panic may quote a password.
    repass_http::chain_redacting_panic_hook();
    // A real service uses `repass_store::Store::ports` or its own store here, and keeps its key.
    let store = Arc::new(MemoryStore::new());
    let hasher = Argon2idHasher::start(&HasherOptions::default(), Arc::new(SystemRandomness))?;
    let key = InstallationKey::generate(&SystemRandomness)?;
    let engine = Engine::builder(store, Arc::new(hasher), key).build();
    let realm: Realm = "shop".parse()?;
    let user_id = add_account(engine.administration(), &realm).await?;

    let spec = Arc::new(CustomerSpec::new(Authentication::None));
    let mount = Mount::new(spec, realm, &engine).with_prefix("/identity".parse()?);
    let passwords = PasswordService::builder(Arc::new(engine)).mount(mount).build()?;

    let app = Router::new()
        .route("/", get(|| async { "the shop" }))
        .fallback_service(passwords.clone())
        .layer(map_request(with_peer));

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    writeln!(
        std::io::stdout(),
        "curl -sS http://{address}/identity/api/Customer/UpdateUserPassword \
         -H 'Content-Type: application/json' -d '{{\"UserId\":\"{user_id}\",\
         \"OldPassword\":\"{OLD}\",\"NewPassword\":\"something entirely new\"}}'"
    )?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    passwords.drain().await;
    Ok(())
}

/// Gives the service the address that its log and audit log name.
async fn with_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(Peer(peer.ip()));
    request
}

const OLD: &str = "the old one of this account";

async fn add_account(
    administration: &Administration,
    realm: &Realm,
) -> Result<String, Box<dyn Error>> {
    let user_id = random_uuid(&SystemRandomness)?.to_string();
    let new = NewAccount {
        realm: realm.clone(),
        user_id: user_id.parse()?,
        email: Some("pat@example.org".parse()?),
        username: None,
        profile: Profile::default(),
    };
    administration.add_account(new, Some(Plaintext::from(OLD))).await?;
    Ok(user_id)
}
