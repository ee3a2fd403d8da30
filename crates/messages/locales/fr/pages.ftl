password = Changer votre mot de passe
    .intro = Vous serez ensuite déconnecté de tous vos appareils et vous vous connecterez avec le nouveau mot de passe.
    .submit = Changer le mot de passe
forgot = Demander un nouveau mot de passe
    .intro = Saisissez l’adresse e-mail ou l’identifiant de votre compte. Nous vous envoyons un e-mail avec un lien pour définir un nouveau mot de passe.
    .submit = Envoyer l’e-mail
reset = Définir un nouveau mot de passe
    .intro = Choisissez un nouveau mot de passe pour votre compte.
    .submit = Définir le mot de passe
sent = Consultez vos e-mails
    .text = Si un compte correspond à votre saisie, un e-mail est en route vers son adresse. Vérifiez aussi le dossier des courriers indésirables.
password-done = Votre mot de passe est changé
    .text = Vous avez été déconnecté de tous vos appareils. Connectez-vous avec votre nouveau mot de passe.
reset-done = Votre nouveau mot de passe est défini
    .text = Vous avez été déconnecté partout. Connectez-vous désormais avec le nouveau mot de passe.
name = Adresse e-mail ou identifiant
current-password = Mot de passe actuel
new-password = Nouveau mot de passe
otp = Code de votre application d’authentification
    .hint = Laissez ce champ vide si vous n’utilisez pas d’application d’authentification pour ce compte.
code = Code reçu par e-mail
    .hint = Six groupes de quatre lettres et chiffres, en majuscules ou en minuscules.
show-current = Afficher le mot de passe actuel
hide-current = Masquer le mot de passe actuel
show-new = Afficher le nouveau mot de passe
hide-new = Masquer le nouveau mot de passe
to-forgot = Mot de passe oublié ?
to-password = Changer un mot de passe que vous connaissez
to-reset = Saisir le code reçu par e-mail
to-again = Demander un autre e-mail
continue = Continuer
help = Aide
languages = Langues
rules = Le nouveau mot de passe doit :
rule-length = { $count ->
    [one] comporter au moins { $count } caractère
   *[other] comporter au moins { $count } caractères
}
rule-letter = contenir une lettre
rule-digit = contenir un chiffre
rule-special = contenir un caractère spécial
rule-own-words = ne pas se limiter à votre nom, votre identifiant, votre adresse e-mail ou au nom de ce service
rule-common = ne pas être parmi les plus utilisés
rule-strength = être difficile à deviner
rule-current = être différent de l’actuel
rule-reused = { $count ->
    [1] être différent du précédent
   *[other] être différent de vos { $count } derniers mots de passe
}
rule-met = (fait)
error = Erreur :
problem = Il y a un problème
missing-name = Saisissez votre adresse e-mail ou votre identifiant.
missing-current = Saisissez votre mot de passe actuel.
missing-new = Saisissez un nouveau mot de passe.
missing-code = Saisissez le code reçu par e-mail.
wrong-password = Le compte ou son mot de passe actuel est incorrect.
wrong-otp = Le code de l’application d’authentification est incorrect ou a déjà servi. Attendez le suivant.
otp-required = Ce compte utilise une application d’authentification. Saisissez son code, ainsi que les autres champs une nouvelle fois.
wrong-code = Le code ne correspond pas à ce compte. Vérifiez les deux.
dead-link = Ce lien ou ce code n’est plus valable. Il a été utilisé ou a expiré.
inactive = Ce compte n’est pas actif.
locked = Il y a eu trop de tentatives infructueuses.
locked-until-reset = Après trop de tentatives infructueuses, le mot de passe actuel n’est plus accepté. Seul un nouveau mot de passe débloque le compte.
too-many = Trop de demandes sont venues de votre réseau.
busy = Le service est actuellement surchargé.
fault = Une erreur s’est produite de notre côté. Votre mot de passe n’est pas changé.
expired-form = Le formulaire a expiré ou votre navigateur bloque les cookies. Remplissez-le à nouveau.
malformed = La saisie n’a pas pu être comprise.
too-large = La saisie est trop longue.
not-found = Cette page n’existe pas
wait = { $count ->
    [one] Réessayez dans une minute.
   *[other] Réessayez dans { $count } minutes.
}
valid = { $count ->
    [one] Le lien dans l’e-mail est valable { $count } minute.
   *[other] Le lien dans l’e-mail est valable { $count } minutes.
}
