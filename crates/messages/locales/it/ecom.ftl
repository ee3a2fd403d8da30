changed = La password è stata modificata correttamente.
malformed = Non è stato possibile comprendere la richiesta.
missing = Mancano dati obbligatori: { $fields }.
confirmation-differs = La nuova password e la conferma non corrispondono.
unauthenticated = Questa chat non è autorizzata a modificare le password.
wrong-password = L’account o la password attuale non sono corretti.
not-found = Questa funzione non esiste.
method-not-allowed = Questa funzione non può essere chiamata in questo modo.
unsupported-media-type = Il formato della richiesta non è supportato.
too-many-attempts = Troppi tentativi non riusciti. Riprova più tardi.
body-too-large = La richiesta è troppo grande.
body-incomplete = La richiesta non è arrivata per intero.
unavailable = Il servizio è occupato in questo momento. Riprova tra poco.
fault = Qualcosa è andato storto. Riprova più tardi.
too-short = { $count ->
    [one] La nuova password deve avere almeno { $count } carattere.
   *[other] La nuova password deve avere almeno { $count } caratteri.
}
too-long = { $count ->
    [one] La nuova password deve avere al massimo { $count } carattere.
   *[other] La nuova password deve avere al massimo { $count } caratteri.
}
missing-letter = La nuova password deve contenere una lettera.
missing-digit = La nuova password deve contenere una cifra.
missing-special = La nuova password deve contenere un carattere speciale.
same-as-current = La nuova password deve essere diversa da quella attuale.
reused = { $count ->
    [1] La nuova password deve essere diversa dalla precedente.
   *[other] La nuova password deve essere diversa dalle ultime { $count }.
}
contains-user-id = La nuova password non deve basarsi sull’identificativo dell’utente.
contains-username = La nuova password non deve basarsi sul nome utente.
contains-email = La nuova password non deve basarsi sull’indirizzo e-mail.
contains-name = La nuova password non deve basarsi sul nome o sul cognome del titolare dell’account.
contains-service = La nuova password non deve basarsi sul nome di questo servizio.
common = La nuova password è tra quelle usate da molte persone.
weak = La nuova password è troppo facile da indovinare.
compromised = La nuova password è nota da violazioni di dati di altri servizi.
