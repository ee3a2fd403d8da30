use super::{Catalogue, Words};

pub(super) const PORTUGUESE: Catalogue = Catalogue {
    password_changed: Words {
        title: "Sua senha foi alterada",
        happened: "A senha da sua conta foi alterada por alguém que conhecia a anterior.",
        if_you: "Se foi você, não é preciso fazer nada.",
        if_not_you: "Se não foi você, outra pessoa sabe a sua senha e pode usar a sua conta. Entre \
                     em contato com o suporte imediatamente.",
    },
    password_reset: Words {
        title: "Sua senha foi redefinida",
        happened: "Uma nova senha foi definida para a sua conta por meio da redefinição de senha.",
        if_you: "Se foi você, não é preciso fazer mais nada.",
        if_not_you: "Se não foi você, outra pessoa pode usar a sua conta. Entre em contato com o \
                     suporte imediatamente e verifique se mais ninguém consegue ler os seus \
                     e-mails.",
    },
    account_locked: Words {
        title: "Sua conta está bloqueada temporariamente",
        happened: "Várias tentativas de alterar a senha da sua conta falharam. Novas tentativas \
                   serão recusadas por algum tempo. Sua senha não foi alterada.",
        if_you: "Se as tentativas foram suas, aguarde um pouco e tente novamente.",
        if_not_you: "Se não foram suas, alguém pode estar tentando adivinhar a sua senha. Entre em \
                     contato com o suporte.",
    },
    attempts_exhausted: Words {
        title: "Muitas tentativas sem sucesso: você precisa redefinir a sua senha",
        happened: "Houve tantas tentativas sem sucesso de alterar a senha da sua conta que nenhuma \
                   outra é aceita. Sua senha não foi alterada. Só é possível definir uma nova por \
                   meio da redefinição de senha.",
        if_you: "Se as tentativas foram suas, solicite a redefinição da senha.",
        if_not_you: "Se não foram suas, alguém está tentando adivinhar a sua senha. Entre em \
                     contato com o suporte.",
    },
    reset_requested: Words {
        title: "Foi solicitada a redefinição da sua senha",
        happened: "Foi solicitada a redefinição da senha da sua conta. Sua senha não foi alterada.",
        if_you: "Se foi você, siga as instruções que recebeu.",
        if_not_you: "Se não foi você, não compartilhe com ninguém os códigos que receber e entre \
                     em contato com o suporte.",
    },
    account: "Conta",
    moment: "Data e hora",
    address: "Endereço IP",
    device: "Dispositivo ou aplicativo (não verificado)",
    support: "Suporte",
    colon: ":",
    automatic: "Esta mensagem sobre a segurança da sua conta foi enviada automaticamente.",
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    date: "{day} de {month} de {year}, {time} UTC",
    first_day: "1",
};
