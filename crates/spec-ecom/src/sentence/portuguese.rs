use super::{Catalogue, Counted};

pub(super) const PORTUGUESE: Catalogue = Catalogue {
    changed: "A senha foi alterada com sucesso.",
    malformed: "Não foi possível entender a solicitação.",
    missing: "Faltam dados obrigatórios: {fields}.",
    confirmation_differs: "A nova senha e a confirmação não coincidem.",
    unauthenticated: "Este chat não está autorizado a alterar senhas.",
    wrong_password: "A conta ou a senha atual está incorreta.",
    not_found: "Esta função não existe.",
    method_not_allowed: "Esta função não pode ser chamada dessa maneira.",
    unsupported_media_type: "O formato da solicitação não é aceito.",
    too_many_attempts: "Muitas tentativas sem sucesso. Tente novamente mais tarde.",
    body_too_large: "A solicitação é grande demais.",
    body_incomplete: "A solicitação não chegou completa.",
    unavailable: "O serviço está ocupado neste momento. Tente novamente em breve.",
    fault: "Algo deu errado. Tente novamente mais tarde.",
    too_short: Counted {
        one: "A nova senha deve ter pelo menos 1 caractere.",
        other: "A nova senha deve ter pelo menos {count} caracteres.",
    },
    too_long: Counted {
        one: "A nova senha deve ter no máximo 1 caractere.",
        other: "A nova senha deve ter no máximo {count} caracteres.",
    },
    missing_digit: "A nova senha deve conter um dígito.",
    missing_special: "A nova senha deve conter um caractere especial.",
    same_as_current: "A nova senha deve ser diferente da atual.",
    reused: Counted {
        one: "A nova senha deve ser diferente da anterior.",
        other: "A nova senha deve ser diferente das últimas {count}.",
    },
    contains_user_id: "A nova senha não deve conter o identificador do usuário.",
    contains_username: "A nova senha não deve conter o nome de usuário.",
    contains_email: "A nova senha não deve conter nenhuma parte do endereço de e-mail.",
    contains_name: "A nova senha não deve conter o nome nem o sobrenome do titular da conta.",
    common: "A nova senha é uma das que muitas pessoas usam.",
};
