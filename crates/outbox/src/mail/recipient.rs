use lettre::Address;
use lettre::message::Mailbox;

/// Maximum length of an address, in bytes (RFC 5321, 4.5.3.1.3, less the brackets).
const MAX_ADDRESS: usize = 254;

/// Parses an e-mail address. Quoted local parts (RFC 5322, 3.2.4) are refused: they are typing
/// errors or attacks.
pub(super) fn parse(address: &str) -> Option<Mailbox> {
    let address: Address = address.trim().parse().ok()?;
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"\\<>()[],;:".contains(c);
    if !address.user().chars().all(plain) {
        return None;
    }
    // SMTP needs the ASCII form of internationalized domains (RFC 5891).
    let address = Address::new(address.user(), ascii_domain(&address)).ok()?;
    let length = AsRef::<str>::as_ref(&address).len();
    (length <= MAX_ADDRESS).then(|| Mailbox::new(None, address))
}

/// The domain of an address in ASCII.
pub(super) fn ascii_domain(address: &Address) -> String {
    let domain = address.domain();
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_accepted() {
        for (address, wire) in [
            ("pat@example.org", "pat@example.org"),
            (" pat@example.org ", "pat@example.org"),
            ("p.a+t_o'neil@mail.example.org", "p.a+t_o'neil@mail.example.org"),
            ("pat@bücher.example", "pat@xn--bcher-kva.example"),
            ("jürgen@example.org", "jürgen@example.org"),
        ] {
            assert_eq!(parse(address).unwrap().email.to_string(), wire, "{address}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = format!("{}@{}.example", "x".repeat(64), "y.".repeat(100));
        for address in [
            "",
            "pat",
            "@example.org",
            "pat@",
            "pat@exa mple.org",
            "pat@example.org, eve@example.org",
            "pat@example.org\r\nBcc: eve@example.org",
            "pat\r\n@example.org",
            "<pat@example.org>",
            "Pat <pat@example.org>",
            "\"pat smith\"@example.org",
            "\"pat\\\"@evil.example>\"@example.org",
            "pat@example.org>",
            &long,
        ] {
            assert!(parse(address).is_none(), "{address}");
        }
    }
}
