use std::fmt;

use crate::{Call, Head};

/// The result of matching a request against the routes of an API.
pub enum RouteMatch {
    /// Path and method match.
    Match(Box<dyn Call>),
    /// The path matches, the method does not.
    MethodNotAllowed {
        /// The methods that the path supports, for the `Allow` header.
        allow: &'static str,
    },
    /// The path does not match.
    NoMatch,
}

impl RouteMatch {
    /// Matches a request with this path, which one slash may follow, and this method. `begin`
    /// creates the call.
    pub fn at<C: Call + 'static>(
        head: &Head<'_>,
        method: &'static str,
        path: &str,
        begin: impl FnOnce() -> C,
    ) -> Self {
        if head.path.strip_suffix('/').unwrap_or(head.path) == path {
            Self::by_method(head, method, begin)
        } else {
            Self::NoMatch
        }
    }

    /// Matches a request with this method; its path is known to match. `begin` creates the call.
    pub fn by_method<C: Call + 'static>(
        head: &Head<'_>,
        method: &'static str,
        begin: impl FnOnce() -> C,
    ) -> Self {
        if head.parts.method == method {
            Self::Match(Box::new(begin()))
        } else {
            Self::MethodNotAllowed { allow: method }
        }
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

#[cfg(test)]
mod tests {
    use http::Request;
    use repass_core::{Caller, Change, ChangeError, Changed};

    use super::*;
    use crate::{Credential, Rejection, Reply, Spec, reply};

    struct Api;

    impl Spec for Api {
        fn name(&self) -> &'static str {
            "api"
        }

        fn begin(&self, head: &Head<'_>) -> RouteMatch {
            RouteMatch::at(head, "PUT", "/password", || Put)
        }
    }

    struct Put;

    impl Call for Put {
        fn credentials(&mut self) -> Vec<Credential> {
            Vec::new()
        }

        fn read(&mut self, _: &[u8], _: Caller) -> Result<Change, Reply> {
            Err(self.reject(Rejection::Fault))
        }

        fn respond(&self, _: Result<&Changed, &ChangeError>) -> Reply {
            self.reject(Rejection::Fault)
        }

        fn reject(&self, _: Rejection) -> Reply {
            reply::empty(http::StatusCode::INTERNAL_SERVER_ERROR)
        }
    }

    fn with_head<T>(method: &str, path: &str, act: impl FnOnce(&Head<'_>) -> T) -> T {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        act(&Head::new(&request.into_parts().0, &"shop".parse().unwrap()))
    }

    #[test]
    fn a_path_matches_with_at_most_one_slash_after_it() {
        for (method, path, route) in [
            ("PUT", "/password", "Match"),
            ("PUT", "/password/?x=1", "Match"),
            ("POST", "/password", "MethodNotAllowed"),
            ("put", "/password/", "MethodNotAllowed"),
            ("PUT", "/password//", "NoMatch"),
            ("PUT", "/Password", "NoMatch"),
            ("PUT", "/", "NoMatch"),
        ] {
            let matched = with_head(method, path, |head| Api.begin(head));
            assert_eq!(format!("{matched:?}"), route, "{method} {path}");
        }
        let other = with_head("POST", "/password", |head| Api.begin(head));
        assert!(matches!(other, RouteMatch::MethodNotAllowed { allow: "PUT" }));
    }

    #[test]
    fn the_default_404_and_405_have_no_body() {
        let not_found = with_head("PUT", "/", |head| Api.not_found(head));
        assert_eq!((not_found.status().as_u16(), not_found.body().len()), (404, 0));
        let other = with_head("POST", "/password", |head| Api.method_not_allowed(head, "PUT"));
        assert_eq!((other.status().as_u16(), other.body().len()), (405, 0));
        assert_eq!(other.headers()[http::header::ALLOW], "PUT");
    }
}
