use super::{Catalogue, Words};

pub(super) const PORTUGUESE: Catalogue = Catalogue {
    password_changed: Words {
        title: "A sua senha foi alterada",
        happened: "A senha da sua conta foi alterada por alguém que conhecia a anterior.",
        if_you: "Se foi você, não precisa fazer nada.",
        if_not_you: "Se não foi você, outra pessoa conhece a sua senha e pode usar a sua conta. \
                     Contacte imediatamente o suporte.",
    },
    password_reset: Words {
        title: "A sua senha foi redefinida",
        happened: "Uma nova senha foi definida para a sua conta por meio de uma redefinição.",
        if_you: "Se foi você, não precisa fazer mais nada.",
        if_not_you: "Se não foi você, outra pessoa pode usar a sua conta. Contacte imediatamente o \
                     suporte e certifique-se de que mais ninguém lê os seus e-mails.",
    },
    account_locked: Words {
        title: "A sua conta está bloqueada temporariamente",
        happened: "Várias tentativas de alterar a senha da sua conta falharam. Durante algum \
                   tempo, novas tentativas serão recusadas. A senha não foi alterada.",
        if_you: "Se as tentativas foram suas, espere um pouco e tente novamente.",
        if_not_you: "Se não foram suas, alguém pode estar tentando adivinhar a sua senha. Contacte \
                     o suporte.",
    },
    attempts_exhausted: Words {
        title: "Demasiadas tentativas falhadas: a sua senha tem de ser redefinida",
        happened: "Falharam tantas tentativas de alterar a senha da sua conta que não são aceitas \
                   outras. A senha não foi alterada. Só uma redefinição permite definir uma nova.",
        if_you: "Se as tentativas foram suas, peça a redefinição da senha.",
        if_not_you: "Se não foram suas, alguém está tentando adivinhar a sua senha. Contacte o \
                     suporte.",
    },
    reset_requested: Words {
        title: "Foi pedida a redefinição da sua senha",
        happened: "Foi pedida a redefinição da senha da sua conta. A senha não foi alterada.",
        if_you: "Se foi você, prossiga conforme as instruções que recebeu.",
        if_not_you: "Se não foi você, não passe a ninguém nenhum código que receba e contacte o \
                     suporte.",
    },
    account: "Conta",
    moment: "Data",
    address: "Do endereço de rede",
    device: "Dispositivo ou aplicativo, como se identifica",
    support: "Suporte",
    colon: ":",
    automatic: "Esta mensagem foi enviada automaticamente para a segurança da sua conta.",
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
