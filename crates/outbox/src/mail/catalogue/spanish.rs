use super::{Catalogue, Words};

pub(super) const SPANISH: Catalogue = Catalogue {
    password_changed: Words {
        title: "Se ha cambiado su contraseña",
        happened: "Alguien que conocía la contraseña anterior ha cambiado la contraseña de su \
                   cuenta.",
        if_you: "Si ha sido usted, no tiene que hacer nada.",
        if_not_you: "Si no ha sido usted, otra persona conoce su contraseña y puede usar su \
                     cuenta. Póngase en contacto de inmediato con el servicio de asistencia.",
    },
    password_reset: Words {
        title: "Se ha restablecido su contraseña",
        happened: "Se ha establecido una contraseña nueva para su cuenta mediante el \
                   restablecimiento de contraseña.",
        if_you: "Si ha sido usted, no tiene que hacer nada más.",
        if_not_you: "Si no ha sido usted, otra persona puede usar su cuenta. Póngase en contacto \
                     de inmediato con el servicio de asistencia y compruebe que nadie más puede \
                     leer su correo.",
    },
    account_locked: Words {
        title: "Su cuenta está bloqueada temporalmente",
        happened: "Han fallado varios intentos de cambiar la contraseña de su cuenta. Durante un \
                   tiempo se rechazarán los nuevos intentos. Su contraseña no ha cambiado.",
        if_you: "Si los intentos fueron suyos, espere un poco y vuelva a intentarlo.",
        if_not_you: "Si no fueron suyos, es posible que alguien esté intentando adivinar su \
                     contraseña. Póngase en contacto con el servicio de asistencia.",
    },
    attempts_exhausted: Words {
        title: "Demasiados intentos fallidos: debe restablecer su contraseña",
        happened: "Ha habido tantos intentos fallidos de cambiar la contraseña de su cuenta que ya \
                   no se aceptan más. Su contraseña no ha cambiado. Solo podrá establecer una \
                   nueva mediante el restablecimiento de contraseña.",
        if_you: "Si los intentos fueron suyos, solicite el restablecimiento de la contraseña.",
        if_not_you: "Si no fueron suyos, alguien está intentando adivinar su contraseña. Póngase \
                     en contacto con el servicio de asistencia.",
    },
    reset_requested: Words {
        title: "Se ha solicitado el restablecimiento de su contraseña",
        happened: "Se ha solicitado restablecer la contraseña de su cuenta. Su contraseña no ha \
                   cambiado.",
        if_you: "Si ha sido usted, siga las instrucciones que ha recibido.",
        if_not_you: "Si no ha sido usted, no comparta con nadie los códigos que reciba y póngase \
                     en contacto con el servicio de asistencia.",
    },
    account: "Cuenta",
    moment: "Fecha y hora",
    address: "Dirección IP",
    device: "Dispositivo o aplicación (sin verificar)",
    support: "Asistencia",
    colon: ":",
    automatic: "Este mensaje sobre la seguridad de su cuenta se ha enviado automáticamente.",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    date: "{day} de {month} de {year}, {time} UTC",
    first_day: "1",
};
