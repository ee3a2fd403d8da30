### The pages on which account holders change, request and set their passwords.

## The pages: title, introduction and button.

password = Change your password
    .intro = Afterwards you are signed out on all devices, and sign in with the new password.
    .submit = Change password
forgot = Request a new password
    .intro = Enter the e-mail address or user ID of your account. We send you an e-mail with a link to set a new password.
    .submit = Send the e-mail
reset = Set a new password
    .intro = Choose a new password for your account.
    .submit = Set password

## The pages after them: title and texts.

sent = Check your e-mail
    .text = If there is an account for your entry, an e-mail is on its way to its address. Look in the spam folder too.
password-done = Your password is changed
    .text = You were signed out on all devices. Sign in with your new password.
reset-done = Your new password is set
    .text = You were signed out everywhere. From now on, sign in with the new password.

## Fields, with a hint.

name = E-mail address or user ID
current-password = Current password
new-password = New password
otp = Code of your authenticator app
    .hint = Leave this empty if you use no authenticator app for this account.
code = Code from the e-mail
    .hint = Six groups of four letters and digits. Upper and lower case do not matter.

## The button that shows a password, for the current password and the new one.

show-current = Show the current password
hide-current = Hide the current password
show-new = Show the new password
hide-new = Hide the new password

## Links.

to-forgot = Forgot your password?
to-password = Change a password that you know
to-reset = Enter the code from the e-mail
to-again = Request another e-mail
continue = Continue
help = Help
languages = Languages

## The rules for a new password. $count: the number of characters or of passwords. "[1]" matches the
## number 1 only.

rules = The new password must:
rule-length = { $count ->
    [one] have at least { $count } character
   *[other] have at least { $count } characters
}
rule-letter = contain a letter
rule-digit = contain a digit
rule-special = contain a special character
rule-own-words = be more than your name, your user ID, your e-mail address or the name of this service
rule-common = not be a commonly used password
rule-strength = be hard to guess
rule-current = differ from the current one
rule-reused = { $count ->
    [1] differ from the previous one
   *[other] differ from your last { $count } passwords
}

# Read by screen readers after a rule.
rule-met = (done)

## Errors. `problem` is the heading above them, `error` stands before the title of the page.

error = Error:
problem = There is a problem
missing-name = Enter your e-mail address or user ID.
missing-current = Enter your current password.
missing-new = Enter a new password.
missing-code = Enter the code from the e-mail.
wrong-password = The account or the current password is incorrect.
wrong-otp = The code of the authenticator app is not right, or was used already. Wait for the next one.
otp-required = This account uses an authenticator app. Enter its code, and the other fields once more.
wrong-code = The code does not belong to this account. Check both.
dead-link = This link or code is not valid any more. It was used, or has expired.
inactive = This account is not active.
locked = There were too many failed attempts.
locked-until-reset = After too many failed attempts, the current password is not accepted any more. Only a new password unlocks the account.
too-many = Too many requests came from your network.
busy = The service is busy at the moment.
fault = Something went wrong on our side. Your password is not changed.
expired-form = The form has expired, or your browser blocks cookies. Fill it in once more.
malformed = The entry could not be understood.
too-large = The entry is too long.
not-found = This page does not exist

## $count: minutes.

wait = { $count ->
    [one] Try again in a minute.
   *[other] Try again in { $count } minutes.
}
valid = { $count ->
    [one] The link in the e-mail is valid for { $count } minute.
   *[other] The link in the e-mail is valid for { $count } minutes.
}
