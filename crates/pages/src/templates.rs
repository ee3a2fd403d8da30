use askama::Template;

use crate::page::{Field, Page, PageKind};

/// Writes the HTML of the pages.
///
/// An embedder implements it to give the pages its own frame. The Content Security Policy allows
/// styles, scripts and images of the same origin, and no inline ones. A form is sent by POST to
/// [`Page::link`] of [`Page::path`], with the fields of its [`PageKind`] and the hidden field
/// `form_token`. Escape all texts.
///
/// ```
/// use repass_pages::{DefaultTemplates, Page, PageKind, Templates};
///
/// struct OwnTemplates;
///
/// impl Templates for OwnTemplates {
///     fn render(&self, page: &Page) -> String {
///         match page.kind {
///             PageKind::NotFound => format!("<!DOCTYPE html><title>{}</title>", page.title()),
///             _ => DefaultTemplates.render(page),
///         }
///     }
/// }
/// ```
pub trait Templates: Send + Sync {
    /// Returns the whole document.
    fn render(&self, page: &Page) -> String;
}

/// The templates of this crate.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultTemplates;

impl Templates for DefaultTemplates {
    fn render(&self, page: &Page) -> String {
        // Writing to a string does not fail.
        Html { page }.render().unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    page: &'a Page,
}
