use super::{Catalogue, Counted};

pub(super) const GERMAN: Catalogue = Catalogue {
    changed: "Das Passwort wurde erfolgreich geändert.",
    malformed: "Die Anfrage konnte nicht verstanden werden.",
    missing: "Es fehlen erforderliche Angaben: {fields}.",
    confirmation_differs: "Das neue Passwort und die Bestätigung stimmen nicht überein.",
    unauthenticated: "Dieser Chat ist nicht berechtigt, Passwörter zu ändern.",
    wrong_password: "Das Konto oder das aktuelle Passwort ist nicht richtig.",
    not_found: "Diese Funktion gibt es nicht.",
    method_not_allowed: "Diese Funktion kann so nicht aufgerufen werden.",
    unsupported_media_type: "Das Format der Anfrage wird nicht unterstützt.",
    too_many_attempts: "Es gab zu viele Fehlversuche. Bitte versuchen Sie es später noch einmal.",
    body_too_large: "Die Anfrage ist zu groß.",
    body_incomplete: "Die Anfrage ist nicht vollständig angekommen.",
    unavailable: "Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.",
    fault: "Etwas ist schiefgegangen. Bitte versuchen Sie es später noch einmal.",
    too_short: Counted {
        one: "Das neue Passwort muss mindestens 1 Zeichen lang sein.",
        other: "Das neue Passwort muss mindestens {count} Zeichen lang sein.",
    },
    too_long: Counted {
        one: "Das neue Passwort darf höchstens 1 Zeichen lang sein.",
        other: "Das neue Passwort darf höchstens {count} Zeichen lang sein.",
    },
    missing_digit: "Das neue Passwort muss eine Ziffer enthalten.",
    missing_special: "Das neue Passwort muss ein Sonderzeichen enthalten.",
    same_as_current: "Das neue Passwort muss sich vom aktuellen unterscheiden.",
    reused: Counted {
        one: "Das neue Passwort muss sich vom vorherigen unterscheiden.",
        other: "Das neue Passwort muss sich von den letzten {count} Passwörtern unterscheiden.",
    },
    contains_user_id: "Das neue Passwort darf die Benutzerkennung nicht enthalten.",
    contains_username: "Das neue Passwort darf den Benutzernamen nicht enthalten.",
    contains_email: "Das neue Passwort darf keinen Teil der E-Mail-Adresse enthalten.",
    contains_name: "Das neue Passwort darf keinen Namen der Person enthalten, der das Konto gehört.",
    common: "Das neue Passwort wird von vielen Menschen verwendet.",
};
