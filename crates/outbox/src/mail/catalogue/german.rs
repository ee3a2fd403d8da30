use super::{Catalogue, Words};

pub(super) const GERMAN: Catalogue = Catalogue {
    password_changed: Words {
        title: "Ihr Passwort wurde geändert",
        happened: "Das Passwort für Ihr Konto wurde von jemandem geändert, der das bisherige \
                   kannte.",
        if_you: "Wenn Sie das waren, müssen Sie nichts tun.",
        if_not_you: "Wenn Sie das nicht waren, kennt jemand anderes Ihr Passwort und kann Ihr \
                     Konto benutzen. Wenden Sie sich sofort an den Support.",
    },
    password_reset: Words {
        title: "Ihr Passwort wurde zurückgesetzt",
        happened: "Für Ihr Konto wurde über die Funktion „Passwort zurücksetzen“ ein neues \
                   Passwort festgelegt.",
        if_you: "Wenn Sie das waren, müssen Sie nichts weiter tun.",
        if_not_you: "Wenn Sie das nicht waren, kann jemand anderes Ihr Konto benutzen. Wenden Sie \
                     sich sofort an den Support und vergewissern Sie sich, dass niemand sonst Ihre \
                     E-Mails lesen kann.",
    },
    account_locked: Words {
        title: "Ihr Konto ist vorübergehend gesperrt",
        happened: "Mehrere Versuche, das Passwort für Ihr Konto zu ändern, sind fehlgeschlagen. \
                   Weitere Versuche werden vorübergehend abgelehnt. Ihr Passwort wurde nicht \
                   geändert.",
        if_you: "Wenn Sie das waren, warten Sie ein wenig und versuchen Sie es dann noch einmal.",
        if_not_you: "Wenn Sie das nicht waren, versucht möglicherweise jemand, Ihr Passwort zu \
                     erraten. Wenden Sie sich an den Support.",
    },
    attempts_exhausted: Words {
        title: "Zu viele Fehlversuche: Sie müssen Ihr Passwort zurücksetzen",
        happened: "So viele Versuche, das Passwort für Ihr Konto zu ändern, sind fehlgeschlagen, \
                   dass keine weiteren mehr angenommen werden. Ihr Passwort wurde nicht geändert. \
                   Ein neues können Sie nur festlegen, indem Sie das Passwort zurücksetzen.",
        if_you: "Wenn Sie das waren, setzen Sie Ihr Passwort zurück.",
        if_not_you: "Wenn Sie das nicht waren, versucht jemand, Ihr Passwort zu erraten. Wenden \
                     Sie sich an den Support.",
    },
    reset_requested: Words {
        title: "Das Zurücksetzen Ihres Passworts wurde angefordert",
        happened: "Für Ihr Konto wurde das Zurücksetzen des Passworts angefordert. Ihr Passwort \
                   wurde nicht geändert.",
        if_you: "Wenn Sie das waren, folgen Sie den Anweisungen, die Sie erhalten haben.",
        if_not_you: "Wenn Sie das nicht waren, geben Sie Codes, die Sie erhalten, an niemanden \
                     weiter und wenden Sie sich an den Support.",
    },
    account: "Konto",
    moment: "Zeitpunkt",
    address: "IP-Adresse",
    device: "Gerät oder App (nicht überprüft)",
    support: "Support",
    colon: ":",
    automatic: "Diese Nachricht zur Sicherheit Ihres Kontos wurde automatisch versandt.",
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
