use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use repass_core::DeliveryState;
use uuid::Uuid;

use super::values;

#[derive(Subcommand)]
pub(crate) enum OutboxCommand {
    /// List events and their delivery states, newest first.
    #[command(after_help = "\
Examples:
  repass outbox list --state discarded
  repass outbox list --limit 20 --json")]
    List(ListOutbox),
    /// Retry an event now that was given up or waits for its next try.
    #[command(after_help = "Example:\n  repass outbox retry 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e")]
    Retry(NamedEvent),
    /// Remove an event permanently, delivered or not.
    #[command(after_help = "Example:\n  repass outbox drop 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e")]
    Drop(NamedEvent),
}

#[derive(Args)]
pub(crate) struct ListOutbox {
    /// Only events in this state [default: all].
    #[arg(
        long,
        value_name = "STATE",
        value_parser = PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str))
            .try_map(|name| DeliveryState::from_name(&name).ok_or("there is no such state"))
    )]
    pub(crate) state: Option<DeliveryState>,
    /// Maximum number of events, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct NamedEvent {
    /// The id in `outbox list`.
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}
