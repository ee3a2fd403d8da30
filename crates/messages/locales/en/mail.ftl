### The mails to the account holder.

## The texts of an event: subject and heading, what happened, what to do if it was the holder, and what
## to do if it was not.

password-changed = Your password was changed
    .happened = The password for your account was changed by someone who knew the old one.
    .if-you = If this was you, you do not need to do anything.
    .if-not-you = If this was not you, someone else knows your password and can use your account. Contact support immediately.
password-reset = Your password was reset
    .happened = A new password was set for your account through a password reset.
    .if-you = If this was you, you do not need to do anything else.
    .if-not-you = If this was not you, someone else can use your account. Contact support immediately, and make sure that nobody else can read your e-mail.
account-locked = Your account is temporarily locked
    .happened = Several attempts to change the password for your account have failed. Further attempts will be refused for a while. Your password has not been changed.
    .if-you = If you made these attempts, wait a little and try again.
    .if-not-you = If you did not make these attempts, someone may be trying to guess your password. Contact support.
attempts-exhausted = Too many failed attempts: you need to reset your password
    .happened = There have been so many failed attempts to change the password for your account that no more are accepted. Your password has not been changed. You can set a new one only through a password reset.
    .if-you = If you made these attempts, request a password reset.
    .if-not-you = If you did not make these attempts, someone is trying to guess your password. Contact support.
reset-requested = A password reset was requested
    .happened = A password reset was requested for your account. Your password has not been changed.
    .if-you = If this was you, follow the instructions that you were given.
    .if-not-you = If this was not you, do not share any code you receive with anyone, and contact support.

## Labels of facts, and the colon after a label.

account = Account
time = Date and time
address = IP address
claimed-address = IP address (not verified)
device = Device or app (not verified)
support = Support
colon = :

## $date: a date such as "1 March 2026". $time: a time of day such as "07:05".

date-and-time = { $date }, { $time } UTC

## The footer.

automatic = This message about the security of your account was sent automatically.
