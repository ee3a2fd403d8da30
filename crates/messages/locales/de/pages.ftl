password = Passwort ändern
    .intro = Danach sind Sie auf allen Geräten abgemeldet und melden sich mit dem neuen Passwort an.
    .submit = Ändern
forgot = Neues Passwort anfordern
    .intro = Geben Sie die E-Mail-Adresse oder Benutzerkennung Ihres Kontos ein. Wir senden Ihnen eine E-Mail mit einem Link, über den Sie ein neues Passwort festlegen.
    .submit = E-Mail senden
reset = Neues Passwort festlegen
    .intro = Wählen Sie ein neues Passwort für Ihr Konto.
    .submit = Passwort festlegen
sent = Sehen Sie in Ihre E-Mails
    .text = Wenn es zu Ihrer Eingabe ein Konto gibt, ist eine E-Mail an dessen Adresse unterwegs. Sehen Sie auch im Spam-Ordner nach.
password-done = Ihr Passwort ist geändert
    .text = Sie wurden auf allen Geräten abgemeldet. Melden Sie sich mit Ihrem neuen Passwort an.
reset-done = Ihr neues Passwort ist festgelegt
    .text = Sie wurden überall abgemeldet. Melden Sie sich ab jetzt mit dem neuen Passwort an.
name = E-Mail-Adresse oder Benutzerkennung
current-password = Aktuelles Passwort
new-password = Neues Passwort
otp = Code Ihrer Authenticator-App
    .hint = Lassen Sie das Feld leer, wenn Sie für dieses Konto keine Authenticator-App verwenden.
code = Code aus der E-Mail
    .hint = Sechs Gruppen aus vier Buchstaben und Ziffern. Groß- und Kleinschreibung spielt keine Rolle.
show-current = Aktuelles Passwort anzeigen
hide-current = Aktuelles Passwort verbergen
show-new = Neues Passwort anzeigen
hide-new = Neues Passwort verbergen
to-forgot = Passwort vergessen?
to-password = Ein bekanntes Passwort ändern
to-reset = Code aus der E-Mail eingeben
to-again = Weitere E-Mail anfordern
continue = Weiter
help = Hilfe
languages = Sprachen
rules = Das neue Passwort muss:
rule-length = mindestens { $count } Zeichen haben
rule-letter = einen Buchstaben enthalten
rule-digit = eine Ziffer enthalten
rule-special = ein Sonderzeichen enthalten
rule-own-words = mehr sein als Ihr Name, Ihre Benutzerkennung, Ihre E-Mail-Adresse oder der Name dieses Dienstes
rule-common = sich von häufig verwendeten Passwörtern unterscheiden
rule-strength = schwer zu erraten sein
rule-current = sich vom aktuellen unterscheiden
rule-reused = { $count ->
    [1] sich vom vorherigen unterscheiden
   *[other] sich von Ihren letzten { $count } Passwörtern unterscheiden
}
rule-met = (erfüllt)
error = Fehler:
problem = Bitte prüfen Sie Ihre Eingabe
missing-name = Geben Sie Ihre E-Mail-Adresse oder Benutzerkennung ein.
missing-current = Geben Sie Ihr aktuelles Passwort ein.
missing-new = Geben Sie ein neues Passwort ein.
missing-code = Geben Sie den Code aus der E-Mail ein.
wrong-password = Das Konto oder sein aktuelles Passwort stimmt nicht.
wrong-otp = Der Code der Authenticator-App stimmt nicht oder wurde schon verwendet. Warten Sie auf den nächsten.
otp-required = Dieses Konto verwendet eine Authenticator-App. Geben Sie deren Code und die anderen Felder noch einmal ein.
wrong-code = Der Code gehört nicht zu diesem Konto. Prüfen Sie beide.
dead-link = Dieser Link oder Code ist nicht mehr gültig. Er wurde verwendet oder ist abgelaufen.
inactive = Dieses Konto ist nicht aktiv.
locked = Es gab zu viele Fehlversuche.
locked-until-reset = Nach zu vielen Fehlversuchen wird das aktuelle Passwort nicht mehr angenommen. Erst ein neues Passwort entsperrt das Konto.
too-many = Aus Ihrem Netz kamen zu viele Anfragen.
busy = Der Dienst ist gerade ausgelastet.
fault = Bei uns ist etwas schiefgegangen. Ihr Passwort wurde nicht geändert.
expired-form = Das Formular ist abgelaufen, oder Ihr Browser blockiert Cookies. Füllen Sie es noch einmal aus.
malformed = Die Eingabe konnte nicht verstanden werden.
too-large = Die Eingabe ist zu lang.
not-found = Diese Seite gibt es nicht
wait = { $count ->
    [one] Versuchen Sie es in einer Minute noch einmal.
   *[other] Versuchen Sie es in { $count } Minuten noch einmal.
}
valid = { $count ->
    [one] Der Link in der E-Mail ist { $count } Minute gültig.
   *[other] Der Link in der E-Mail ist { $count } Minuten gültig.
}
