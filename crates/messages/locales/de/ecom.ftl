changed = Das Passwort wurde erfolgreich geändert.
malformed = Die Anfrage konnte nicht verstanden werden.
missing = Es fehlen erforderliche Angaben: { $fields }.
confirmation-differs = Das neue Passwort und die Bestätigung stimmen nicht überein.
unauthenticated = Dieser Chat ist nicht berechtigt, Passwörter zu ändern.
wrong-password = Das Konto oder das aktuelle Passwort ist nicht richtig.
not-found = Diese Funktion gibt es nicht.
method-not-allowed = Diese Funktion kann so nicht aufgerufen werden.
unsupported-media-type = Das Format der Anfrage wird nicht unterstützt.
too-many-attempts = Es gab zu viele Fehlversuche. Bitte versuchen Sie es später noch einmal.
body-too-large = Die Anfrage ist zu groß.
body-incomplete = Die Anfrage ist nicht vollständig angekommen.
unavailable = Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.
fault = Etwas ist schiefgegangen. Bitte versuchen Sie es später noch einmal.
too-short = Das neue Passwort muss mindestens { $count } Zeichen lang sein.
too-long = Das neue Passwort darf höchstens { $count } Zeichen lang sein.
missing-letter = Das neue Passwort muss einen Buchstaben enthalten.
missing-digit = Das neue Passwort muss eine Ziffer enthalten.
missing-special = Das neue Passwort muss ein Sonderzeichen enthalten.
same-as-current = Das neue Passwort muss sich vom aktuellen unterscheiden.
reused = { $count ->
    [1] Das neue Passwort muss sich vom vorherigen unterscheiden.
   *[other] Das neue Passwort muss sich von den letzten { $count } Passwörtern unterscheiden.
}
contains-user-id = Das neue Passwort darf nicht auf der Benutzerkennung beruhen.
contains-username = Das neue Passwort darf nicht auf dem Benutzernamen beruhen.
contains-email = Das neue Passwort darf nicht auf der E-Mail-Adresse beruhen.
contains-name = Das neue Passwort darf nicht auf einem Namen der Person, der das Konto gehört, beruhen.
contains-service = Das neue Passwort darf nicht auf dem Namen dieses Dienstes beruhen.
common = Das neue Passwort wird von vielen Menschen verwendet.
weak = Das neue Passwort ist zu leicht zu erraten.
compromised = Das neue Passwort ist aus Datenlecks bei anderen Diensten bekannt.
