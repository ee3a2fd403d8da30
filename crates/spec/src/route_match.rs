use std::fmt;

use crate::Call;

/// Whether a request is an API's.
pub enum RouteMatch {
    /// Path and method are.
    Match(Box<dyn Call>),
    /// The path is, the method is not.
    MethodNotAllowed {
        /// The methods that the path takes, for the `Allow` header.
        allow: &'static str,
    },
    /// The path is not.
    NoMatch,
}

impl RouteMatch {
    /// The request of `call`.
    pub fn to(call: impl Call + 'static) -> Self {
        Self::Match(Box::new(call))
    }
}

impl fmt::Debug for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match(_) => "Match",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::NoMatch => "NoMatch",
        })
    }
}
