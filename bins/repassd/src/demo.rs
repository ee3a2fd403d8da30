//! `repassd demo`: every vendor's API on a new database, with a curl command for each.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use repass_core::{AuditFilter, Realm, SystemRandomness};
use repass_spec::demo::Demo;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::assemble::App;
use crate::cli::DemoOptions;
use crate::signals::StopSignals;
use crate::sockets::Listeners;
use crate::{listen, logging};
use repass_config::{Config, LogConfig, LogFormat, Vendors};

pub(crate) async fn run(options: DemoOptions, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("repass::request", LevelFilter::INFO);
    let _log = logging::start(&LogConfig { format: LogFormat::Text, filter, file: None })?;
    let mut signals = StopSignals::new()?;
    let mut listeners = Listeners::default();
    listeners.bind_tcp(&[options.listen]).await?;
    let folder = tempfile::Builder::new().prefix("repass-demo-").tempdir()?;
    let database = folder.path().join("demo.db");
    let address = listeners.addresses().next().unwrap_or_default().parse()?;
    let config = repass_config::demo(address, &database, vendors)?;
    let app = App::open(&config).await?;
    print(&introduction(&app, &config, address, &database, vendors).await?)?;
    let stop = signals.next();
    let (proxies, service) = (config.proxies.clone(), app.service.clone());
    let metrics = Arc::default();
    listen::serve(listeners, None, proxies, service, metrics, &config.server, stop).await;

    let all =
        AuditFilter { outcome: Some("ok".to_owned()), limit: u32::MAX, ..AuditFilter::default() };
    let done = app.store.ports().audit(&all).await?;
    let changes = done.iter().filter(|record| record.action.starts_with("password.")).count();
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

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
