use super::{Catalogue, Counted};

pub(super) const FRENCH: Catalogue = Catalogue {
    changed: "Le mot de passe a été modifié.",
    malformed: "La demande n’a pas pu être comprise.",
    missing: "Il manque des informations obligatoires\u{a0}: {fields}.",
    confirmation_differs: "Le nouveau mot de passe et la confirmation ne correspondent pas.",
    unauthenticated: "Ce chat n’est pas autorisé à modifier des mots de passe.",
    wrong_password: "Le compte ou le mot de passe actuel est incorrect.",
    not_found: "Cette fonction n’existe pas.",
    method_not_allowed: "Cette fonction ne peut pas être appelée de cette façon.",
    unsupported_media_type: "Le format de la demande n’est pas pris en charge.",
    too_many_attempts: "Trop de tentatives infructueuses. Veuillez réessayer plus tard.",
    body_too_large: "La demande est trop volumineuse.",
    body_incomplete: "La demande n’a pas été reçue en entier.",
    unavailable: "Le service est occupé pour le moment. Veuillez réessayer dans un instant.",
    fault: "Une erreur s’est produite. Veuillez réessayer plus tard.",
    too_short: Counted {
        one: "Le nouveau mot de passe doit comporter au moins 1 caractère.",
        other: "Le nouveau mot de passe doit comporter au moins {count} caractères.",
    },
    too_long: Counted {
        one: "Le nouveau mot de passe doit comporter au plus 1 caractère.",
        other: "Le nouveau mot de passe doit comporter au plus {count} caractères.",
    },
    missing_digit: "Le nouveau mot de passe doit contenir un chiffre.",
    missing_special: "Le nouveau mot de passe doit contenir un caractère spécial.",
    same_as_current: "Le nouveau mot de passe doit être différent du mot de passe actuel.",
    reused: Counted {
        one: "Le nouveau mot de passe doit être différent du précédent.",
        other: "Le nouveau mot de passe doit être différent des {count} derniers.",
    },
    contains_user_id: "Le nouveau mot de passe ne doit pas contenir l’identifiant de l’utilisateur.",
    contains_username: "Le nouveau mot de passe ne doit pas contenir le nom d’utilisateur.",
    contains_email: "Le nouveau mot de passe ne doit contenir aucune partie de l’adresse e-mail.",
    contains_name: "Le nouveau mot de passe ne doit contenir ni le nom ni le prénom du titulaire du compte.",
    common: "Le nouveau mot de passe fait partie des mots de passe couramment utilisés.",
};
