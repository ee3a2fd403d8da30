//! The curl commands, one a line, made with the wire types of the specs.

use std::error::Error;
use std::net::SocketAddr;

use repass_core::Plaintext;
use repass_spec_customer::UpdateUserPasswordRequest;
use repass_spec_ecom::PasswordChange;
use repass_spec_etna::UserPassword;
use repass_spec_fabric::SiteContext;

use super::{Cast, Player, SITE_ACCOUNT, fresh_password};

type Command = Result<String, Box<dyn Error>>;

/// A spec's name, and its commands.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) commands: Vec<String>,
}

pub(super) fn all(address: SocketAddr, cast: &Cast) -> Result<Vec<Section>, Box<dyn Error>> {
    let section = |heading, commands| Section { heading, commands };
    let customer = vec![customer_json(address, cast)?, customer_xml(address, cast)?];
    Ok(vec![
        section("ecom", vec![ecom(address, cast)?]),
        section("etna", vec![etna(address, cast)?]),
        section("zap", vec![zap(address, cast)?]),
        section("customer", customer),
        section("fabric", vec![fabric(address, cast)?]),
    ])
}

fn ecom(address: SocketAddr, cast: &Cast) -> Command {
    let mut request =
        PasswordChange::new(&cast.ecom.user_id, now_of(&cast.ecom), fresh_password()?);
    request.language = Some("en-US".to_owned());
    request.channel = Some("web".to_owned());
    let headers = [bearer(&cast.ecom_key), JSON.to_owned()];
    Ok(curl(address, "POST", repass_spec_ecom::PATH, &headers, &request.to_body()?))
}

fn etna(address: SocketAddr, cast: &Cast) -> Command {
    let request = UserPassword::new(now_of(&cast.etna), fresh_password()?);
    let app_key = format!("Et-App-Key: {}", cast.etna_app_key.expose());
    let headers = [app_key, bearer(&cast.etna_token), JSON.to_owned()];
    let path = "/v1.0/users/@me/password/change";
    let command = curl(address, "PUT", path, &headers, &request.to_body()?);
    // Success has no body here: the status line is all there is to see.
    Ok(command.replacen("curl -sS", "curl -sS -i", 1))
}

fn zap(address: SocketAddr, cast: &Cast) -> Command {
    let request = repass_spec_zap::ChangePassword {
        user_id: cast.zap.user_id.clone(),
        email: cast.zap.email.clone(),
        old_password: now_of(&cast.zap),
        new_password: fresh_password()?,
        secure_otp: None,
    };
    let headers = [bearer(&cast.zap_admin_token), JSON.to_owned()];
    Ok(curl(address, "POST", "/v1/changePassword", &headers, &request.to_json()?))
}

const CUSTOMER: &str = "/api/Customer/UpdateUserPassword";

fn customer_json(address: SocketAddr, cast: &Cast) -> Command {
    let request = customer(&cast.customer_json)?;
    Ok(curl(address, "POST", CUSTOMER, &[JSON.to_owned()], &request.to_json()))
}

fn customer_xml(address: SocketAddr, cast: &Cast) -> Command {
    let request = customer(&cast.customer_xml)?;
    // curl accepts everything by itself, and JSON is what everything gives.
    let headers = ["Content-Type", "Accept"].map(|name| format!("{name}: application/xml"));
    Ok(curl(address, "POST", CUSTOMER, &headers, &request.to_xml()?))
}

fn customer(player: &Player) -> Result<UpdateUserPasswordRequest, Box<dyn Error>> {
    Ok(UpdateUserPasswordRequest {
        user_id: player.user_id.parse()?,
        old_password: Some(now_of(player)),
        new_password: Some(fresh_password()?),
        ip_address: Some("203.0.113.7".to_owned()),
        user_agent: Some("demo".to_owned()),
        permanent_session_id: Some("demo".to_owned()),
    })
}

fn fabric(address: SocketAddr, cast: &Cast) -> Command {
    let request = repass_spec_fabric::ChangePassword {
        user_id: cast.fabric.user_id.clone(),
        reset_token: Plaintext::from(cast.fabric_reset_token.expose()),
        new_password: fresh_password()?,
    };
    let context = SiteContext::new(SITE_ACCOUNT).to_header()?;
    let headers = [
        format!("x-api-key: {}", cast.fabric_api_key.expose()),
        format!("x-site-context: {}", context.to_str()?),
        JSON.to_owned(),
    ];
    let path = "/api-commerceIdentity/auth/change-password";
    Ok(curl(address, "PATCH", path, &headers, &request.to_json()?))
}

fn now_of(player: &Player) -> Plaintext {
    Plaintext::from(player.password.expose())
}

const JSON: &str = "Content-Type: application/json";

fn bearer(secret: &Plaintext) -> String {
    format!("Authorization: Bearer {}", secret.expose())
}

fn curl(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[String],
    body: &Plaintext,
) -> String {
    let headers: String = headers.iter().map(|header| format!(" -H {}", quoted(header))).collect();
    format!(
        "curl -sS -X {method} http://{address}{path}{headers} --data-binary {} -w '\\n'",
        quoted(body.expose())
    )
}

/// In single quotes, as a POSIX shell reads it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_survive_the_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_command_is_one_line() {
        let address = ([127, 0, 0, 1], 8080).into();
        let command = curl(address, "POST", "/x", &[JSON.to_owned()], &"{\"a\":1}".into());
        assert_eq!(
            command,
            "curl -sS -X POST http://127.0.0.1:8080/x -H 'Content-Type: application/json' \
             --data-binary '{\"a\":1}' -w '\\n'"
        );
    }
}
