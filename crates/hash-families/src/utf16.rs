use zeroize::Zeroizing;

/// Converts `password` to UTF-16LE, as Windows and .NET hash it. Returns `None` if it is not UTF-8.
pub(crate) fn utf16_le(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(password).ok()?;
    // At most two bytes for each byte of UTF-8, so the buffer never grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * text.len()));
    for unit in text.encode_utf16() {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    Some(bytes)
}
