//! `repassd demo`: all five APIs on a fresh database, with a curl command for each.

mod commands;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    ADMIN_ROLE, Administration, AdministrationStore, KeyKind, NewAccount, Plaintext, Policy,
    Profile, RandomnessError, Realm, SystemClock, SystemRandomness, UserId, random_uuid,
};

use crate::assemble::House;
use crate::cli::DemoOptions;
use crate::config::{self, LogFormat};
use crate::{listen, logging, serve};

/// Everything that a demo makes lives as long as somebody may leave it open.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The site account that fabric's `x-site-context` names in the demo.
const SITE_ACCOUNT: &str = "1234abcd5678efgh9ijklmno";

pub(crate) async fn run(options: DemoOptions) -> Result<(), Box<dyn Error>> {
    let _log = logging::start(LogFormat::Text, "warn,repass::request=info")?;
    let shutdown = listen::shutdown_signal()?;
    let listener = serve::bind(options.listen).await?;
    let folder = tempfile::Builder::new().prefix("repass-demo-").tempdir()?;
    let database = folder.path().join("demo.db");
    let address = listener.local_addr()?;
    let config = config::demo(address, &database)?;
    let house = House::open(&config).await?;
    let cast = Cast::make(&house).await?;

    print(&introduction(address, &database, &cast)?)?;
    listen::serve(listener, house.service.clone(), &config.server, shutdown).await;

    let events = house.store.outbox(u32::MAX).await?;
    let changes = events.iter().filter(|event| event.kind.starts_with("password.")).count();
    house.close().await?;
    let s = if changes == 1 { "" } else { "s" };
    print(&format!("\nStopped. {changes} password{s} changed. The database is deleted.\n"))
}

fn introduction(
    address: SocketAddr,
    database: &std::path::Path,
    cast: &Cast,
) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "repass demo: five vendors' password-change APIs, listening on http://{address}\n\
         Database: {}\n\n\
         Paste any of these commands into another terminal, in any order. Each changes the password\n\
         of a demo account for real, once. Ctrl-C ends the demo and deletes its database.\n",
        database.display(),
    );
    for section in commands::all(address, cast)? {
        text.push_str(&format!("\n# {}\n{}\n", section.heading, section.commands.join("\n")));
    }
    text.push_str(&format!(
        "\nThe zap account also has one-time passwords: add \"secureOTP\":\"<code>\" with a code of\n{}\n\n",
        cast.zap_otp.expose(),
    ));
    Ok(text)
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// An account of the demo, and the password it has now.
struct Player {
    user_id: String,
    email: String,
    password: Plaintext,
}

/// Who plays in the demo, with all secrets fresh.
struct Cast {
    ecom: Player,
    ecom_key: Plaintext,
    etna: Player,
    etna_app_key: Plaintext,
    etna_token: Plaintext,
    zap: Player,
    zap_admin_token: Plaintext,
    zap_otp: Plaintext,
    customer_json: Player,
    customer_xml: Player,
    fabric: Player,
    fabric_api_key: Plaintext,
    fabric_reset_token: Plaintext,
}

impl Cast {
    async fn make(house: &House) -> Result<Self, Box<dyn Error>> {
        let desk = Administration::new(
            Arc::new(house.store.clone()),
            Arc::clone(&house.key),
            Arc::new(SystemClock),
            Arc::new(SystemRandomness),
        );
        let stage = Stage { house, desk: &desk };
        let guid = || random_uuid(&SystemRandomness).map(|guid| guid.to_string());
        let (ecom, etna, zap) = (realm("ecom")?, realm("etna")?, realm("zap")?);
        let (customer, fabric) = (realm("customer")?, realm("fabric")?);

        let etna_player = stage.enter(&etna, "100200300").await?;
        let zap_player = stage.enter(&zap, "43af9a8989ffb63cc9cdd0537").await?;
        let admin = stage.enter(&zap, "site-admin").await?;
        let fabric_player = stage.enter(&fabric, "6169b2d892a5f30009d76480").await?;
        let roles = vec![ADMIN_ROLE.to_owned()];
        Ok(Self {
            ecom: stage.enter(&ecom, "ram123@gmail.com").await?,
            ecom_key: desk.issue_key(&ecom, KeyKind::Service, "chat bot").await?.1,
            etna_app_key: desk.issue_key(&etna, KeyKind::App, "trading app").await?.1,
            etna_token: desk.issue_token(&etna, &etna_player.user_id, vec![], LIFETIME).await?.1,
            etna: etna_player,
            zap_admin_token: desk.issue_token(&zap, &admin.user_id, roles, LIFETIME).await?.1,
            zap_otp: desk.enrol_otp(&zap, &zap_player.user_id, "repass demo").await?.uri()?,
            zap: zap_player,
            customer_json: stage.enter(&customer, &guid()?).await?,
            customer_xml: stage.enter(&customer, &guid()?).await?,
            fabric_api_key: desk.issue_key(&fabric, KeyKind::Api, "shop front").await?.1,
            fabric_reset_token: desk
                .issue_reset(&fabric, &fabric_player.user_id, LIFETIME)
                .await?
                .1,
            fabric: fabric_player,
        })
    }
}

struct Stage<'a> {
    house: &'a House,
    desk: &'a Administration,
}

impl Stage<'_> {
    async fn enter(&self, realm: &Realm, user_id: &str) -> Result<Player, Box<dyn Error>> {
        let email = match user_id.contains('@') {
            true => user_id.to_owned(),
            false => format!("demo.{realm}@example.com"),
        };
        let password = fresh_password()?;
        let new = NewAccount {
            realm: realm.clone(),
            user_id: user_id.parse::<UserId>()?,
            email: Some(email.clone()),
            username: None,
            profile: Profile {
                given_name: Some("Pat".to_owned()),
                family_name: Some("Kake".to_owned()),
                ..Profile::default()
            },
        };
        let first = Some(Plaintext::from(password.expose()));
        let policy = Policy::default();
        self.desk.add_account(new, first, &policy, &*self.house.hasher).await?;
        Ok(Player { user_id: user_id.to_owned(), email, password })
    }
}

/// 122 random bits in hexadecimal: nobody has used it, every shell leaves it alone, and none of the
/// players' own words can be in it by chance, which the policy would refuse.
fn fresh_password() -> Result<Plaintext, RandomnessError> {
    Ok(Plaintext::new(random_uuid(&SystemRandomness)?.simple().to_string()))
}

fn realm(name: &str) -> Result<Realm, Box<dyn Error>> {
    Ok(name.parse()?)
}
