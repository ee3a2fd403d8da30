use lettre::Address;
use lettre::message::Mailbox;

/// The longest address that can be mailed to, in bytes (RFC 5321, 4.5.3.1.3, less the brackets).
const MAX_ADDRESS: usize = 254;

/// Whom an address belongs to; `None` if it is no address. Only plain ones are taken: what would have
/// to be quoted (RFC 5322, 3.2.4) is mistyped or meant ill.
pub(super) fn parse(address: &str) -> Option<Mailbox> {
    let address: Address = address.trim().parse().ok()?;
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"\\<>()[],;:".contains(c);
    if !address.user().chars().all(plain) {
        return None;
    }
    // As it goes over the wire: names in other scripts have a spelling in ASCII (RFC 5891).
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
    fn plain_addresses_are_taken() {
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
    fn others_are_not() {
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
