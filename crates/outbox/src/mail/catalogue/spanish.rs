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
        happened: "Se ha establecido una contraseña nueva para su cuenta mediante un \
                   restablecimiento.",
        if_you: "Si ha sido usted, no tiene que hacer nada más.",
        if_not_you: "Si no ha sido usted, otra persona puede usar su cuenta. Póngase en contacto \
                     de inmediato con el servicio de asistencia y asegúrese de que nadie más lee \
                     su correo.",
    },
    account_locked: Words {
        title: "Su cuenta está bloqueada temporalmente",
        happened: "Han fallado varios intentos de cambiar la contraseña de su cuenta. Durante un \
                   tiempo se rechazarán otros intentos. La contraseña no se ha cambiado.",
        if_you: "Si los intentos fueron suyos, espere un poco y vuelva a intentarlo.",
        if_not_you: "Si no fueron suyos, es posible que alguien intente adivinar su contraseña. \
                     Póngase en contacto con el servicio de asistencia.",
    },
    attempts_exhausted: Words {
        title: "Demasiados intentos fallidos: debe restablecer su contraseña",
        happened: "Han fallado tantos intentos de cambiar la contraseña de su cuenta que ya no se \
                   acepta ninguno más. La contraseña no se ha cambiado. Solo un restablecimiento \
                   permite establecer una nueva.",
        if_you: "Si los intentos fueron suyos, solicite el restablecimiento de la contraseña.",
        if_not_you: "Si no fueron suyos, alguien intenta adivinar su contraseña. Póngase en \
                     contacto con el servicio de asistencia.",
    },
    reset_requested: Words {
        title: "Se ha solicitado restablecer su contraseña",
        happened: "Se ha solicitado restablecer la contraseña de su cuenta. La contraseña no se ha \
                   cambiado.",
        if_you: "Si ha sido usted, continúe como se le ha indicado.",
        if_not_you: "Si no ha sido usted, no comunique a nadie ningún código que reciba y póngase \
                     en contacto con el servicio de asistencia.",
    },
    account: "Cuenta",
    moment: "Fecha",
    address: "Desde la dirección de red",
    device: "Dispositivo o aplicación, según se identifica",
    support: "Asistencia",
    colon: ":",
    automatic: "Este mensaje se ha enviado automáticamente por la seguridad de su cuenta.",
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
