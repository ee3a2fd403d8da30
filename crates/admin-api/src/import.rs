//! Imports of accounts.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use repass_account_file::{AccountReader, Batch, Defaults, FileError, Format};
use repass_core::{Administration, ImportOutcome, NewImport, Realm, Scope};
use repass_hash_families::ImportFormat;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::io::{StreamReader, SyncIoBridge};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::audit::NDJSON;
use crate::body::{Query, media_type};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(import_accounts))
}

/// The parameters of an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportAccounts {
    /// Whether nothing is written. Default: `false`.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    dry_run: bool,
    /// Whether each row has a line in the answer. Without it, only those that were refused or
    /// differ from an account that exists. Default: `false`.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    all: bool,
}

/// A line of the answer: the result of one row, or at the end the numbers of rows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum ImportLine {
    Row(RowResult),
    Summary(Summary),
}

/// The result of one row.
#[derive(Debug, Serialize, ToSchema)]
struct RowResult {
    /// The number of the line, from 1.
    line: u64,
    /// `added`, `present` if there was such an account, which is not changed, or `refused`.
    outcome: &'static str,
    /// The members that differ from an account that exists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differing: Vec<&'static str>,
    /// Why the row is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The numbers of rows; the last line of the answer.
#[derive(Debug, Default, Clone, Serialize, ToSchema)]
struct Summary {
    /// Rows that were read.
    read: u64,
    /// Accounts that were added.
    added: u64,
    /// Accounts that exist already.
    present: u64,
    /// Rows that were refused.
    refused: u64,
    /// Whether nothing was written.
    dry_run: bool,
    /// Whether all rows were read. Otherwise the same import can be sent again: accounts that were
    /// added are present then.
    complete: bool,
    /// Why not all rows were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Adds accounts with their password hashes, one JSON object in each line, with the members of the
/// rows of `repass account import`. The body may have any length. The answer has a line for rows
/// that are refused or differ, and a summary in the last line; read it while you send.
#[utoipa::path(post, path = "/accounts:import", tag = "accounts", params(ImportAccounts),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, description = "One line for each result, and a summary.",
        content((ImportLine = "application/x-ndjson")))))]
async fn import_accounts(
    access: Access,
    headers: HeaderMap,
    Query(query): Query<ImportAccounts>,
    body: Body,
) -> Result<Response, Problem> {
    access.require(Scope::AccountsWrite)?;
    if media_type(&headers).as_deref() != Some(NDJSON) {
        return Err(Problem::new("unsupported-media-type", format!("send {NDJSON}")));
    }
    let defaults = defaults(&access);
    let (batches, received) = mpsc::channel(1);
    // It ends when the body ends or the import no longer receives.
    let reader = tokio::task::spawn_blocking(move || read(body, &defaults, &batches));
    let (lines, sent) = mpsc::channel(16);
    let realm = access.realm.clone();
    let administration = access.administration(None);
    let import = Import { administration, realm, query, lines, summary: Summary::default() };
    // A response that is no longer read ends the import at the next batch.
    access.state.tasks.spawn(import.run(received, reader));
    let lines = stream::unfold(sent, |mut sent| async move {
        let line: Bytes = sent.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), sent))
    });
    let mut response = Body::from_stream(lines).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    Ok(response)
}

/// Returns the values for accounts of another system.
pub(crate) fn defaults(access: &Access) -> Defaults {
    Defaults {
        realm: access.realm.clone(),
        hash_format: ImportFormat::SelfDescribing,
        peppers: (*access.state.options.peppers).clone(),
        allow_costly: false,
    }
}

type Batches = mpsc::Sender<Result<Batch, FileError>>;

