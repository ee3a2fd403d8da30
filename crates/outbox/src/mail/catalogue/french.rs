use super::{Catalogue, Words};

pub(super) const FRENCH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Votre mot de passe a été modifié",
        happened: "Le mot de passe de votre compte a été modifié par une personne qui connaissait \
                   l’ancien.",
        if_you: "Si vous êtes à l’origine de cette modification, vous n’avez rien à faire.",
        if_not_you: "Si vous n’en êtes pas à l’origine, une autre personne connaît votre mot de \
                     passe et peut utiliser votre compte. Contactez immédiatement l’assistance.",
    },
    password_reset: Words {
        title: "Votre mot de passe a été réinitialisé",
        happened: "Un nouveau mot de passe a été défini pour votre compte à la suite d’une \
                   réinitialisation.",
        if_you: "Si vous êtes à l’origine de cette réinitialisation, vous n’avez rien d’autre à \
                 faire.",
        if_not_you: "Si vous n’en êtes pas à l’origine, une autre personne peut utiliser votre \
                     compte. Contactez immédiatement l’assistance et vérifiez que personne d’autre \
                     ne peut lire vos e-mails.",
    },
    account_locked: Words {
        title: "Votre compte est temporairement bloqué",
        happened: "Plusieurs tentatives de modification du mot de passe de votre compte ont \
                   échoué. Toute nouvelle tentative sera refusée pendant quelque temps. Votre mot \
                   de passe n’a pas été modifié.",
        if_you: "Si ces tentatives venaient de vous, patientez un peu, puis réessayez.",
        if_not_you: "Si elles ne venaient pas de vous, quelqu’un essaie peut-être de deviner votre \
                     mot de passe. Contactez l’assistance.",
    },
    attempts_exhausted: Words {
        title: "Trop de tentatives infructueuses\u{a0}: vous devez réinitialiser votre mot de \
                passe",
        happened: "Tant de tentatives de modification du mot de passe de votre compte ont échoué \
                   qu’aucune autre n’est acceptée. Votre mot de passe n’a pas été modifié. Seule \
                   une réinitialisation permet d’en définir un nouveau.",
        if_you: "Si ces tentatives venaient de vous, demandez la réinitialisation de votre mot de \
                 passe.",
        if_not_you: "Si elles ne venaient pas de vous, quelqu’un essaie de deviner votre mot de \
                     passe. Contactez l’assistance.",
    },
    reset_requested: Words {
        title: "Demande de réinitialisation de votre mot de passe",
        happened: "La réinitialisation du mot de passe de votre compte a été demandée. Votre mot \
                   de passe n’a pas été modifié.",
        if_you: "Si vous êtes à l’origine de cette demande, suivez les instructions que vous avez \
                 reçues.",
        if_not_you: "Si vous n’en êtes pas à l’origine, ne communiquez à personne les codes que \
                     vous pourriez recevoir et contactez l’assistance.",
    },
    account: "Compte",
    moment: "Date et heure",
    address: "Adresse IP",
    device: "Appareil ou application (information non vérifiée)",
    support: "Assistance",
    colon: "\u{a0}:",
    automatic: "Ce message concernant la sécurité de votre compte a été envoyé automatiquement.",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    date: "{day} {month} {year} à {time} UTC",
    first_day: "1er",
};
