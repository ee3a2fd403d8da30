//! `repassd serve`.

use std::error::Error;

use tokio::net::TcpListener;

use crate::assemble::House;
use crate::config::Config;
use crate::{listen, logging};

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct ListenError {
    pub(crate) address: std::net::SocketAddr,
    #[source]
    pub(crate) source: std::io::Error,
}

pub(crate) async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_format, &config.log_filter);
    // Before anything is announced, so that a signal right after it finds its handler.
    let shutdown = listen::shutdown_signal()?;
    let house = House::open(config).await?;
    let address = config.listen;
    let listener =
        TcpListener::bind(address).await.map_err(|source| ListenError { address, source })?;
    let address = listener.local_addr()?;
    for mount in &config.mounts {
        tracing::info!(spec = mount.spec.name(), realm = %mount.realm, prefix = %mount.prefix, "serving");
    }
    tracing::info!(%address, "listening");
    listen::serve(listener, house.service.clone(), &config.server, shutdown).await;
    house.close().await?;
    tracing::info!("stopped");
    Ok(())
}
