use super::{Catalogue, Counted};

pub(super) const ITALIAN: Catalogue = Catalogue {
    changed: "La password è stata modificata correttamente.",
    malformed: "Non è stato possibile comprendere la richiesta.",
    missing: "Mancano dati obbligatori: {fields}.",
    confirmation_differs: "La nuova password e la conferma non corrispondono.",
    unauthenticated: "Questa chat non è autorizzata a modificare le password.",
    wrong_password: "L’account o la password attuale non sono corretti.",
    not_found: "Questa funzione non esiste.",
    method_not_allowed: "Questa funzione non può essere chiamata in questo modo.",
    unsupported_media_type: "Il formato della richiesta non è supportato.",
    too_many_attempts: "Troppi tentativi non riusciti. Riprova più tardi.",
    body_too_large: "La richiesta è troppo grande.",
    body_incomplete: "La richiesta non è arrivata per intero.",
    unavailable: "Il servizio è occupato in questo momento. Riprova tra poco.",
    fault: "Qualcosa è andato storto. Riprova più tardi.",
    too_short: Counted {
        one: "La nuova password deve avere almeno 1 carattere.",
        other: "La nuova password deve avere almeno {count} caratteri.",
    },
    too_long: Counted {
        one: "La nuova password deve avere al massimo 1 carattere.",
        other: "La nuova password deve avere al massimo {count} caratteri.",
    },
    missing_digit: "La nuova password deve contenere una cifra.",
    missing_special: "La nuova password deve contenere un carattere speciale.",
    same_as_current: "La nuova password deve essere diversa da quella attuale.",
    reused: Counted {
        one: "La nuova password deve essere diversa dalla precedente.",
        other: "La nuova password deve essere diversa dalle ultime {count}.",
    },
    contains_user_id: "La nuova password non deve contenere l’identificativo dell’utente.",
    contains_username: "La nuova password non deve contenere il nome utente.",
    contains_email: "La nuova password non deve contenere alcuna parte dell’indirizzo e-mail.",
    contains_name: "La nuova password non deve contenere né il nome né il cognome del titolare dell’account.",
    common: "La nuova password è tra quelle usate da molte persone.",
};
