changed = Le mot de passe a été modifié.
malformed = La demande n’a pas pu être comprise.
missing = Il manque des informations obligatoires{"\u00A0"}: { $fields }.
confirmation-differs = Le nouveau mot de passe et la confirmation ne correspondent pas.
unauthenticated = Ce chat n’est pas autorisé à modifier des mots de passe.
wrong-password = Le compte ou le mot de passe actuel est incorrect.
not-found = Cette fonction n’existe pas.
method-not-allowed = Cette fonction ne peut pas être appelée de cette façon.
unsupported-media-type = Le format de la demande n’est pas pris en charge.
too-many-attempts = Trop de tentatives infructueuses. Veuillez réessayer plus tard.
body-too-large = La demande est trop volumineuse.
body-incomplete = La demande n’a pas été reçue en entier.
unavailable = Le service est occupé pour le moment. Veuillez réessayer dans un instant.
fault = Une erreur s’est produite. Veuillez réessayer plus tard.
too-short = { $count ->
    [one] Le nouveau mot de passe doit comporter au moins { $count } caractère.
   *[other] Le nouveau mot de passe doit comporter au moins { $count } caractères.
}
too-long = { $count ->
    [one] Le nouveau mot de passe doit comporter au plus { $count } caractère.
   *[other] Le nouveau mot de passe doit comporter au plus { $count } caractères.
}
missing-letter = Le nouveau mot de passe doit contenir une lettre.
missing-digit = Le nouveau mot de passe doit contenir un chiffre.
missing-special = Le nouveau mot de passe doit contenir un caractère spécial.
same-as-current = Le nouveau mot de passe doit être différent du mot de passe actuel.
reused = { $count ->
    [1] Le nouveau mot de passe doit être différent du précédent.
   *[other] Le nouveau mot de passe doit être différent des { $count } derniers.
}
contains-user-id = Le nouveau mot de passe ne doit pas être basé sur l’identifiant de l’utilisateur.
contains-username = Le nouveau mot de passe ne doit pas être basé sur le nom d’utilisateur.
contains-email = Le nouveau mot de passe ne doit pas être basé sur l’adresse e-mail.
contains-name = Le nouveau mot de passe ne doit pas être basé sur le nom ou le prénom du titulaire du compte.
contains-service = Le nouveau mot de passe ne doit pas être basé sur le nom de ce service.
common = Le nouveau mot de passe fait partie des mots de passe couramment utilisés.
weak = Le nouveau mot de passe est trop facile à deviner.
compromised = Le nouveau mot de passe est connu par des fuites de données d’autres services.
