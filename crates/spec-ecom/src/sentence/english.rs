//! What a policy says in English stands in the engine as well, and reads the same here.

use super::{Catalogue, Counted};

pub(super) const ENGLISH: Catalogue = Catalogue {
    changed: "password changed successfully",
    malformed: "The request could not be understood.",
    missing: "Required information is missing: {fields}.",
    confirmation_differs: "The new password and its confirmation do not match.",
    unauthenticated: "This chat is not authorized to change passwords.",
    wrong_password: "The account or its current password is not correct.",
    not_found: "This function does not exist.",
    method_not_allowed: "This function cannot be called in this way.",
    unsupported_media_type: "The format of the request is not supported.",
    too_many_attempts: "There were too many failed attempts. Please try again later.",
    body_too_large: "The request is too large.",
    body_incomplete: "The request did not arrive in full.",
    unavailable: "The service is busy at the moment. Please try again shortly.",
    fault: "Something went wrong. Please try again later.",
    too_short: Counted {
        one: "The new password must have at least 1 character.",
        other: "The new password must have at least {count} characters.",
    },
    too_long: Counted {
        one: "The new password must have at most 1 character.",
        other: "The new password must have at most {count} characters.",
    },
    missing_digit: "The new password must contain a digit.",
    missing_special: "The new password must contain a special character.",
    same_as_current: "The new password must differ from the current one.",
    reused: Counted {
        one: "The new password must differ from the previous one.",
        other: "The new password must differ from the last {count} passwords.",
    },
    contains_user_id: "The new password must not contain the user ID.",
    contains_username: "The new password must not contain the user name.",
    contains_email: "The new password must not contain a part of the e-mail address.",
    contains_name: "The new password must not contain a name of the account holder.",
    common: "The new password is among those that many people use.",
};