/// Reads the body in batches, at most one ahead.
fn read(body: Body, defaults: &Defaults, batches: &Batches) {
    let body = body.into_data_stream().map_err(std::io::Error::other);
    let reader = SyncIoBridge::new_with_handle(StreamReader::new(body), Handle::current());
    let mut reader = match AccountReader::new(Format::JsonLines, std::io::BufReader::new(reader)) {
        Ok(reader) => reader,
        Err(error) => {
            let _ = batches.blocking_send(Err(error));
            return;
        }
    };
    loop {
        let mut batch = Batch::default();
        let filled = batch.fill(&mut reader, defaults);
        let is_last = batch.rows.is_empty() || filled.is_err();
        let mut sent = batch.rows.is_empty() || batches.blocking_send(Ok(batch)).is_ok();
        if let Err(error) = filled {
            sent = sent && batches.blocking_send(Err(error)).is_ok();
        }
        if is_last || !sent {
            return;
        }
    }
}

struct Import {
    administration: Administration,
    realm: Realm,
    query: ImportAccounts,
    lines: mpsc::Sender<Bytes>,
    summary: Summary,
}

impl Import {
    async fn run(
        mut self,
        mut batches: mpsc::Receiver<Result<Batch, FileError>>,
        reader: JoinHandle<()>,
    ) {
        self.summary.dry_run = self.query.dry_run;
        let error = loop {
            match batches.recv().await {
                // The panic hook logs a panic of the reader.
                None => break reader.await.err().map(|_| "the body could not be read".to_owned()),
                Some(Err(error)) => break Some(error.to_string()),
                Some(Ok(batch)) => match self.write(batch).await {
                    Ok(()) => {}
                    Err(error) => break Some(error),
                },
            }
            if self.lines.is_closed() {
                break Some("the client disconnected".to_owned());
            }
        };
        self.summary.complete = error.is_none();
        self.summary.error = error;
        let summary = ImportLine::Summary(self.summary.clone());
        self.send(&summary).await;
    }

    /// Writes a batch in one transaction. Returns the error of the store, if it failed.
    async fn write(&mut self, batch: Batch) -> Result<(), String> {
        let mut accounts = Vec::with_capacity(batch.rows.len());
        let mut rows = Vec::with_capacity(batch.rows.len());
        for (line, row) in batch.rows {
            let row = row.and_then(|account| self.check_realm(account));
            rows.push((line, row.map(|account| accounts.push(account))));
        }
        let imported = self.administration.import_accounts(accounts, self.query.dry_run).await;
        let outcomes = imported.map_err(|error| {
            let code = Problem::from(error).code();
            format!("the rows from line {} on were not written: {code}", rows[0].0)
        })?;
        let mut outcomes = outcomes.into_iter();
        for (line, row) in rows {
            let outcome = match row {
                Ok(()) => outcomes.next().unwrap_or(ImportOutcome::Added),
                Err(reason) => ImportOutcome::Refused(reason),
            };
            self.report(line, outcome).await;
        }
        Ok(())
    }

    fn check_realm(&self, account: NewImport) -> Result<NewImport, String> {
        if account.account.realm == self.realm {
            return Ok(account);
        }
        Err(format!("realm must be {}, as in the path", self.realm))
    }

    async fn report(&mut self, line: u64, outcome: ImportOutcome) {
        self.summary.read += 1;
        let row = match outcome {
            ImportOutcome::Added => {
                self.summary.added += 1;
                RowResult { line, outcome: "added", differing: Vec::new(), reason: None }
            }
            ImportOutcome::Present { differing } => {
                self.summary.present += 1;
                RowResult { line, outcome: "present", differing, reason: None }
            }
            ImportOutcome::Refused(reason) => {
                self.summary.refused += 1;
                let reason = Some(reason);
                RowResult { line, outcome: "refused", differing: Vec::new(), reason }
            }
        };
        if self.query.all || row.reason.is_some() || !row.differing.is_empty() {
            self.send(&ImportLine::Row(row)).await;
        }
    }

    /// Sends a line. A client that is gone gets none.
    async fn send(&self, line: &ImportLine) {
        // Texts and numbers are always written.
        let mut json = serde_json::to_vec(line).unwrap_or_default();
        json.push(b'\n');
        let _ = self.lines.send(json.into()).await;
    }
}
