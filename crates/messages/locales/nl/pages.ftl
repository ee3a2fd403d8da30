password = Uw wachtwoord wijzigen
    .intro = Daarna bent u op al uw apparaten uitgelogd en logt u in met het nieuwe wachtwoord.
    .submit = Wachtwoord wijzigen
forgot = Een nieuw wachtwoord aanvragen
    .intro = Voer het e-mailadres of de gebruikers-ID van uw account in. We sturen u een e-mail met een link om een nieuw wachtwoord in te stellen.
    .submit = E-mail versturen
reset = Een nieuw wachtwoord instellen
    .intro = Kies een nieuw wachtwoord voor uw account.
    .submit = Wachtwoord instellen
sent = Controleer uw e-mail
    .text = Als er een account bij uw invoer hoort, is er een e-mail onderweg naar het adres ervan. Kijk ook in de map met ongewenste e-mail.
password-done = Uw wachtwoord is gewijzigd
    .text = U bent op alle apparaten uitgelogd. Log in met uw nieuwe wachtwoord.
reset-done = Uw nieuwe wachtwoord is ingesteld
    .text = U bent overal uitgelogd. Log vanaf nu in met het nieuwe wachtwoord.
name = E-mailadres of gebruikers-ID
current-password = Huidig wachtwoord
new-password = Nieuw wachtwoord
otp = Code van uw authenticator-app
    .hint = Laat dit leeg als u voor dit account geen authenticator-app gebruikt.
code = Code uit de e-mail
    .hint = Zes groepen van vier letters en cijfers. Het maakt niet uit of u hoofdletters of kleine letters gebruikt.
show-current = Huidig wachtwoord tonen
hide-current = Huidig wachtwoord verbergen
show-new = Nieuw wachtwoord tonen
hide-new = Nieuw wachtwoord verbergen
to-forgot = Wachtwoord vergeten?
to-password = Een bekend wachtwoord wijzigen
to-reset = De code uit de e-mail invoeren
to-again = Nog een e-mail aanvragen
continue = Doorgaan
help = Hulp
languages = Talen
rules = Het nieuwe wachtwoord moet:
rule-length = { $count ->
    [one] minstens { $count } teken hebben
   *[other] minstens { $count } tekens hebben
}
rule-letter = een letter bevatten
rule-digit = een cijfer bevatten
rule-special = een speciaal teken bevatten
rule-own-words = meer zijn dan uw naam, uw gebruikers-ID, uw e-mailadres of de naam van deze dienst
rule-common = weinig voorkomen
rule-strength = moeilijk te raden zijn
rule-current = verschillen van het huidige
rule-reused = { $count ->
    [1] verschillen van het vorige
   *[other] verschillen van uw laatste { $count } wachtwoorden
}
rule-met = (voldaan)
error = Fout:
problem = Er is een probleem
missing-name = Voer uw e-mailadres of gebruikers-ID in.
missing-current = Voer uw huidige wachtwoord in.
missing-new = Voer een nieuw wachtwoord in.
missing-code = Voer de code uit de e-mail in.
wrong-password = Het account of het huidige wachtwoord ervan klopt niet.
wrong-otp = De code van de authenticator-app klopt niet of is al gebruikt. Wacht op de volgende.
otp-required = Dit account gebruikt een authenticator-app. Voer de code ervan in, en de andere velden nog een keer.
wrong-code = De code hoort niet bij dit account. Controleer beide.
dead-link = Deze link of code is niet meer geldig. Hij is gebruikt of verlopen.
inactive = Dit account is niet actief.
locked = Er waren te veel mislukte pogingen.
locked-until-reset = Na te veel mislukte pogingen wordt het huidige wachtwoord niet meer geaccepteerd. Alleen een nieuw wachtwoord ontgrendelt het account.
too-many = Er kwamen te veel verzoeken uit uw netwerk.
busy = De dienst is op dit moment druk bezet.
fault = Er is bij ons iets misgegaan. Uw wachtwoord is niet gewijzigd.
expired-form = Het formulier is verlopen, of uw browser blokkeert cookies. Vul het opnieuw in.
malformed = De invoer kon niet worden begrepen.
too-large = De invoer is te lang.
not-found = Deze pagina bestaat niet
wait = { $count ->
    [one] Probeer het over een minuut opnieuw.
   *[other] Probeer het over { $count } minuten opnieuw.
}
valid = { $count ->
    [one] De link in de e-mail is { $count } minuut geldig.
   *[other] De link in de e-mail is { $count } minuten geldig.
}
