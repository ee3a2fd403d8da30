//! The client's address as trusted proxies state it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use proxy_header::{ParseConfig, ProxyHeader};
use repass_http::Proxy;
use tokio::io::{AsyncRead, AsyncReadExt};

use repass_config::{ForwardingHeader, TrustedProxies};

/// The first bytes of version 2.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 1, in bytes.
const MAX_V1: usize = 107;

/// The longest part of version 2 after its first 16 bytes: addresses, and fields that are not used.
const MAX_V2: u16 = 4096;

/// Reads the header of the PROXY protocol, if the peer is a proxy that sends one, and nothing after
/// it. Returns the address of the proxy's client, or else that of the peer. `None` is the address
/// of a Unix socket.
///
/// # Errors
/// If the header is missing or invalid. The rest of the connection is then not reliable.
pub(crate) async fn accept<S: AsyncRead + Unpin>(
    proxies: &TrustedProxies,
    stream: &mut S,
    peer: Option<IpAddr>,
) -> io::Result<Option<IpAddr>> {
    if !proxies.proxy_protocol || !proxies.trusts(peer) {
        return Ok(peer);
    }
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "no header of the PROXY protocol");
    // The shortest header, `PROXY UNKNOWN`, is longer.
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        let mut rest = [0; 4];
        stream.read_exact(&mut rest).await?;
        let length = u16::from_be_bytes([rest[2], rest[3]]);
        if length > MAX_V2 {
            return Err(invalid());
        }
        header.extend(rest);
        let start = header.len();
        header.resize(start + usize::from(length), 0);
        stream.read_exact(&mut header[start..]).await?;
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\n") && header.len() < MAX_V1 {
            header.push(stream.read_u8().await?);
        }
    }
    let (header, _) = ProxyHeader::parse(&header, ParseConfig::default()).map_err(|_| invalid())?;
    // A check of the proxy's own has no address.
    Ok(header.proxied_address().map_or(peer, |address| Some(address.source.ip().to_canonical())))
}

/// Returns the address of the client that a trusted proxy names in the header, or else `hop`, from
/// which the request came.
pub(crate) fn client(
    proxies: &TrustedProxies,
    hop: Option<IpAddr>,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    let Some(header) = proxies.header.filter(|_| proxies.trusts(hop)) else { return hop };
    match last_untrusted(proxies, header, headers) {
        Ok(client) => client.or(hop),
        Err(Invalid) => {
            let (header, proxy) = (header.name(), Proxy(hop));
            tracing::debug!(%header, %proxy, "the proxy's header has an invalid address");
            hop
        }
    }
}

/// A header names no IP address where there should be one.
struct Invalid;

/// Returns the last address in the header that is not a trusted proxy's, or the first if all are.
/// Each proxy appends the address of its peer, so what is before was sent by the client.
fn last_untrusted(
    proxies: &TrustedProxies,
    header: ForwardingHeader,
    headers: &HeaderMap,
) -> Result<Option<IpAddr>, Invalid> {
    let mut client = None;
    for line in headers.get_all(header.name()).iter().rev() {
        // A client may have sent any bytes before what the proxy appended.
        let line = String::from_utf8_lossy(line.as_bytes());
        let elements = match header {
            ForwardingHeader::XForwardedFor => line.split(',').collect(),
            ForwardingHeader::Forwarded => split_unquoted(&line, ',')?,
        };
        for element in elements.into_iter().rev().map(str::trim).filter(|part| !part.is_empty()) {
            let address = match header {
                ForwardingHeader::XForwardedFor => address(element)?,
                ForwardingHeader::Forwarded => forwarded_for(element)?,
            };
            client = Some(address);
            if !proxies.trusts(client) {
                return Ok(client);
            }
        }
    }
    Ok(client)
}

