//! A client of the customer API that uses the wire types of `repass-spec-customer`, in JSON or XML,
//! against a running server.
//!
//! Start `repassd demo`, take account and password from the customer command that it prints, then
//!
//! `printf '%s\n' "$OLD" "$NEW" | cargo run -p example-wire-client -- --user-id GUID --xml`

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use repass_core::Plaintext;
use repass_spec_customer::{UpdateUserPasswordRequest, UpdateUserPasswordResponse};

/// Changes a password by the customer API. Standard input holds the old password on its first line
/// and the new one on its second.
#[derive(Parser)]
struct Options {
    /// Where the server is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// The account.
    #[arg(long)]
    user_id: uuid::Uuid,
    /// Speak XML instead of JSON.
    #[arg(long)]
    xml: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    let request = UpdateUserPasswordRequest {
        user_id: options.user_id,
        old_password: Some(line()?),
        new_password: Some(line()?),
        ..UpdateUserPasswordRequest::default()
    };
    let (media_type, body) = if options.xml {
        ("application/xml", request.to_xml()?)
    } else {
        ("application/json", request.to_json())
    };
    let request = Request::post(format!("{}/api/Customer/UpdateUserPassword", options.server))
        .header("content-type", media_type)
        .header("accept", media_type)
        .body(Full::new(Bytes::from(body.expose().to_owned())))?;

    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    let out = &mut io::stdout();
    if !status.is_success() {
        writeln!(out, "{status}: {}", String::from_utf8_lossy(&body))?;
        return Ok(ExitCode::FAILURE);
    }
    let response = UpdateUserPasswordResponse::read(media_type, &body)?;
    for message in response.exception_message_list.iter().flatten().flatten() {
        writeln!(out, "{message}")?;
    }
    writeln!(out, "{}", if response.success { "changed" } else { "not changed" })?;
    Ok(if response.success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line() -> io::Result<Plaintext> {
    let mut text = String::new();
    io::stdin().read_line(&mut text)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(Plaintext::new(text))
}
