use std::fmt;
use std::sync::Arc;

use repass_core::Plaintext;
use repass_messages::{Language, PAGES, requirements};

use crate::state::Shared;
use crate::visit::{LANGUAGE, Visit};

/// The content of one page, for [`Templates`](crate::Templates).
#[derive(Clone)]
#[non_exhaustive]
pub struct Page {
    /// Which page it is.
    pub kind: PageKind,
    /// Its language.
    pub language: Language,
    /// What is wrong with the form, or why there is no other page; in the order of the fields.
    pub problems: Vec<Problem>,
    /// The e-mail address or user id that was entered.
    pub username: String,
    /// The code that was entered, which a refused password leaves valid.
    pub code: Arc<Plaintext>,
    /// The value of the hidden field `form_token`, which every form needs.
    pub form_token: Arc<Plaintext>,
    chosen: Option<Language>,
    shared: Arc<Shared>,
}

/// The kind of a [`Page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageKind {
    /// The form to change a password, with the fields `username`, `current-password`, `new-password`
    /// and `otp`. The last one is last, since password managers take a text before a password for
    /// the name that belongs to it.
    Password,
    /// The password is changed.
    PasswordDone,
    /// The form to request a mail, with the field `username`.
    Forgot,
    /// A mail is on its way, if there is such an account.
    Sent,
    /// The form to set a password, with the fields `username`, `code`, `new-password` and `otp`.
    Reset,
    /// The password is set.
    ResetDone,
    /// There is no such page.
    NotFound,
    /// The request is refused as a whole.
    Error,
}

/// A field of a form. Its id and name are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The e-mail address or user id.
    Username,
    /// The current password.
    CurrentPassword,
    /// The code of an authenticator app.
    Otp,
    /// The code of a mail.
    Code,
    /// The new password.
    NewPassword,
}

impl Field {
    /// The id and name in HTML.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::CurrentPassword => "current-password",
            Self::Otp => "otp",
            Self::Code => "code",
            Self::NewPassword => "new-password",
        }
    }
}

/// A sentence about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field that is wrong; `None` if it is the form as a whole.
    pub field: Option<Field>,
    /// The sentence, in the language of the page.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<Option<Field>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Page {
    pub(crate) fn new(kind: PageKind, visit: &Visit, shared: Arc<Shared>) -> Self {
        Self {
            kind,
            language: visit.language,
            problems: Vec::new(),
            username: String::new(),
            code: Arc::new(Plaintext::from("")),
            form_token: Arc::clone(&visit.form_token),
            chosen: visit.chosen,
            shared,
        }
    }

    /// Returns a message of `pages.ftl` in the language of the page.
    pub fn text(&self, id: &str) -> String {
        PAGES.text(self.language, id, [])
    }

    /// The title of the page.
    pub fn title(&self) -> String {
        self.text(match self.kind {
            PageKind::Password => "password",
            PageKind::PasswordDone => "password-done",
            PageKind::Forgot => "forgot",
            PageKind::Sent => "sent",
            PageKind::Reset => "reset",
            PageKind::ResetDone => "reset-done",
            PageKind::NotFound => "not-found",
            PageKind::Error => "problem",
        })
    }

    /// Whether the page is a form that was refused.
    pub fn is_refused(&self) -> bool {
        !self.problems.is_empty() && self.kind != PageKind::Error
    }

    /// Returns the sentences about a field.
    pub fn problems_of(&self, field: Field) -> Vec<&str> {
        let of_field = self.problems.iter().filter(|problem| problem.field == Some(field));
        of_field.map(|problem| problem.message.as_str()).collect()
    }

    /// The sentence about how long a link in a mail is valid.
    pub fn validity(&self) -> String {
        let minutes = self.shared.options.reset_lifetime.as_secs().div_ceil(60);
        PAGES.text(self.language, "valid", [("count", minutes.into())])
    }

    /// The rules for a new password: codes and what it needs, for a list under the message `rules`.
    pub fn requirements(&self) -> Vec<(&'static str, String)> {
        requirements(self.language, self.shared.policy.rules())
    }

    /// The fewest code points of a new password.
    pub fn min_length(&self) -> usize {
        self.shared.policy.rules().min_length
    }

    /// The value of the attribute `passwordrules` of the field for a new password.
    pub fn passwordrules(&self) -> String {
        self.shared.policy.rules().passwordrules()
    }

    /// The name of the service.
    pub fn product(&self) -> &str {
        &self.shared.options.product
    }

    /// The URL of the logo.
    pub fn logo(&self) -> Option<String> {
        self.shared.options.logo.as_ref().map(|_| self.asset("logo"))
    }

    /// The page where people find help.
    pub fn support_url(&self) -> Option<&str> {
        self.shared.options.support_url.as_deref()
    }

    /// The e-mail address where people find help.
    pub fn support_email(&self) -> Option<&str> {
        self.shared.options.support_email.as_deref()
    }

    /// Where people continue after success.
    pub fn application_url(&self) -> Option<&str> {
        self.shared.options.application_url.as_deref()
    }

    /// Whether a mail with a link can be requested.
    pub fn mails_resets(&self) -> bool {
        self.shared.options.mails_resets
    }

    /// Returns the URL of a page below the prefix, such as `/password`, in the chosen language.
    pub fn link(&self, path: &str) -> String {
        let url = self.unchosen_link(path);
        match self.chosen {
            Some(language) => format!("{url}?{LANGUAGE}={}", language.subtag()),
            None => url,
        }
    }

    /// Returns the URL of a path below the prefix without the chosen language.
    pub fn unchosen_link(&self, path: &str) -> String {
        format!("{}{path}", self.shared.options.base_url.prefix())
    }

    /// Returns the URL of `style.css`, `script.js` or `logo`. It changes with the content.
    pub fn asset(&self, name: &str) -> String {
        let (prefix, version) = (self.shared.options.base_url.prefix(), &self.shared.version);
        format!("{prefix}/assets/{name}?v={version}")
    }

    /// The page to which the script goes from a link that is not valid any more: the form for another
    /// mail, or without mails the same page with the error.
    pub fn dead_link(&self) -> String {
        self.link(if self.mails_resets() { "/forgot" } else { "/reset" })
    }

    /// The page in each language: the language and the URL.
    pub fn languages(&self) -> Vec<(Language, String)> {
        let url = |language: Language| {
            format!("{}?{LANGUAGE}={}", self.unchosen_link(self.path()), language.subtag())
        };
        Language::ALL.map(|language| (language, url(language))).to_vec()
    }

    /// The path of the page below the prefix; that of the first page for errors.
    pub fn path(&self) -> &'static str {
        match self.kind {
            PageKind::Password | PageKind::NotFound | PageKind::Error => "/password",
            PageKind::PasswordDone => "/password/done",
            PageKind::Forgot => "/forgot",
            PageKind::Sent => "/forgot/sent",
            PageKind::Reset => "/reset",
            PageKind::ResetDone => "/reset/done",
        }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("kind", &self.kind)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}