/// Returns the only `for` of a `forwarded-element` (RFC 7239, 4).
fn forwarded_for(element: &str) -> Result<IpAddr, Invalid> {
    let pairs = split_unquoted(element, ';')?.into_iter().filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    match (named.next(), named.next()) {
        (Some((_, value)), None) => address(value.trim().trim_matches('"')),
        _ => Err(Invalid),
    }
}

/// Reads an address with or without a port or brackets.
fn address(text: &str) -> Result<IpAddr, Invalid> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text.parse().ok().or_else(with_port).or_else(in_brackets);
    address.map(|address: IpAddr| address.to_canonical()).ok_or(Invalid)
}

/// Splits a text at the separators outside of quoted strings, which may hold text of the client.
/// The crates for RFC 7239 split inside of them too.
fn split_unquoted(text: &str, separator: char) -> Result<Vec<&str>, Invalid> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return c == separator && !is_quoted,
        }
        false
    });
    let parts = parts.collect();
    if is_quoted { Err(Invalid) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies(header: ForwardingHeader) -> TrustedProxies {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let header = Some(header);
        TrustedProxies { networks: networks.into(), unix: true, header, proxy_protocol: true }
    }

    fn ip(text: &str) -> Option<IpAddr> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    /// Returns the client of a request from `hop` with these lines of a header.
    fn client_of(header: ForwardingHeader, hop: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let client = client(&proxies(header), ip(hop), &headers);
        client.map_or_else(|| "unix".to_owned(), |client| client.to_string())
    }

    /// Proves W6.
    #[test]
    fn w6_the_last_untrusted_address_of_a_trusted_peer_counts() {
        const PROXY: &str = "10.0.0.1";
        for (hop, lines, client) in [
            (PROXY, &["203.0.113.9"][..], "203.0.113.9"),
            ("", &["203.0.113.9"], "203.0.113.9"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
            (PROXY, &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            (PROXY, &["nonsense é, 203.0.113.9"], "203.0.113.9"),
            (PROXY, &["203.0.113.9, 10.2.3.4,fd00::2"], "203.0.113.9"),
            (PROXY, &["1.1.1.1", "203.0.113.9", "10.2.3.4"], "203.0.113.9"),
            (PROXY, &["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
            (PROXY, &["203.0.113.9:4711"], "203.0.113.9"),
            (PROXY, &["[2001:db8::1]:4711"], "2001:db8::1"),
            (PROXY, &["[2001:db8::1]"], "2001:db8::1"),
            (PROXY, &["::ffff:203.0.113.9"], "203.0.113.9"),
            (PROXY, &["203.0.113.9", "::ffff:10.2.3.4"], "203.0.113.9"),
            (PROXY, &["203.0.113.9, ,"], "203.0.113.9"),
            // An untrusted peer is not believed, and an invalid value is not skipped.
            ("203.0.113.9", &["1.1.1.1"], "203.0.113.9"),
            (PROXY, &["1.1.1.1, nonsense"], PROXY),
            (PROXY, &["1.1.1.1, unknown, 10.2.3.4"], PROXY),
            (PROXY, &[""], PROXY),
            (PROXY, &[], PROXY),
            ("", &[], "unix"),
        ] {
            let header = ForwardingHeader::XForwardedFor;
            assert_eq!(client_of(header, hop, lines), client, "{hop} {lines:?}");
        }
    }

    /// Proves W6.
    #[test]
    fn w6_forwarded_is_read_as_in_rfc_7239() {
        const PROXY: &str = "10.0.0.1";
        for (lines, client) in [
            (&["for=203.0.113.9"][..], "203.0.113.9"),
            (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&["for=1.1.1.1, for=203.0.113.9;proto=https;by=10.0.0.1"], "203.0.113.9"),
            (&["by=10.0.0.1; for = 203.0.113.9 ,for=10.2.3.4"], "203.0.113.9"),
            (&["for=\"", "for=203.0.113.9"], "203.0.113.9"),
            // The quoted host is the client's own text.
            (&["for=203.0.113.9;host=\"x,for=1.1.1.1;a=\""], "203.0.113.9"),
            (&["for=203.0.113.9;host=\"x\\\",for=1.1.1.1;a=\""], "203.0.113.9"),
            (&["for=1.1.1.1, for=unknown"], PROXY),
            (&["for=_hidden"], PROXY),
            (&["proto=https"], PROXY),
            (&["for=1.1.1.1;for=2.2.2.2"], PROXY),
            (&["for=\", for=203.0.113.9"], PROXY),
        ] {
            assert_eq!(client_of(ForwardingHeader::Forwarded, PROXY, lines), client, "{lines:?}");
        }
    }

    proptest! {
        /// What a client sends before the address that the proxy appends is never believed.
        ///
        /// Proves W6.
        #[test]
        fn w6_a_client_cannot_choose_its_address(
            sent in "[0-9a-zé.:,;=\"\\\\ \\[\\]]{0,60}",
            address in any::<IpAddr>(),
            is_own_line: bool,
        ) {
            let peer = "10.0.0.1";
            prop_assume!(!proxies(ForwardingHeader::Forwarded).trusts(Some(address.to_canonical())));
            let address = address.to_canonical();
            for (header, added) in [
                (ForwardingHeader::XForwardedFor, address.to_string()),
                (ForwardingHeader::Forwarded, format!("for=\"[{address}]\"")),
            ] {
                let added = if address.is_ipv4() { added.replace(['[', ']'], "") } else { added };
                let joined = format!("{sent}, {added}");
                let lines = if is_own_line { vec![sent.as_str(), &added] } else { vec![&*joined] };
                let client = client_of(header, peer, &lines);
                // Of a broken line, the proxy's own address remains.
                prop_assert!(client == address.to_string() || client == peer, "{client}");
                prop_assert!(client != peer || !is_own_line);
            }
        }
    }

    async fn accepted(header: &[u8], peer: &str) -> io::Result<(Option<IpAddr>, Vec<u8>)> {
        let mut stream = header;
        let proxies = proxies(ForwardingHeader::XForwardedFor);
        let client = accept(&proxies, &mut stream, ip(peer)).await?;
        Ok((client, stream.to_vec()))
    }

    /// Returns a header of version 2 with an IPv4 address.
    fn version_2(command: u8, length: u16) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([0x20 | command, 0x11]);
        header.extend(length.to_be_bytes());
        header.extend([203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xbb]);
        header.resize(16 + usize::from(length), 0);
        header
    }

    /// Proves W6.
    #[tokio::test]
    async fn w6_the_proxy_protocol_is_read_to_its_end_and_no_further() {
        for (header, client) in [
            (b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n".to_vec(), "203.0.113.9"),
            (b"PROXY TCP6 2001:db8::1 fd00::1 4711 443\r\n".to_vec(), "2001:db8::1"),
            (b"PROXY UNKNOWN\r\n".to_vec(), "10.0.0.1"),
            (version_2(1, 12), "203.0.113.9"),
            (version_2(1, 4096), "203.0.113.9"),
            (version_2(0, 12), "10.0.0.1"),
        ] {
            let sent = [&header[..], b"GET /"].concat();
            let (found, rest) = accepted(&sent, "10.0.0.1").await.unwrap();
            assert_eq!((found, &rest[..]), (ip(client), &b"GET /"[..]), "{header:?}");
            // To others it is no header.
            let (found, rest) = accepted(&sent, "203.0.113.1").await.unwrap();
            assert_eq!((found, rest), (ip("203.0.113.1"), sent));
        }
        for broken in [
            &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
            b"PROXY TCP4 203.0.113.9\r\n",
            b"PROXY TCP4 nonsense 10.0.0.1 4711 443\r\n",
            b"PROXY",
            b"",
            &[b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat(),
            &version_2(1, 4097),
            &version_2(1, 12)[..20],
        ] {
            assert!(accepted(broken, "10.0.0.1").await.is_err(), "{broken:?}");
        }
    }
}
