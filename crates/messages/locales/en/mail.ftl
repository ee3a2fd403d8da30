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
password-set = A new password was set for your account
    .happened = The operator of the service set a new password for your account. An earlier password is no longer valid.
    .if-you = If you asked for this, you do not need to do anything else.
    .if-not-you = If you did not ask for this, contact support immediately.
account-locked = Your account is temporarily locked
    .happened = Several attempts to sign in to your account or to change its password have failed. Further attempts will be refused for a while. Your password has not been changed.
    .if-you = If you made these attempts, wait a little and try again.
    .if-not-you = If you did not make these attempts, someone may be trying to guess your password. Contact support.
sign_in-locked = Signing in to your account is temporarily blocked
    .happened = After several failed attempts, signing in to your account will be refused for a while. Your password has not been changed.
    .if-you = If you tried to sign in, wait a little and then try again.
    .if-not-you = If you did not try to sign in, someone may be trying to guess your password. Contact support.
attempts-exhausted = Too many failed attempts: you need to reset your password
    .happened = There have been so many failed attempts to sign in to your account or to change its password that no more are accepted. Your password has not been changed. You can set a new one only through a password reset.
    .if-you = If you made these attempts, request a password reset.
    .if-not-you = If you did not make these attempts, someone is trying to guess your password. Contact support.
reset-requested = A password reset was requested
    .happened = A password reset was requested for your account. Your password has not been changed.
    .if-you = If this was you, follow the instructions that you were given.
    .if-not-you = If this was not you, do not share any code you receive with anyone, and contact support.

## The same for a requested reset whose link is in the mail. The link follows `if-you` on its own
## line. A reset sets the first password of an account too.

reset-link = Set a new password
    .happened = A new password was requested for your account. Nothing has been changed yet.
    .if-you = If this was you, open this link and set your new password. The link can be used once.
    .code = If the page asks for a code, enter this one.
    .if-not-you = If this was not you, ignore this message and do not share the link with anyone.

## Labels of facts, and the colon after a label.

account = Account
time = Date and time
valid-until = Link valid until
address = IP address
claimed-address = IP address (not verified)
device = Device or app (not verified)
support = Support
colon = :

## $date: a date such as "1 March 2026". $time: a time of day such as "07:05".

date-and-time = { $date }, { $time } UTC

## The footer.

automatic = This message about the security of your account was sent automatically.
