//! The namespaces in scope (Namespaces in XML 1.0, 6).

use std::rc::Rc;

use quick_xml::name::PrefixDeclaration;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The largest number of declarations in scope, besides those of `xml` and `xmlns`. It bounds the
/// search for a prefix.
const MAX_DECLARATIONS: usize = 128;

/// The number of prefixes that are bound without a declaration.
const RESERVED: usize = 2;

/// The bindings of prefixes to URIs. A URI is copied only where it is declared: it may be as long
/// as the document, and many names may use it.
pub(super) struct Namespaces(Vec<Binding>);

/// The binding of one prefix.
pub(super) struct Binding {
    /// `None` for the namespace of elements without a prefix.
    prefix: Option<String>,
    pub(super) uri: Rc<str>,
    /// The same for all bindings in scope with an equal URI, and for no others.
    pub(super) number: usize,
    depth: usize,
}

impl Namespaces {
    /// Returns the two prefixes that are bound in every document.
    pub(super) fn new() -> Self {
        let reserved = |number, prefix: &str, uri: &str| Binding {
            prefix: Some(prefix.to_owned()),
            uri: uri.into(),
            number,
            depth: 0,
        };
        Self(vec![reserved(0, "xml", XML), reserved(1, "xmlns", XMLNS)])
    }

    /// Adds a declaration of the element at `depth`. `None` if it is not allowed.
    pub(super) fn declare(
        &mut self,
        prefix: PrefixDeclaration<'_>,
        uri: &str,
        depth: usize,
    ) -> Option<()> {
        let prefix = match prefix {
            PrefixDeclaration::Named("xml") => return (uri == XML).then_some(()),
            PrefixDeclaration::Named("xmlns") => return None,
            PrefixDeclaration::Named(_) if ["", XML, XMLNS].contains(&uri) => return None,
            PrefixDeclaration::Named(prefix) => Some(prefix.to_owned()),
            PrefixDeclaration::Default => None,
        };
        let bound = self.0.len();
        if bound >= RESERVED + MAX_DECLARATIONS {
            return None;
        }
        let equal = self.0.iter().find(|binding| *binding.uri == *uri);
        let (uri, number) = match equal {
            Some(equal) => (Rc::clone(&equal.uri), equal.number),
            None => (uri.into(), bound),
        };
        self.0.push(Binding { prefix, uri, number, depth });
        Some(())
    }

    /// Removes the declarations of elements deeper than `depth`.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.0.last().is_some_and(|binding| binding.depth > depth) {
            self.0.pop();
        }
    }

    /// Returns the binding of `prefix`.
    pub(super) fn find(&self, prefix: Option<&str>) -> Option<&Binding> {
        self.0.iter().rfind(|binding| binding.prefix.as_deref() == prefix)
    }
}
