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
    #[command(after_help = "\
Examples:
  repass outbox retry 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e
  repass outbox retry --all")]
    Retry(NamedEvents),
    /// Remove an event permanently, delivered or not.
    #[command(after_help = "\
Examples:
  repass outbox drop 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e
  repass outbox drop --all --state discarded")]
    Drop(NamedEvents),
}

#[derive(Args)]
pub(crate) struct ListOutbox {
    /// Only events in this state [default: any].
    #[arg(long, value_name = "STATE", value_parser = state())]
    pub(crate) state: Option<DeliveryState>,
    /// Maximum number of events, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct NamedEvents {
    /// The id in `outbox list`.
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(crate) id: Option<Uuid>,
    /// All events in the state of --state.
    #[arg(long, conflicts_with = "id")]
    pub(crate) all: bool,
    /// The state of --all.
    #[arg(
        long,
        value_name = "STATE",
        requires = "all",
        default_value = "discarded",
        value_parser = state()
    )]
    pub(crate) state: DeliveryState,
}

fn state() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str))
        .try_map(|name| DeliveryState::from_name(&name).ok_or("there is no such state"))
}
