use super::{Catalogue, Words};

pub(super) const DUTCH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Uw wachtwoord is gewijzigd",
        happened: "Het wachtwoord van uw account is gewijzigd door iemand die het oude wachtwoord \
                   kende.",
        if_you: "Als u dit zelf hebt gedaan, hoeft u niets te doen.",
        if_not_you: "Als u dit niet zelf hebt gedaan, kent iemand anders uw wachtwoord en kan \
                     diegene uw account gebruiken. Neem meteen contact op met de klantenservice.",
    },
    password_reset: Words {
        title: "Uw wachtwoord is opnieuw ingesteld",
        happened: "Voor uw account is via wachtwoordherstel een nieuw wachtwoord ingesteld.",
        if_you: "Als u dit zelf hebt gedaan, hoeft u verder niets te doen.",
        if_not_you: "Als u dit niet zelf hebt gedaan, kan iemand anders uw account gebruiken. Neem \
                     meteen contact op met de klantenservice en controleer of niemand anders uw \
                     e-mail kan lezen.",
    },
    account_locked: Words {
        title: "Uw account is tijdelijk geblokkeerd",
        happened: "Meerdere pogingen om het wachtwoord van uw account te wijzigen zijn mislukt. \
                   Nieuwe pogingen worden een tijdje geweigerd. Uw wachtwoord is niet gewijzigd.",
        if_you: "Als u deze pogingen zelf hebt gedaan, wacht dan even en probeer het opnieuw.",
        if_not_you: "Als u deze pogingen niet zelf hebt gedaan, probeert iemand misschien uw \
                     wachtwoord te raden. Neem contact op met de klantenservice.",
    },
    attempts_exhausted: Words {
        title: "Te veel mislukte pogingen: u moet uw wachtwoord opnieuw instellen",
        happened: "Er zijn zo veel pogingen om het wachtwoord van uw account te wijzigen mislukt \
                   dat nieuwe pogingen niet meer worden geaccepteerd. Uw wachtwoord is niet \
                   gewijzigd. U kunt alleen via wachtwoordherstel een nieuw wachtwoord instellen.",
        if_you: "Als u deze pogingen zelf hebt gedaan, vraag dan wachtwoordherstel aan.",
        if_not_you: "Als u deze pogingen niet zelf hebt gedaan, probeert iemand uw wachtwoord te \
                     raden. Neem contact op met de klantenservice.",
    },
    reset_requested: Words {
        title: "Er is wachtwoordherstel aangevraagd",
        happened: "Voor uw account is wachtwoordherstel aangevraagd. Uw wachtwoord is niet \
                   gewijzigd.",
        if_you: "Als u dit zelf hebt gedaan, volg dan de instructies die u hebt gekregen.",
        if_not_you: "Als u dit niet zelf hebt gedaan, deel de codes die u ontvangt dan met niemand \
                     en neem contact op met de klantenservice.",
    },
    account: "Account",
    moment: "Datum en tijd",
    address: "IP-adres",
    device: "Apparaat of app (niet geverifieerd)",
    support: "Klantenservice",
    colon: ":",
    automatic: "Dit bericht over de beveiliging van uw account is automatisch verzonden.",
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    date: "{day} {month} {year}, {time} UTC",
    first_day: "1",
};
