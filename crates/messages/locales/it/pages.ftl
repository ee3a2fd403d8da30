password = Cambiare la password
    .intro = In seguito verrà disconnesso da tutti i dispositivi e accederà con la nuova password.
    .submit = Cambia password
forgot = Richiedere una nuova password
    .intro = Inserisca l’indirizzo e-mail o l’ID utente del Suo account. Le invieremo un’e-mail con un link per impostare una nuova password.
    .submit = Invia l’e-mail
reset = Impostare una nuova password
    .intro = Scelga una nuova password per il Suo account.
    .submit = Imposta password
sent = Controlli la Sua e-mail
    .text = Se esiste un account corrispondente, un’e-mail è in arrivo al suo indirizzo. Controlli anche la cartella della posta indesiderata.
password-done = La Sua password è cambiata
    .text = È stato disconnesso da tutti i dispositivi. Acceda con la Sua nuova password.
reset-done = La Sua nuova password è impostata
    .text = È stato disconnesso ovunque. D’ora in poi acceda con la nuova password.
name = Indirizzo e-mail o ID utente
current-password = Password attuale
new-password = Nuova password
otp = Codice della Sua app di autenticazione
    .hint = Lasci vuoto se non usa un’app di autenticazione per questo account.
code = Codice ricevuto per e-mail
    .hint = Sei gruppi di quattro lettere e cifre. Maiuscole e minuscole sono equivalenti.
show-current = Mostra la password attuale
hide-current = Nascondi la password attuale
show-new = Mostra la nuova password
hide-new = Nascondi la nuova password
to-forgot = Ha dimenticato la password?
to-password = Cambiare una password che conosce
to-reset = Inserire il codice ricevuto per e-mail
to-again = Richiedere un’altra e-mail
continue = Continua
help = Assistenza
languages = Lingue
rules = La nuova password deve:
rule-length = { $count ->
    [one] avere almeno { $count } carattere
   *[other] avere almeno { $count } caratteri
}
rule-digit = contenere una cifra
rule-special = contenere un carattere speciale
rule-own-words = essere più del Suo nome, del Suo ID utente, del Suo indirizzo e-mail o del nome di questo servizio
rule-common = essere usata da poche persone
rule-current = essere diversa da quella attuale
rule-reused = { $count ->
    [1] essere diversa dalla precedente
   *[other] essere diversa dalle Sue ultime { $count } password
}
rule-met = (fatto)
error = Errore:
problem = C’è un problema
missing-name = Inserisca il Suo indirizzo e-mail o ID utente.
missing-current = Inserisca la password attuale.
missing-new = Inserisca una nuova password.
missing-code = Inserisca il codice ricevuto per e-mail.
wrong-password = L’account o la sua password attuale non è corretta.
wrong-otp = Il codice dell’app di autenticazione non è corretto o è già stato usato. Attenda il successivo.
otp-required = Questo account usa un’app di autenticazione. Inserisca il suo codice e di nuovo gli altri campi.
wrong-code = Il codice non appartiene a questo account. Controlli entrambi.
dead-link = Questo link o codice non è più valido. È stato usato o è scaduto.
inactive = Questo account non è attivo.
locked = Ci sono stati troppi tentativi falliti.
too-many = Sono arrivate troppe richieste dalla Sua rete.
busy = Il servizio al momento è occupato.
fault = Qualcosa è andato storto da parte nostra. La Sua password non è cambiata.
expired-form = Il modulo è scaduto oppure il Suo browser blocca i cookie. Lo compili di nuovo.
malformed = Non è stato possibile interpretare i dati inseriti.
too-large = Il testo inserito è troppo lungo.
not-found = Questa pagina non esiste
wait = { $count ->
    [one] Riprovi tra un minuto.
   *[other] Riprovi tra { $count } minuti.
}
valid = { $count ->
    [one] Il link nell’e-mail è valido per { $count } minuto.
   *[other] Il link nell’e-mail è valido per { $count } minuti.
}
