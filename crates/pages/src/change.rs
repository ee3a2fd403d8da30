//! What both pages that set a password have in common.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use repass_core::{
    AdministrationError, Authority, Caller, Change, ChangeError, Email, ErrorChain, NameKind,
    Plaintext, Proof, Sessions, StoreError, Subject, fold_name,
};
use repass_http::SecretBytes;
use repass_messages::violation;

use crate::fields::Fields;
use crate::page::{Field, Page, PageKind, Problem};
use crate::state::{State, see_other};
use crate::visit::Visit;

/// The body of a form.
pub(crate) type Body = Extension<Arc<SecretBytes>>;

/// A form that was sent by one of our pages.
pub(crate) struct Form {
    pub(crate) fields: Fields,
    /// The page to show if the form is refused.
    pub(crate) page: Page,
}

impl State {
    /// Reads a form.
    pub(crate) fn read_form(
        &self,
        kind: PageKind,
        visit: &Visit,
        body: &[u8],
    ) -> Result<Form, Response> {
        let mut fields = self.read_fields(visit, body)?;
        let token = fields.take_secret("form_token");
        if visit.is_new || !token.same_as(&visit.form_token) {
            let forbidden = StatusCode::FORBIDDEN;
            return Err(self.refuse(visit, forbidden, "foreign-origin", "expired-form"));
        }
        let mut page = self.page(kind, visit);
        page.username = fields.text("username").to_owned();
        Ok(Form { fields, page })
    }

    /// Reads the fields that one of our pages has sent.
    pub(crate) fn read_fields(&self, visit: &Visit, body: &[u8]) -> Result<Fields, Response> {
        if !visit.is_own {
            let forbidden = StatusCode::FORBIDDEN;
            return Err(self.refuse(visit, forbidden, "foreign-origin", "expired-form"));
        }
        Fields::parse(body).map_err(|_| {
            self.refuse(visit, StatusCode::BAD_REQUEST, "invalid-request", "malformed")
        })
    }

