//! `repassd demo`: every vendor's API and the admin API on a new database, with curl commands, and
//! the pages with their mails.

mod mails;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use repass_core::{AuditFilter, Realm, Scope, SystemRandomness};
use repass_outbox::Channel;
use repass_spec::demo::{Demo, JSON, bearer};
use serde_json::json;
use tokio::sync::oneshot;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::assemble::App;
use crate::cli::DemoOptions;
use crate::metrics::Metrics;
use crate::signals::StopSignals;
use crate::sockets::Listeners;
use crate::traces::Traces;
use crate::{listen, logging};
pub(crate) use mails::MailCatcher;
use repass_config::{Config, LogConfig, LogFormat, Vendors};

pub(crate) async fn run(options: DemoOptions, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("repass::request", LevelFilter::INFO);
    let _log = logging::start(
        &LogConfig { format: LogFormat::Text, filter, file: None },
        &Traces::start(None)?,
    )?;
    let mut signals = StopSignals::new()?;
    let mut listeners = Listeners::default();
    listeners.bind_tcp(&[options.listen]).await?;
    let folder = tempfile::Builder::new().prefix("repass-demo-").tempdir()?;
    let database = folder.path().join("demo.db");
    let address = listeners.addresses().next().unwrap_or_default().parse()?;
    let mut admin = Listeners::default();
    admin.bind_tcp(&[SocketAddr::new(options.listen.ip(), 0)]).await?;
    let admin_address = admin.addresses().next().unwrap_or_default();
    let config = repass_config::demo(address, &database, vendors)?;
    let app = App::open(&config).await?;
    let text = introduction(&app, &config, address, &database, vendors).await?;
    let text = text + &admin_section(&app, address, &format!("http://{admin_address}")).await?;
    let text = text + &pages_section(&app, &config).await?;
    print(&text)?;
    let mail = config.outbox.channels.iter().find_map(|channel| channel.mail(&app.key));
    let mails = mail.map(MailCatcher::new);
    let channels = mails.iter().map(|mails| Arc::new(mails.clone()) as Arc<dyn Channel>);
    let dispatcher = app.dispatcher_to(&config, channels.collect());
    let proxies = || config.proxies.clone();
    let (stop, mut stopped) = oneshot::channel::<()>();
    let shutdown = async {
        signals.next().await;
        drop(stop);
    };
    let (limits, admin_api) = (&config.server, app.admin_api(&config));
    let front = app.front(&config);
    let service = match mails {
        Some(mails) => front.with_mails(mails),
        None => front,
    };
    let delivering = async {
        match dispatcher {
            // The rest of the function ends it.
            Some(dispatcher) => dispatcher.run(std::future::pending()).await,
            None => std::future::pending().await,
        }
    };
    let metrics = Arc::<Metrics>::default;
    let stopped = async { (&mut stopped).await.unwrap_or_default() };
    let serving = async {
        tokio::join!(
            listen::serve(listeners, None, proxies(), service, metrics(), limits, shutdown),
            listen::serve(admin, None, proxies(), admin_api, metrics(), limits, stopped),
        )
    };
    tokio::select! {
        _ = serving => {}
        () = delivering => {}
    }

    let all =
        AuditFilter { outcome: Some("ok".to_owned()), limit: u32::MAX, ..AuditFilter::default() };
    let done = app.store.ports().audit(&all).await?;
    let is_change = |action: &str| ["password.change", "password.reset"].contains(&action);
    let changes = done.iter().filter(|record| is_change(&record.action)).count();
    app.close().await?;
    let s = if changes == 1 { "" } else { "s" };
    print(&format!("\nStopped. {changes} password{s} changed. The database is deleted.\n"))
}

/// Creates the demo accounts of every vendor, and returns the text for the terminal: the address,
/// and the commands of every vendor.
async fn introduction(
    app: &App,
    config: &Config,
    address: SocketAddr,
    database: &Path,
    vendors: &Vendors,
) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "repass demo: {} vendors' password-change APIs, listening on http://{address}\n\
         Database: {}\n\n\
         Paste any of these commands into another terminal, in any order. Each changes the password\n\
         of a demo account for real, once. Ctrl-C ends the demo and deletes its database.\n",
        config.mounts.len(),
        database.display(),
    );
    let base_url = format!("http://{address}");
    let mut notes = String::new();
    for name in vendors.names() {
        let realm: Realm = name.parse()?;
        let demo = Demo::new(&base_url, &realm, app.engine.administration(), &SystemRandomness);
        let Some(section) = vendors.demo(name, &demo).await else { continue };
        let section = section.map_err(|error| -> Box<dyn Error> { error })?;
        text.push_str(&format!("\n# {name}\n{}\n", section.commands.join("\n")));
        if !section.note.is_empty() {
            notes.push_str(&format!("\n{}\n", section.note));
        }
    }
    Ok(text + &notes + "\n")
}

/// Issues an admin key, and returns the commands of the admin API and of the examples that call it.
/// Unlike the others, the commands are in the order of an account's life.
async fn admin_section(
    app: &App,
    address: SocketAddr,
    base_url: &str,
) -> Result<String, Box<dyn Error>> {
    let realm: Realm = "zap".parse()?;
    let administration = app.engine.administration();
    let scopes = Scope::ALL.into_iter().collect();
    let (_, key) = administration.issue_admin_key(&realm, "demo", scopes, true).await?;
    let demo = Demo::new(base_url, &realm, administration, &SystemRandomness);
    let password = demo.new_password()?;
    let headers = [bearer(&key), JSON.to_owned()];
    let api = "/admin/v1/realms/zap";
    let call = |path: &str, mut body: serde_json::Value| {
        body["password"] = password.expose().into();
        demo.curl("POST", &format!("{api}{path}"), &headers, &body.to_string().into())
    };
    let commands = [
        call("/accounts", json!({ "user_id": "kim", "email": "kim@example.com" })),
        call("/passwords/verify", json!({ "email": "Kim@Example.com" })),
        call("/sessions", json!({ "user_id": "kim", "lifetime": 900 })),
        format!("curl -sS -H '{}' '{base_url}{api}/audit?limit=5' -w '\\n'", bearer(&key)),
    ];
    let variables = format!("API=http://{address} ADMIN={base_url}/admin/v1 KEY={}", key.expose());
    Ok(format!(
        "# admin API, for back ends, in this order (create an account, verify its password, sign in, \
         read the audit trail)\n{}\n\n\
         Every call of the admin API: {base_url}/admin/v1/docs\n\
         Two programs that call it, to be run in the folder of the source:\n\
         {variables} node examples/node/main.mjs\n\
         {variables} python3 examples/python/main.py\n\n",
        commands.join("\n")
    ))
}

/// Adds an account, and returns the addresses of the pages.
async fn pages_section(app: &App, config: &Config) -> Result<String, Box<dyn Error>> {
    let Some(pages) = &config.pages else { return Ok(String::new()) };
    let administration = app.engine.administration();
    let url = &pages.base_url;
    let demo = Demo::new(url.origin(), &pages.realm, administration, &SystemRandomness);
    let account = demo.account("pat@example.com").await;
    let account = account.map_err(|error| -> Box<dyn Error> { error })?;
    Ok(format!(
        "# web pages, for people: the account {email} with the password {password}\n\
         {url}/password   change the password\n\
         {url}/forgot     request a mail with a link, for a forgotten one\n\
         {origin}{mails}   the mails, which the demo shows and does not send\n\n",
        email = account.email,
        password = account.password().expose(),
        origin = url.origin(),
        mails = MailCatcher::PATH,
    ))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
