changed = Het wachtwoord is gewijzigd.
malformed = Het verzoek kon niet worden begrepen.
missing = Er ontbreken verplichte gegevens: { $fields }.
confirmation-differs = Het nieuwe wachtwoord en de bevestiging komen niet overeen.
unauthenticated = Deze chat is niet bevoegd om wachtwoorden te wijzigen.
wrong-password = Het account of het huidige wachtwoord is niet juist.
not-found = Deze functie bestaat niet.
method-not-allowed = Deze functie kan niet op deze manier worden aangeroepen.
unsupported-media-type = De indeling van het verzoek wordt niet ondersteund.
too-many-attempts = Er zijn te veel mislukte pogingen gedaan. Probeer het later opnieuw.
body-too-large = Het verzoek is te groot.
body-incomplete = Het verzoek is niet volledig aangekomen.
unavailable = De dienst is op dit moment bezet. Probeer het zo dadelijk opnieuw.
fault = Er is iets misgegaan. Probeer het later opnieuw.
too-short = { $count ->
    [one] Het nieuwe wachtwoord moet minstens { $count } teken bevatten.
   *[other] Het nieuwe wachtwoord moet minstens { $count } tekens bevatten.
}
too-long = { $count ->
    [one] Het nieuwe wachtwoord mag hoogstens { $count } teken bevatten.
   *[other] Het nieuwe wachtwoord mag hoogstens { $count } tekens bevatten.
}
missing-letter = Het nieuwe wachtwoord moet een letter bevatten.
missing-digit = Het nieuwe wachtwoord moet een cijfer bevatten.
missing-special = Het nieuwe wachtwoord moet een speciaal teken bevatten.
same-as-current = Het nieuwe wachtwoord moet verschillen van het huidige.
reused = { $count ->
    [1] Het nieuwe wachtwoord moet verschillen van het vorige.
   *[other] Het nieuwe wachtwoord moet verschillen van de laatste { $count } wachtwoorden.
}
contains-user-id = Het nieuwe wachtwoord mag niet gebaseerd zijn op de gebruikers-ID.
contains-username = Het nieuwe wachtwoord mag niet gebaseerd zijn op de gebruikersnaam.
contains-email = Het nieuwe wachtwoord mag niet gebaseerd zijn op het e-mailadres.
contains-name = Het nieuwe wachtwoord mag niet gebaseerd zijn op een naam van de accounthouder.
contains-service = Het nieuwe wachtwoord mag niet gebaseerd zijn op de naam van deze dienst.
common = Het nieuwe wachtwoord wordt door veel mensen gebruikt.
weak = Het nieuwe wachtwoord is te makkelijk te raden.
compromised = Het nieuwe wachtwoord is bekend uit datalekken bij andere diensten.
