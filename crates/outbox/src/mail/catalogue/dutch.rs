use super::{Catalogue, Words};

pub(super) const DUTCH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Uw wachtwoord is gewijzigd",
        happened: "Het wachtwoord van uw account is gewijzigd door iemand die het oude kende.",
        if_you: "Als u dit was, hoeft u niets te doen.",
        if_not_you: "Als u dit niet was, kent iemand anders uw wachtwoord en kan die uw account \
                     gebruiken. Neem meteen contact op met de klantenservice.",
    },
    password_reset: Words {
        title: "Uw wachtwoord is opnieuw ingesteld",
        happened: "Voor uw account is een nieuw wachtwoord ingesteld via een wachtwoordherstel.",
        if_you: "Als u dit was, hoeft u verder niets te doen.",
        if_not_you: "Als u dit niet was, kan iemand anders uw account gebruiken. Neem meteen \
                     contact op met de klantenservice en ga na dat niemand anders uw e-mail leest.",
    },
    account_locked: Words {
        title: "Uw account is tijdelijk geblokkeerd",
        happened: "Verschillende pogingen om het wachtwoord van uw account te wijzigen zijn \
                   mislukt. Een tijd lang worden verdere pogingen geweigerd. Het wachtwoord is \
                   niet gewijzigd.",
        if_you: "Als het uw pogingen waren, wacht dan even en probeer het opnieuw.",
        if_not_you: "Als het niet uw pogingen waren, probeert misschien iemand uw wachtwoord te \
                     raden. Neem contact op met de klantenservice.",
    },
    attempts_exhausted: Words {
        title: "Te veel mislukte pogingen: uw wachtwoord moet opnieuw worden ingesteld",
        happened: "Er zijn zoveel pogingen om het wachtwoord van uw account te wijzigen mislukt \
                   dat er geen meer worden aanvaard. Het wachtwoord is niet gewijzigd. Alleen via \
                   een wachtwoordherstel kan een nieuw worden ingesteld.",
        if_you: "Als het uw pogingen waren, vraag dan een wachtwoordherstel aan.",
        if_not_you: "Als het niet uw pogingen waren, probeert iemand uw wachtwoord te raden. Neem \
                     contact op met de klantenservice.",
    },
    reset_requested: Words {
        title: "Er is een wachtwoordherstel aangevraagd",
        happened: "Voor uw account is een wachtwoordherstel aangevraagd. Het wachtwoord is niet \
                   gewijzigd.",
        if_you: "Als u dit was, ga dan verder zoals u is verteld.",
        if_not_you: "Als u dit niet was, geef dan geen enkele code die u ontvangt aan iemand door \
                     en neem contact op met de klantenservice.",
    },
    account: "Account",
    moment: "Tijdstip",
    address: "Vanaf het netwerkadres",
    device: "Apparaat of app, naar eigen zeggen",
    support: "Klantenservice",
    colon: ":",
    automatic: "Dit bericht is automatisch verzonden voor de veiligheid van uw account.",
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
