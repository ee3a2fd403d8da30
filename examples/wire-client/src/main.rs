//! A client of the customer API that uses the wire types of `repass-spec-customer`, in JSON or XML.
//!
//! Start `repassd demo`, take the account and password from the customer command that it prints,
//! then run
//!
//! `printf '%s\n' "$OLD" "$NEW" | cargo run -p example-wire-client -- --user-id GUID --xml`

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use repass_spec_customer::repass_core::Plaintext;
use repass_spec_customer::uuid::Uuid;
use repass_spec_customer::{Answer, ContentFormat, UpdateUserPasswordRequest};

/// Changes a password with the customer API. Reads the old password from the first line of standard
/// input and the new one from the second.
#[derive(Parser)]
struct Options {
    /// The URL of the server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// The user id of the account.
    #[arg(long)]
    user_id: Uuid,
    /// Use XML instead of JSON.
    #[arg(long)]
    xml: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    let request = UpdateUserPasswordRequest {
        user_id: options.user_id,
        old_password: Some(read_line()?),
        new_password: Some(read_line()?),
        ..UpdateUserPasswordRequest::default()
    };
    let format = if options.xml { ContentFormat::Xml } else { ContentFormat::Json };
    let request = request.to_request(&options.server, format, None)?;
    let request = request.map(|body| Full::new(Bytes::from(body.expose().to_owned())));

    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let out = &mut io::stdout();
    match Answer::from_response(head.status, &body)? {
        Answer::Changed(_) => {
            writeln!(out, "changed")?;
            Ok(ExitCode::SUCCESS)
        }
        Answer::NotChanged(response) => {
            writeln!(out, "not changed")?;
            for message in response.exception_message_list.iter().flatten().flatten() {
                writeln!(out, "{message}")?;
            }
            Ok(ExitCode::FAILURE)
        }
        Answer::Failed(error) => {
            writeln!(out, "{}: {}", head.status, error.message)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn read_line() -> io::Result<Plaintext> {
    let mut text = String::new();
    io::stdin().read_line(&mut text)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(Plaintext::new(text))
}
