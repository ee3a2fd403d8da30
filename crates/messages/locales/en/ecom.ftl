### The messages that an ecom bot shows. The English texts of policy violations equal those of the
### engine.

changed = password changed successfully
malformed = The request could not be understood.

# $fields: names of fields, separated by commas.
missing = Required information is missing: { $fields }.

confirmation-differs = The new password and its confirmation do not match.
unauthenticated = This chat is not authorized to change passwords.
wrong-password = The account or its current password is not correct.
not-found = This function does not exist.
method-not-allowed = This function cannot be called in this way.
unsupported-media-type = The format of the request is not supported.
too-many-attempts = There were too many failed attempts. Please try again later.
body-too-large = The request is too large.
body-incomplete = The request did not arrive in full.
unavailable = The service is busy at the moment. Please try again shortly.
fault = Something went wrong. Please try again later.

## Policy violations. $count is the minimum or maximum length, or the number of passwords in the history.
## "[1]" matches the number 1 only, "[one]" the plural category "one" of the language.

too-short = { $count ->
    [one] The new password must have at least { $count } character.
   *[other] The new password must have at least { $count } characters.
}
too-long = { $count ->
    [one] The new password must have at most { $count } character.
   *[other] The new password must have at most { $count } characters.
}
missing-letter = The new password must contain a letter.
missing-digit = The new password must contain a digit.
missing-special = The new password must contain a special character.
same-as-current = The new password must differ from the current one.
reused = { $count ->
    [1] The new password must differ from the previous one.
   *[other] The new password must differ from the last { $count } passwords.
}
contains-user-id = The new password must not be based on the user ID.
contains-username = The new password must not be based on the user name.
contains-email = The new password must not be based on the e-mail address.
contains-name = The new password must not be based on a name of the account holder.
contains-service = The new password must not be based on the name of this service.
common = The new password is among those that many people use.
weak = The new password is too easy to guess.
compromised = The new password is known from data breaches at other services.
