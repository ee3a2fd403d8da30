### What an ecom bot shows. What a policy says in English stands in the engine as well, and reads the
### same here.

changed = password changed successfully
malformed = The request could not be understood.

# $fields: names of members, with commas between them.
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

## A rule that the new password breaks; $count is the least or the most that it allows, or how many
## passwords are remembered. "[1]" is chosen for the number 1 alone, "[one]" for whatever the language
## counts like it.

too-short = { $count ->
    [one] The new password must have at least { $count } character.
   *[other] The new password must have at least { $count } characters.
}
too-long = { $count ->
    [one] The new password must have at most { $count } character.
   *[other] The new password must have at most { $count } characters.
}
missing-digit = The new password must contain a digit.
missing-special = The new password must contain a special character.
same-as-current = The new password must differ from the current one.
reused = { $count ->
    [1] The new password must differ from the previous one.
   *[other] The new password must differ from the last { $count } passwords.
}
contains-user-id = The new password must not contain the user ID.
contains-username = The new password must not contain the user name.
contains-email = The new password must not contain a part of the e-mail address.
contains-name = The new password must not contain a name of the account holder.
common = The new password is among those that many people use.
