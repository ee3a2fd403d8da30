//! Runs requests through a vendor's API as the server does.

use std::sync::LazyLock;
use std::time::Duration;

use repass_core::{
    Account, AccountId, Caller, Change, ChangeError, Changed, HashError, KeyId, KeyIdentity,
    KeyKind, Proof, Randomness, RandomnessError, Realm, StoreError, TokenId, TokenIdentity,
    Violation,
};
use repass_spec::{Head, Rejection, RequiredCredential, RouteMatch, Spec};
use uuid::Uuid;

use crate::answer::Answer;
use crate::request::TextRequest;
use crate::second_reading::Passwords;
use crate::secrets::{self, MARK};

/// Runs a request through `spec` and asserts that
///
/// - nothing panics, and a second run has the same result (a quarter of the inputs run twice);
/// - a refused request is answered with 4xx, or with a status in `other_statuses`;
/// - every answer is bounded, and of its declared type;
/// - no answer contains a password, a token or a key;
/// - the passwords of an accepted JSON body are those in the body.
pub fn check(spec: &dyn Spec, other_statuses: &[u16], passwords: &Passwords, input: &[u8]) {
    let Some(request) = TextRequest::parse(input) else { return };
    // A number that varies with the input and is the same each time.
    let number = input.len();
    let exchange = Exchange::run(spec, &request, number);
    if number.is_multiple_of(4) {
        assert_eq!(exchange, Exchange::run(spec, &request, number));
    }
    if let Some(Answer { status, .. }) = exchange.refused {
        assert!(
            status.is_client_error() || other_statuses.contains(&status.as_u16()),
            "refused with {status}"
        );
    }
    let is_marked = secrets::are_marked(input, &request);
    for answer in exchange.refused.iter().chain(&exchange.answers) {
        let text = answer.check();
        assert!(!is_marked || !text.contains(MARK), "the answer contains a secret: {text}");
    }
    if let Some(change) = &exchange.change
        && is_plain_json(&request)
        && let Some((old, new)) = passwords.read(request.body)
    {
        assert_eq!((&change.old, &change.new), (&old, &new));
    }
}

fn is_plain_json(request: &TextRequest<'_>) -> bool {
    let content_type = request.header("content-type");
    let media_type = content_type.split(';').next().unwrap_or_default().trim_ascii();
    let is_utf_16 = [b"\xFF\xFE", b"\xFE\xFF"].iter().any(|mark| request.body.starts_with(*mark));
    ["application/json", "text/json"].contains(&media_type)
        && !content_type.contains("utf-16")
        && !is_utf_16
}

/// The result of a request.
#[derive(Debug, PartialEq)]
struct Exchange {
    /// The answer to a refused request.
    refused: Option<Answer>,
    change: Option<ReadChange>,
    /// Answers whose status does not depend on the request.
    answers: Vec<Answer>,
}

impl Exchange {
    fn run(spec: &dyn Spec, request: &TextRequest<'_>, number: usize) -> Self {
        let (realm, caller) = (&*REALM, &*CALLER);
        let head = Head::new(&request.parts, realm);
        let mut call = match spec.begin(&head) {
            RouteMatch::Match(call) => call,
            RouteMatch::NoMatch => return Self::refused(spec.not_found(&head).into()),
            RouteMatch::MethodNotAllowed { allow } => {
                return Self::refused(spec.method_not_allowed(&head, allow).into());
            }
        };
        call.credentials();
        let mut answers = vec![call.reject(REJECTIONS[number % REJECTIONS.len()]).into()];
        let read = call.authorize(caller).and_then(|()| call.read(request.body, caller.clone()));
        match read {
            Err(reply) => Self { refused: Some(reply.into()), change: None, answers },
            Ok(change) => {
                let result = &RESULTS[number % RESULTS.len()];
                answers.push(call.respond(result.as_ref()).into());
                Self { refused: None, change: Some(change.into()), answers }
            }
        }
    }

    fn refused(answer: Answer) -> Self {
        Self { refused: Some(answer), change: None, answers: Vec::new() }
    }
}

/// A change that can be compared.
#[derive(Debug, PartialEq)]
struct ReadChange {
    old: String,
    new: String,
    otp: Option<String>,
    /// The whole change, without its secrets.
    debug: String,
}

impl From<Change> for ReadChange {
    fn from(change: Change) -> Self {
        let (Proof::OldPassword(old)
        | Proof::ResetToken(old)
        | Proof::SignedToken { token: old, .. }) = &change.proof;
        Self {
            old: old.expose().to_owned(),
            new: change.new_password.expose().to_owned(),
            otp: change.otp.as_ref().map(|otp| otp.expose().to_owned()),
            debug: format!("{change:?}"),
        }
    }
}

static REALM: LazyLock<Realm> = LazyLock::new(|| "shop".parse().expect("a realm"));

/// A caller that every API accepts: an administrator with a key.
static CALLER: LazyLock<Caller> = LazyLock::new(|| Caller {
    key: Some(KeyIdentity { id: KeyId(Uuid::nil()), realm: REALM.clone(), kind: KeyKind::Api }),
    token: Some(TokenIdentity {
        id: TokenId(Uuid::nil()),
        issuer: None,
        account: AccountId(Uuid::nil()),
        realm: REALM.clone(),
        user_id: "17".parse().expect("a user id"),
        roles: vec![repass_core::ADMIN_ROLE.to_owned()],
    }),
});

const REJECTIONS: [Rejection; 7] = [
    Rejection::Unauthenticated(RequiredCredential::Key(KeyKind::Api)),
    Rejection::Unauthenticated(RequiredCredential::AccessToken),
    Rejection::UnsupportedEncoding,
    Rejection::BodyTooLarge,
    Rejection::BodyIncomplete,
    Rejection::Unavailable { retry_after: Duration::from_millis(1500) },
    Rejection::Fault,
];

static RESULTS: LazyLock<Vec<Result<Changed, ChangeError>>> = LazyLock::new(|| {
    let at = "2020-04-15T10:08:04.246Z".parse().expect("a time");
    let user_id = "17".parse().expect("a user id");
    let account = Account::new(AccountId(Uuid::nil()), REALM.clone(), user_id, at);
    let retry_after = Duration::from_secs(3);
    vec![
        Ok(Changed { account, at, version: 2 }),
        Err(ChangeError::WrongPassword),
        Err(ChangeError::WrongOtp),
        Err(ChangeError::UnknownToken),
        Err(ChangeError::TokenExpired),
        Err(ChangeError::Inactive),
        Err(ChangeError::Forbidden),
        Err(ChangeError::Rejected(vec![
            Violation::TooShort { min: 8, actual: 1 },
            Violation::MissingDigit,
            Violation::Common,
        ])),
        Err(ChangeError::TooManyAttempts { retry_after }),
        Err(ChangeError::Busy { retry_after }),
        Err(ChangeError::Store(StoreError::Damaged("x".to_owned()))),
        Err(ChangeError::Hash(HashError::Panicked)),
    ]
});

/// Returns the same bytes each time.
#[derive(Debug, Clone, Copy)]
pub struct Constant;

impl Randomness for Constant {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        bytes.fill(7);
        Ok(())
    }
}