    /// Returns the form with these problems, if there are any.
    pub(crate) fn check(&self, page: Page) -> Result<Page, Response> {
        if page.problems.is_empty() {
            return Ok(page);
        }
        Err(self.answer(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", &page))
    }

    /// Returns the account that a name means: an e-mail address that only one account has, or a
    /// user id. The failed attempts of an address that no account has are counted as those of a
    /// sign-in by it, whatever its spelling. The work is the same for names of no account.
    pub(crate) async fn subject(&self, name: &str) -> Result<Subject, AdministrationError> {
        let realm = &self.shared.options.realm;
        let by_id = Subject::new(realm.clone(), name);
        if name.parse::<Email>().is_err() {
            return Ok(by_id);
        }
        let administration = self.engine.administration();
        let named = administration.accounts_named(realm, NameKind::Email, name).await?;
        let found = administration.store().find(&by_id).await?;
        Ok(match (named.as_slice(), found) {
            ([account], _) => Subject::new(realm.clone(), account.user_id.as_str()),
            (_, Some(_)) => by_id,
            (_, None) => Subject::new(realm.clone(), "").with_email(fold_name(name)),
        })
    }

    /// Waits for the turn of the change, makes it, and answers.
    pub(crate) async fn change(
        &self,
        visit: &Visit,
        page: Page,
        subject: impl Future<Output = Result<Subject, AdministrationError>> + Send,
        proof: Proof,
        mut fields: Fields,
    ) -> Response {
        let admission = self.shared.options.admission.as_ref();
        let _permit = match admission {
            None => None,
            Some(admission) => match admission.admit("pages", visit.peer).await {
                Some(permit) => Some(permit),
                None => return self.busy(page, "busy", Duration::from_secs(1)),
            },
        };
        let subject = match subject.await {
            Ok(subject) => subject,
            Err(error) => return self.failed(visit, page, &error),
        };
        let otp = Some(fields.text(Field::Otp.id())).filter(|otp| !otp.is_empty());
        let otp = otp.map(|otp| Plaintext::new(otp.replace(char::is_whitespace, "")));
        let new_password = fields.take_secret(Field::NewPassword.id());
        let authorization = Authority::AnyoneWithProof.decide(Caller::anonymous(), subject);
        let change = Change::new(authorization, proof, new_password)
            .with_otp(otp)
            .requiring_otp()
            .with_sessions(Sessions::EndAll)
            .with_context(visit.context());
        let outcome = self.engine.attempt(change).await;
        if let Some(account) = outcome.account {
            let _ = visit.account.set(account);
        }
        match outcome.result {
            Ok(_) if page.kind == PageKind::Password => see_other(&page.link("/password/done")),
            Ok(_) => see_other(&page.link("/reset/done")),
            Err(_) if outcome.locked_until_reset => self.locked_until_reset(page),
            Err(error) => self.refused(visit, page, &error),
        }
    }

    /// Answers a change of an account whose current password no wait makes valid again.
    fn locked_until_reset(&self, page: Page) -> Response {
        let mut page = self.leading_to_forgot(page);
        page.problems.push(Problem::new(None, page.text("locked-until-reset")));
        self.answer(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", &page)
    }

    /// Returns the form for another mail in place of the page, if mails are sent.
    fn leading_to_forgot(&self, mut page: Page) -> Page {
        if self.shared.options.mails_resets {
            page.kind = PageKind::Forgot;
        }
        page
    }

    fn refused(&self, visit: &Visit, mut page: Page, error: &ChangeError) -> Response {
        let code = error.code();
        let (field, message) = match error {
            ChangeError::WrongPassword => (None, "wrong-password"),
            ChangeError::WrongOtp => (Some(Field::Otp), "wrong-otp"),
            ChangeError::OtpRequired => (Some(Field::Otp), "otp-required"),
            ChangeError::UnknownToken => (Some(Field::Code), "wrong-code"),
            ChangeError::Inactive => (None, "inactive"),
            ChangeError::TokenExpired => {
                page = self.leading_to_forgot(page);
                page.code = Plaintext::from("").into();
                (None, "dead-link")
            }
            ChangeError::Rejected(violations) => {
                let language = page.language;
                let problem = |own| Problem::new(Field::NewPassword, violation(language, own));
                page.problems.extend(violations.iter().map(problem));
                return self.answer(StatusCode::UNPROCESSABLE_ENTITY, code, &page);
            }
            ChangeError::TooManyAttempts { retry_after } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                return self.wait(page, status, code, "locked", *retry_after);
            }
            error => match error.unavailable() {
                Some(retry_after) => {
                    if let ChangeError::Store(_) = error {
                        self.log_fault(visit, error);
                    }
                    return self.busy(page, code, retry_after);
                }
                None => return self.failed(visit, page, error),
            },
        };
        page.problems.push(Problem::new(field, page.text(message)));
        self.answer(StatusCode::UNPROCESSABLE_ENTITY, code, &page)
    }

    pub(crate) fn busy(&self, page: Page, code: &'static str, delay: Duration) -> Response {
        self.wait(page, StatusCode::SERVICE_UNAVAILABLE, code, "busy", delay)
    }

    /// Answers a failure of the server.
    pub(crate) fn failed(
        &self,
        visit: &Visit,
        mut page: Page,
        error: &(dyn std::error::Error + 'static),
    ) -> Response {
        self.log_fault(visit, error);
        let unavailable = error.source().and_then(|cause| cause.downcast_ref::<StoreError>());
        if let Some(StoreError::Unavailable(_)) = unavailable {
            return self.busy(page, "store-unavailable", Duration::from_secs(1));
        }
        page.problems.push(Problem::new(None, page.text("fault")));
        self.answer(StatusCode::INTERNAL_SERVER_ERROR, "fault", &page)
    }

    pub(crate) fn log_fault(&self, visit: &Visit, error: &(dyn std::error::Error + 'static)) {
        tracing::error!(
            target: "repass::fault",
            api = "pages",
            realm = self.shared.options.realm.as_str(),
            request_id = visit.request_id.as_str(),
            error = ErrorChain(error).to_string(),
            "request failed"
        );
    }
}
