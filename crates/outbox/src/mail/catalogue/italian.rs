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
        happened: "Per il tuo account è stata impostata una nuova password tramite una \
                   reimpostazione.",
        if_you: "Se sei stato tu, non devi fare altro.",
        if_not_you: "Se non sei stato tu, qualcun altro può usare il tuo account. Contatta subito \
                     l’assistenza e assicurati che nessun altro legga la tua posta.",
    },
    account_locked: Words {
        title: "Il tuo account è temporaneamente bloccato",
        happened: "Diversi tentativi di modificare la password del tuo account non sono riusciti. \
                   Per un po’ ogni altro tentativo verrà rifiutato. La password non è stata \
                   modificata.",
        if_you: "Se i tentativi erano tuoi, attendi un po’ e riprova.",
        if_not_you: "Se non erano tuoi, qualcuno potrebbe cercare di indovinare la tua password. \
                     Contatta l’assistenza.",
    },
    attempts_exhausted: Words {
        title: "Troppi tentativi non riusciti: la tua password va reimpostata",
        happened: "Così tanti tentativi di modificare la password del tuo account non sono \
                   riusciti che non ne vengono accettati altri. La password non è stata \
                   modificata. Solo con una reimpostazione se ne può impostare una nuova.",
        if_you: "Se i tentativi erano tuoi, richiedi la reimpostazione della password.",
        if_not_you: "Se non erano tuoi, qualcuno sta cercando di indovinare la tua password. \
                     Contatta l’assistenza.",
    },
    reset_requested: Words {
        title: "È stata richiesta la reimpostazione della tua password",
        happened: "È stata richiesta la reimpostazione della password del tuo account. La password \
                   non è stata modificata.",
        if_you: "Se sei stato tu, procedi come ti è stato indicato.",
        if_not_you: "Se non sei stato tu, non comunicare a nessuno eventuali codici che ricevi e \
                     contatta l’assistenza.",
    },
    account: "Account",
    moment: "Data",
    address: "Dall’indirizzo di rete",
    device: "Dispositivo o app, come si presenta",
    support: "Assistenza",
    colon: ":",
    automatic: "Questo messaggio è stato inviato automaticamente per la sicurezza del tuo account.",
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
