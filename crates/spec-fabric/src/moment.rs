use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A timestamp in fabric's format: `2020-04-15T10:08:04.246Z`, cut to milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// Reads a timestamp (RFC 3339, with any offset).
    pub(crate) fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_three_decimals() {
        for (read, written) in [
            ("2020-04-15T10:08:04.246Z", "2020-04-15T10:08:04.246Z"),
            ("2020-04-15T10:08:04Z", "2020-04-15T10:08:04.000Z"),
            ("2020-04-15T10:08:04.9999999Z", "2020-04-15T10:08:04.999Z"),
            ("2020-04-15T12:08:04.2+02:00", "2020-04-15T10:08:04.200Z"),
            ("0099-12-31T23:59:59Z", "0099-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Moment::read(read).unwrap().to_string(), written);
        }
        for bad in ["", "yesterday", "2020-04-15", "2020-04-15T10:08:04"] {
            assert_eq!(Moment::read(bad), None, "{bad}");
        }
    }
}
