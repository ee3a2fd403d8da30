use super::{Catalogue, Words};

pub(super) const ENGLISH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Your password was changed",
        happened: "The password for your account was changed by someone who knew the old one.",
        if_you: "If this was you, you do not need to do anything.",
        if_not_you: "If this was not you, someone else knows your password and can use your \
                     account. Contact support immediately.",
    },
    password_reset: Words {
        title: "Your password was reset",
        happened: "A new password was set for your account through a password reset.",
        if_you: "If this was you, you do not need to do anything else.",
        if_not_you: "If this was not you, someone else can use your account. Contact support \
                     immediately, and make sure that nobody else can read your e-mail.",
    },
    account_locked: Words {
        title: "Your account is temporarily locked",
        happened: "Several attempts to change the password for your account have failed. Further \
                   attempts will be refused for a while. Your password has not been changed.",
        if_you: "If you made these attempts, wait a little and try again.",
        if_not_you: "If you did not make these attempts, someone may be trying to guess your \
                     password. Contact support.",
    },
    attempts_exhausted: Words {
        title: "Too many failed attempts: you need to reset your password",
        happened: "There have been so many failed attempts to change the password for your account \
                   that no more are accepted. Your password has not been changed. You can set a \
                   new one only through a password reset.",
        if_you: "If you made these attempts, request a password reset.",
        if_not_you: "If you did not make these attempts, someone is trying to guess your password. \
                     Contact support.",
    },
    reset_requested: Words {
        title: "A password reset was requested",
        happened: "A password reset was requested for your account. Your password has not been \
                   changed.",
        if_you: "If this was you, follow the instructions that you were given.",
        if_not_you: "If this was not you, do not share any code you receive with anyone, and \
                     contact support.",
    },
    account: "Account",
    moment: "Date and time",
    address: "IP address",
    device: "Device or app (not verified)",
    support: "Support",
    colon: ":",
    automatic: "This message about the security of your account was sent automatically.",
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
