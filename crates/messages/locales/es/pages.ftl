password = Cambiar la contraseña
    .intro = Después se cerrará la sesión en todos sus dispositivos y podrá entrar con la nueva contraseña.
    .submit = Cambiar contraseña
forgot = Solicitar una contraseña nueva
    .intro = Introduzca la dirección de correo electrónico o el identificador de su cuenta. Le enviaremos un correo con un enlace para establecer una contraseña nueva.
    .submit = Enviar el correo
reset = Establecer una contraseña nueva
    .intro = Elija una contraseña nueva para su cuenta.
    .submit = Establecer contraseña
sent = Consulte su correo electrónico
    .text = Si hay una cuenta que corresponda a lo que ha introducido, un correo va de camino a su dirección. Mire también en la carpeta de correo no deseado.
password-done = Su contraseña se ha cambiado
    .text = Se ha cerrado la sesión en todos los dispositivos. Entre con su nueva contraseña.
reset-done = Su nueva contraseña está establecida
    .text = Se ha cerrado la sesión en todas partes. A partir de ahora, entre con la nueva contraseña.
name = Correo electrónico o identificador
current-password = Contraseña actual
new-password = Nueva contraseña
otp = Código de su aplicación de autenticación
    .hint = Déjelo vacío si no usa una aplicación de autenticación para esta cuenta.
code = Código del correo
    .hint = Seis grupos de cuatro letras y cifras. No importan las mayúsculas ni las minúsculas.
show-current = Mostrar la contraseña actual
hide-current = Ocultar la contraseña actual
show-new = Mostrar la contraseña nueva
hide-new = Ocultar la contraseña nueva
to-forgot = ¿Ha olvidado su contraseña?
to-password = Cambiar una contraseña que conoce
to-reset = Introducir el código del correo
to-again = Solicitar otro correo
continue = Continuar
help = Ayuda
languages = Idiomas
rules = La nueva contraseña debe:
rule-length = { $count ->
    [one] tener al menos { $count } carácter
   *[other] tener al menos { $count } caracteres
}
rule-letter = contener una letra
rule-digit = contener una cifra
rule-special = contener un carácter especial
rule-own-words = no limitarse a su nombre, su identificador, su correo electrónico o el nombre de este servicio
rule-common = no estar entre las más usadas
rule-strength = ser difícil de adivinar
rule-current = ser distinta de la actual
rule-reused = { $count ->
    [1] ser distinta de la anterior
   *[other] ser distinta de sus últimas { $count } contraseñas
}
rule-met = (cumplido)
error = Error:
problem = Hay un problema
missing-name = Introduzca su correo electrónico o identificador.
missing-current = Introduzca su contraseña actual.
missing-new = Introduzca una contraseña nueva.
missing-code = Introduzca el código del correo.
wrong-password = La cuenta o su contraseña actual no es correcta.
wrong-otp = El código de la aplicación de autenticación no es correcto o ya se ha usado. Espere al siguiente.
otp-required = Esta cuenta usa una aplicación de autenticación. Introduzca su código y, de nuevo, los demás campos.
wrong-code = El código no corresponde a esta cuenta. Compruebe ambos.
dead-link = Este enlace o código ya no es válido. Se ha usado o ha caducado.
inactive = Esta cuenta no está activa.
locked = Ha habido demasiados intentos fallidos.
locked-until-reset = Tras demasiados intentos fallidos, la contraseña actual ya no se acepta. Solo una contraseña nueva desbloquea la cuenta.
too-many = Han llegado demasiadas solicitudes desde su red.
busy = El servicio está ocupado en este momento.
fault = Algo ha fallado por nuestra parte. Su contraseña no ha cambiado.
expired-form = El formulario ha caducado o su navegador bloquea las cookies. Rellénelo de nuevo.
malformed = No se ha podido entender lo introducido.
too-large = El texto introducido es demasiado largo.
not-found = Esta página no existe
wait = { $count ->
    [one] Inténtelo de nuevo en un minuto.
   *[other] Inténtelo de nuevo en { $count } minutos.
}
valid = { $count ->
    [one] El enlace del correo es válido durante { $count } minuto.
   *[other] El enlace del correo es válido durante { $count } minutos.
}
