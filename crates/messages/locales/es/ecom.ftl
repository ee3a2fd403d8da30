changed = La contraseña se ha cambiado correctamente.
malformed = No se ha podido entender la solicitud.
missing = Faltan datos obligatorios: { $fields }.
confirmation-differs = La nueva contraseña y la confirmación no coinciden.
unauthenticated = Este chat no está autorizado para cambiar contraseñas.
wrong-password = La cuenta o la contraseña actual no son correctas.
not-found = Esta función no existe.
method-not-allowed = Esta función no se puede llamar de esta manera.
unsupported-media-type = El formato de la solicitud no se admite.
too-many-attempts = Ha habido demasiados intentos fallidos. Vuelva a intentarlo más tarde.
body-too-large = La solicitud es demasiado grande.
body-incomplete = La solicitud no ha llegado completa.
unavailable = El servicio está ocupado en este momento. Vuelva a intentarlo en breve.
fault = Algo ha salido mal. Vuelva a intentarlo más tarde.
too-short = { $count ->
    [one] La nueva contraseña debe tener al menos { $count } carácter.
   *[other] La nueva contraseña debe tener al menos { $count } caracteres.
}
too-long = { $count ->
    [one] La nueva contraseña debe tener como máximo { $count } carácter.
   *[other] La nueva contraseña debe tener como máximo { $count } caracteres.
}
missing-letter = La nueva contraseña debe contener una letra.
missing-digit = La nueva contraseña debe contener un dígito.
missing-special = La nueva contraseña debe contener un carácter especial.
same-as-current = La nueva contraseña debe ser distinta de la actual.
reused = { $count ->
    [1] La nueva contraseña debe ser distinta de la anterior.
   *[other] La nueva contraseña debe ser distinta de las { $count } últimas.
}
contains-user-id = La nueva contraseña no debe basarse en el identificador de usuario.
contains-username = La nueva contraseña no debe basarse en el nombre de usuario.
contains-email = La nueva contraseña no debe basarse en la dirección de correo electrónico.
contains-name = La nueva contraseña no debe basarse en el nombre ni los apellidos del titular de la cuenta.
contains-service = La nueva contraseña no debe basarse en el nombre de este servicio.
common = La nueva contraseña es una de las que usan muchas personas.
weak = La nueva contraseña es demasiado fácil de adivinar.
compromised = La nueva contraseña aparece en filtraciones de datos de otros servicios.
