//! What PHP applications make of a password before they hash it.

use zeroize::Zeroizing;

/// The entities of PHP's `htmlspecialchars` without single quotes.
const ENTITIES: [(u8, &[u8]); 4] =
    [(b'&', b"&amp;"), (b'<', b"&lt;"), (b'>', b"&gt;"), (b'"', b"&quot;")];

/// Trims `password` like PHP's `trim`: space, tab, line feed, carriage return, NUL and vertical
/// tab.
pub(crate) fn trimmed(password: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\0' | 0x0b);
    let start = password.iter().position(is_kept).unwrap_or(password.len());
    let end = password.iter().rposition(is_kept).map_or(start, |last| last + 1);
    &password[start..end]
}

/// Returns `password` trimmed and with entities, as phpBB and OpenCart hash it; `None` if that is
/// `password`.
pub(crate) fn with_entities(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let kept = trimmed(password);
    let entity = |byte: &u8| ENTITIES.iter().find(|(own, _)| own == byte).map(|(_, text)| *text);
    let more: usize = kept.iter().filter_map(entity).map(<[u8]>::len).sum();
    if more == 0 && kept == password {
        return None;
    }
    // Measured first, as a growing buffer leaves unwiped copies.
    let mut text = Zeroizing::new(Vec::with_capacity(kept.len() + more));
    for byte in kept {
        text.extend_from_slice(entity(byte).unwrap_or(std::slice::from_ref(byte)));
    }
    Some(text)
}
