use super::{Catalogue, Counted};

pub(super) const SPANISH: Catalogue = Catalogue {
    changed: "La contraseña se ha cambiado correctamente.",
    malformed: "No se ha podido entender la solicitud.",
    missing: "Faltan datos obligatorios: {fields}.",
    confirmation_differs: "La nueva contraseña y la confirmación no coinciden.",
    unauthenticated: "Este chat no está autorizado para cambiar contraseñas.",
    wrong_password: "La cuenta o la contraseña actual no son correctas.",
    not_found: "Esta función no existe.",
    method_not_allowed: "Esta función no se puede llamar de esta manera.",
    unsupported_media_type: "El formato de la solicitud no se admite.",
    too_many_attempts: "Ha habido demasiados intentos fallidos. Vuelva a intentarlo más tarde.",
    body_too_large: "La solicitud es demasiado grande.",
    body_incomplete: "La solicitud no ha llegado completa.",
    unavailable: "El servicio está ocupado en este momento. Vuelva a intentarlo en breve.",
    fault: "Algo ha salido mal. Vuelva a intentarlo más tarde.",
    too_short: Counted {
        one: "La nueva contraseña debe tener al menos 1 carácter.",
        other: "La nueva contraseña debe tener al menos {count} caracteres.",
    },
    too_long: Counted {
        one: "La nueva contraseña debe tener como máximo 1 carácter.",
        other: "La nueva contraseña debe tener como máximo {count} caracteres.",
    },
    missing_digit: "La nueva contraseña debe contener un dígito.",
    missing_special: "La nueva contraseña debe contener un carácter especial.",
    same_as_current: "La nueva contraseña debe ser distinta de la actual.",
    reused: Counted {
        one: "La nueva contraseña debe ser distinta de la anterior.",
        other: "La nueva contraseña debe ser distinta de las {count} últimas.",
    },
    contains_user_id: "La nueva contraseña no debe contener el identificador de usuario.",
    contains_username: "La nueva contraseña no debe contener el nombre de usuario.",
    contains_email: "La nueva contraseña no debe contener ninguna parte de la dirección de correo electrónico.",
    contains_name: "La nueva contraseña no debe contener ni el nombre ni los apellidos del titular de la cuenta.",
    common: "La nueva contraseña es una de las que usan muchas personas.",
};
