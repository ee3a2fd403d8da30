password = Alterar sua senha
    .intro = Depois disso, você sai de todos os dispositivos e entra com a nova senha.
    .submit = Alterar senha
forgot = Solicitar uma nova senha
    .intro = Informe o endereço de e-mail ou o ID de usuário da sua conta. Enviaremos um e-mail com um link para definir uma nova senha.
    .submit = Enviar o e-mail
reset = Definir uma nova senha
    .intro = Escolha uma nova senha para sua conta.
    .submit = Definir senha
sent = Verifique seu e-mail
    .text = Se houver uma conta para o que você informou, um e-mail está a caminho do endereço dela. Verifique também a pasta de spam.
password-done = Sua senha foi alterada
    .text = Você saiu de todos os dispositivos. Entre com sua nova senha.
reset-done = Sua nova senha está definida
    .text = Sua sessão foi encerrada em todos os lugares. A partir de agora, entre com a nova senha.
name = Endereço de e-mail ou ID de usuário
current-password = Senha atual
new-password = Nova senha
otp = Código do seu aplicativo autenticador
    .hint = Deixe em branco se você não usa um aplicativo autenticador nesta conta.
code = Código do e-mail
    .hint = Seis grupos de quatro letras e números. Maiúsculas e minúsculas não fazem diferença.
show-current = Mostrar a senha atual
hide-current = Ocultar a senha atual
show-new = Mostrar a nova senha
hide-new = Ocultar a nova senha
to-forgot = Esqueceu sua senha?
to-password = Alterar uma senha que você conhece
to-reset = Informar o código do e-mail
to-again = Solicitar outro e-mail
continue = Avançar
help = Ajuda
languages = Idiomas disponíveis
rules = A nova senha deve:
rule-length = { $count ->
    [one] ter pelo menos { $count } caractere
   *[other] ter pelo menos { $count } caracteres
}
rule-letter = conter uma letra
rule-digit = conter um número
rule-special = conter um caractere especial
rule-own-words = não se limitar a seu nome, seu ID de usuário, seu e-mail ou ao nome deste serviço
rule-common = não estar entre as mais usadas
rule-strength = não ser fácil de adivinhar
rule-current = ser diferente da atual
rule-reused = { $count ->
    [1] ser diferente da anterior
   *[other] ser diferente das suas últimas { $count } senhas
}
rule-met = (feito)
error = Erro:
problem = Há um problema
missing-name = Informe seu endereço de e-mail ou ID de usuário.
missing-current = Informe sua senha atual.
missing-new = Informe uma nova senha.
missing-code = Informe o código do e-mail.
wrong-password = A conta ou a senha atual dela está incorreta.
wrong-otp = O código do aplicativo autenticador está incorreto ou já foi usado. Aguarde o próximo.
otp-required = Esta conta usa um aplicativo autenticador. Informe o código dele e preencha os outros campos novamente.
wrong-code = O código não pertence a esta conta. Confira os dois.
dead-link = Este link ou código não é mais válido. Ele foi usado ou expirou.
inactive = Esta conta não está ativa.
locked = Houve tentativas malsucedidas demais.
locked-until-reset = Após tentativas malsucedidas demais, a senha atual não é mais aceita. Somente uma nova senha desbloqueia a conta.
too-many = Sua rede enviou solicitações demais.
busy = O serviço está ocupado no momento.
fault = Algo deu errado do nosso lado. Sua senha não foi alterada.
expired-form = O formulário expirou ou seu navegador bloqueia cookies. Preencha-o novamente.
malformed = Não foi possível entender os dados informados.
too-large = O texto informado é longo demais.
not-found = Esta página não existe
wait = { $count ->
    [one] Tente novamente em um minuto.
   *[other] Tente novamente em { $count } minutos.
}
valid = { $count ->
    [one] O link no e-mail é válido por { $count } minuto.
   *[other] O link no e-mail é válido por { $count } minutos.
}
