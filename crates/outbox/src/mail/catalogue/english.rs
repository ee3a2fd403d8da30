use super::{Catalogue, Words};

pub(super) const ENGLISH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Your password was changed",
        happened: "The password of your account was changed by somebody who knew the old one.",
        if_you: "If this was you, there is nothing to do.",
        if_not_you: "If this was not you, somebody else knows your password and can use your \
                     account. Contact support at once.",
    },
    password_reset: Words {
        title: "Your password was reset",
        happened: "A new password was set for your account by way of a password reset.",
        if_you: "If this was you, there is nothing to do.",
        if_not_you: "If this was not you, somebody else can use your account. Contact support at \
                     once, and make sure that nobody else reads your e-mail.",
    },
    account_locked: Words {
        title: "Your account is locked for a while",
        happened: "Several attempts to change the password of your account have failed. For a \
                   while, further attempts are refused. The password has not been changed.",
        if_you: "If these attempts were yours, wait a little and try again.",
        if_not_you: "If they were not yours, somebody may be guessing your password. Contact \
                     support.",
    },
    attempts_exhausted: Words {
        title: "Too many failed attempts: your password must be reset",
        happened: "So many attempts to change the password of your account have failed that no \
                   further ones are accepted. The password has not been changed. Only a password \
                   reset can set a new one.",
        if_you: "If these attempts were yours, ask for a password reset.",
        if_not_you: "If they were not yours, somebody is trying to guess your password. Contact \
                     support.",
    },
    reset_requested: Words {
        title: "A password reset was requested",
        happened: "A reset of the password of your account was requested. The password has not \
                   been changed.",
        if_you: "If this was you, carry on as you were told.",
        if_not_you: "If this was not you, pass on no code that you receive, to nobody, and contact \
                     support.",
    },
    account: "Account",
    moment: "When",
    address: "From the network address",
    device: "Device or app, as it calls itself",
    support: "Support",
    colon: ":",
    automatic: "This message was sent automatically because of the security of your account.",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    date: "{day} {month} {year}, {time} UTC",
    first_day: "1",
};
