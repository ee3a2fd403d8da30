changed = A senha foi alterada com sucesso.
malformed = Não foi possível entender a solicitação.
missing = Faltam dados obrigatórios: { $fields }.
confirmation-differs = A nova senha e a confirmação não coincidem.
unauthenticated = Este chat não está autorizado a alterar senhas.
wrong-password = A conta ou a senha atual está incorreta.
not-found = Esta função não existe.
method-not-allowed = Esta função não pode ser chamada dessa maneira.
unsupported-media-type = O formato da solicitação não é aceito.
too-many-attempts = Muitas tentativas sem sucesso. Tente novamente mais tarde.
body-too-large = A solicitação é grande demais.
body-incomplete = A solicitação não chegou completa.
unavailable = O serviço está ocupado neste momento. Tente novamente em breve.
fault = Algo deu errado. Tente novamente mais tarde.
too-short = { $count ->
    [one] A nova senha deve ter pelo menos { $count } caractere.
   *[other] A nova senha deve ter pelo menos { $count } caracteres.
}
too-long = { $count ->
    [one] A nova senha deve ter no máximo { $count } caractere.
   *[other] A nova senha deve ter no máximo { $count } caracteres.
}
missing-letter = A nova senha deve conter uma letra.
missing-digit = A nova senha deve conter um dígito.
missing-special = A nova senha deve conter um caractere especial.
same-as-current = A nova senha deve ser diferente da atual.
reused = { $count ->
    [1] A nova senha deve ser diferente da anterior.
   *[other] A nova senha deve ser diferente das últimas { $count }.
}
contains-user-id = A nova senha não deve se basear no identificador do usuário.
contains-username = A nova senha não deve se basear no nome de usuário.
contains-email = A nova senha não deve se basear no endereço de e-mail.
contains-name = A nova senha não deve se basear no nome ou no sobrenome do titular da conta.
contains-service = A nova senha não deve se basear no nome deste serviço.
common = A nova senha é uma das que muitas pessoas usam.
weak = A nova senha é fácil demais de adivinhar.
compromised = A nova senha é conhecida por vazamentos de dados de outros serviços.
