use super::{Catalogue, Words};

pub(super) const GERMAN: Catalogue = Catalogue {
    password_changed: Words {
        title: "Ihr Passwort wurde geändert",
        happened: "Das Passwort Ihres Kontos wurde von jemandem geändert, der das alte kannte.",
        if_you: "Wenn Sie das waren, brauchen Sie nichts zu tun.",
        if_not_you: "Wenn Sie das nicht waren, kennt jemand anderes Ihr Passwort und kann Ihr \
                     Konto benutzen. Wenden Sie sich sofort an den Support.",
    },
    password_reset: Words {
        title: "Ihr Passwort wurde zurückgesetzt",
        happened: "Für Ihr Konto wurde durch Zurücksetzen ein neues Passwort festgelegt.",
        if_you: "Wenn Sie das waren, ist nichts weiter zu tun.",
        if_not_you: "Wenn Sie das nicht waren, kann jemand anderes Ihr Konto benutzen. Wenden Sie \
                     sich sofort an den Support, und vergewissern Sie sich, dass niemand sonst \
                     Ihre E-Mails liest.",
    },
    account_locked: Words {
        title: "Ihr Konto ist vorübergehend gesperrt",
        happened: "Mehrere Versuche, das Passwort Ihres Kontos zu ändern, sind fehlgeschlagen. \
                   Eine Zeit lang werden weitere Versuche abgelehnt. Das Passwort wurde nicht \
                   geändert.",
        if_you: "Wenn es Ihre Versuche waren, warten Sie ein wenig und versuchen Sie es noch \
                 einmal.",
        if_not_you: "Wenn es nicht Ihre waren, versucht womöglich jemand, Ihr Passwort zu erraten. \
                     Wenden Sie sich an den Support.",
    },
    attempts_exhausted: Words {
        title: "Zu viele Fehlversuche: Ihr Passwort muss zurückgesetzt werden",
        happened: "So viele Versuche, das Passwort Ihres Kontos zu ändern, sind fehlgeschlagen, \
                   dass keine weiteren angenommen werden. Das Passwort wurde nicht geändert. Nur \
                   durch Zurücksetzen lässt sich ein neues festlegen.",
        if_you: "Wenn es Ihre Versuche waren, lassen Sie das Passwort zurücksetzen.",
        if_not_you: "Wenn es nicht Ihre waren, versucht jemand, Ihr Passwort zu erraten. Wenden \
                     Sie sich an den Support.",
    },
    reset_requested: Words {
        title: "Das Zurücksetzen Ihres Passworts wurde angefordert",
        happened: "Es wurde angefordert, das Passwort Ihres Kontos zurückzusetzen. Das Passwort \
                   wurde nicht geändert.",
        if_you: "Wenn Sie das waren, fahren Sie fort, wie es Ihnen gesagt wurde.",
        if_not_you: "Wenn Sie das nicht waren, geben Sie keinen Code, den Sie erhalten, an \
                     irgendjemanden weiter, und wenden Sie sich an den Support.",
    },
    account: "Konto",
    moment: "Zeitpunkt",
    address: "Von der Netzwerkadresse",
    device: "Gerät oder App nach eigener Angabe",
    support: "Support",
    colon: ":",
    automatic: "Diese Nachricht wurde zur Sicherheit Ihres Kontos automatisch versandt.",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    date: "{day}. {month} {year}, {time} Uhr UTC",
    first_day: "1",
};
