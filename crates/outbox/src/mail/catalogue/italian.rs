use super::{Catalogue, Words};

pub(super) const ITALIAN: Catalogue = Catalogue {
    password_changed: Words {
        title: "La tua password è stata modificata",
        happened: "La password del tuo account è stata modificata da qualcuno che conosceva quella \
                   precedente.",
        if_you: "Se sei stato tu, non devi fare nulla.",
        if_not_you: "Se non sei stato tu, qualcun altro conosce la tua password e può usare il tuo \
                     account. Contatta subito l’assistenza.",
    },
    password_reset: Words {
        title: "La tua password è stata reimpostata",
        happened: "È stata impostata una nuova password per il tuo account tramite la procedura di \
                   reimpostazione.",
        if_you: "Se sei stato tu, non devi fare altro.",
        if_not_you: "Se non sei stato tu, qualcun altro può usare il tuo account. Contatta subito \
                     l’assistenza e assicurati che nessun altro possa leggere la tua posta.",
    },
    account_locked: Words {
        title: "Il tuo account è temporaneamente bloccato",
        happened: "Diversi tentativi di modificare la password del tuo account non sono riusciti. \
                   Per qualche tempo ogni altro tentativo verrà rifiutato. La tua password non è \
                   stata modificata.",
        if_you: "Se i tentativi erano tuoi, attendi un po’ e riprova.",
        if_not_you: "Se non erano tuoi, è possibile che qualcuno stia cercando di indovinare la \
                     tua password. Contatta l’assistenza.",
    },
    attempts_exhausted: Words {
        title: "Troppi tentativi non riusciti: devi reimpostare la password",
        happened: "I tentativi non riusciti di modificare la password del tuo account sono stati \
                   così tanti che non ne vengono accettati altri. La tua password non è stata \
                   modificata. Puoi impostarne una nuova solo tramite la procedura di \
                   reimpostazione.",
        if_you: "Se i tentativi erano tuoi, richiedi la reimpostazione della password.",
        if_not_you: "Se non erano tuoi, qualcuno sta cercando di indovinare la tua password. \
                     Contatta l’assistenza.",
    },
    reset_requested: Words {
        title: "È stata richiesta la reimpostazione della tua password",
        happened: "È stata richiesta la reimpostazione della password del tuo account. La tua \
                   password non è stata modificata.",
        if_you: "Se sei stato tu, segui le istruzioni che hai ricevuto.",
        if_not_you: "Se non sei stato tu, non condividere con nessuno i codici che ricevi e \
                     contatta l’assistenza.",
    },
    account: "Account",
    moment: "Data e ora",
    address: "Indirizzo IP",
    device: "Dispositivo o app (non verificato)",
    support: "Assistenza",
    colon: ":",
    automatic: "Questo messaggio sulla sicurezza del tuo account è stato inviato automaticamente.",
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    date: "{day} {month} {year}, {time} UTC",
    first_day: "1º",
};
