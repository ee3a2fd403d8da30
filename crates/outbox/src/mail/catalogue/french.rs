use super::{Catalogue, Words};

pub(super) const FRENCH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Votre mot de passe a été modifié",
        happened: "Le mot de passe de votre compte a été modifié par une personne qui connaissait \
                   l’ancien.",
        if_you: "Si c’était vous, vous n’avez rien à faire.",
        if_not_you: "Si ce n’était pas vous, quelqu’un d’autre connaît votre mot de passe et peut \
                     utiliser votre compte. Contactez immédiatement l’assistance.",
    },
    password_reset: Words {
        title: "Votre mot de passe a été réinitialisé",
        happened: "Un nouveau mot de passe a été défini pour votre compte au moyen d’une \
                   réinitialisation.",
        if_you: "Si c’était vous, il n’y a rien d’autre à faire.",
        if_not_you: "Si ce n’était pas vous, quelqu’un d’autre peut utiliser votre compte. \
                     Contactez immédiatement l’assistance et assurez-vous que personne d’autre ne \
                     lit vos e-mails.",
    },
    account_locked: Words {
        title: "Votre compte est bloqué pour un moment",
        happened: "Plusieurs tentatives de modification du mot de passe de votre compte ont \
                   échoué. Pendant un moment, toute nouvelle tentative est refusée. Le mot de \
                   passe n’a pas été modifié.",
        if_you: "Si ces tentatives venaient de vous, attendez un peu et réessayez.",
        if_not_you: "Si elles ne venaient pas de vous, quelqu’un cherche peut-être à deviner votre \
                     mot de passe. Contactez l’assistance.",
    },
    attempts_exhausted: Words {
        title: "Trop de tentatives : votre mot de passe doit être réinitialisé",
        happened: "Tant de tentatives de modification du mot de passe de votre compte ont échoué \
                   qu’aucune autre n’est acceptée. Le mot de passe n’a pas été modifié. Seule une \
                   réinitialisation permet d’en définir un nouveau.",
        if_you: "Si ces tentatives venaient de vous, demandez une réinitialisation du mot de passe.",
        if_not_you: "Si elles ne venaient pas de vous, quelqu’un cherche à deviner votre mot de \
                     passe. Contactez l’assistance.",
    },
    reset_requested: Words {
        title: "Une réinitialisation de votre mot de passe a été demandée",
        happened: "La réinitialisation du mot de passe de votre compte a été demandée. Le mot de \
                   passe n’a pas été modifié.",
        if_you: "Si c’était vous, poursuivez comme indiqué.",
        if_not_you: "Si ce n’était pas vous, ne transmettez à personne un code que vous recevriez \
                     et contactez l’assistance.",
    },
    account: "Compte",
    moment: "Date",
    address: "Depuis l’adresse réseau",
    device: "Appareil ou application, selon ses propres indications",
    support: "Assistance",
    colon: "\u{a0}:",
    automatic: "Ce message a été envoyé automatiquement pour la sécurité de votre compte.",
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
