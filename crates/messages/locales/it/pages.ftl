password = Cambiare la password
    .intro = In seguito la sessione verrà chiusa su tutti i dispositivi e accederai con la nuova password.
    .submit = Cambia password
forgot = Richiedere una nuova password
    .intro = Inserisci l’indirizzo e-mail o l’ID utente del tuo account. Ti invieremo un’e-mail con un link per impostare una nuova password.
    .submit = Invia l’e-mail
reset = Impostare una nuova password
    .intro = Scegli una nuova password per il tuo account.
    .submit = Imposta password
sent = Controlla la tua e-mail
    .text = Se esiste un account corrispondente, un’e-mail è in arrivo al suo indirizzo. Controlla anche la cartella della posta indesiderata.
password-done = La tua password è cambiata
    .text = La sessione è stata chiusa su tutti i dispositivi. Accedi con la tua nuova password.
reset-done = La tua nuova password è impostata
    .text = La sessione è stata chiusa ovunque. D’ora in poi accedi con la nuova password.
name = Indirizzo e-mail o ID utente
current-password = Password attuale
new-password = Nuova password
otp = Codice della tua app di autenticazione
    .hint = Lascia vuoto se non usi un’app di autenticazione per questo account.
code = Codice ricevuto per e-mail
    .hint = Sei gruppi di quattro lettere e cifre. Maiuscole e minuscole sono equivalenti.
show-current = Mostra la password attuale
hide-current = Nascondi la password attuale
show-new = Mostra la nuova password
hide-new = Nascondi la nuova password
to-forgot = Hai dimenticato la password?
to-password = Cambiare una password che conosci
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
rule-letter = contenere una lettera
rule-digit = contenere una cifra
rule-special = contenere un carattere speciale
rule-own-words = non limitarsi al tuo nome, al tuo ID utente, al tuo indirizzo e-mail o al nome di questo servizio
rule-common = non essere tra quelle più usate
rule-strength = essere difficile da indovinare
rule-current = essere diversa da quella attuale
rule-reused = { $count ->
    [1] essere diversa dalla precedente
   *[other] essere diversa dalle tue ultime { $count } password
}
rule-met = (fatto)
error = Errore:
problem = C’è un problema
missing-name = Inserisci il tuo indirizzo e-mail o ID utente.
missing-current = Inserisci la password attuale.
missing-new = Inserisci una nuova password.
missing-code = Inserisci il codice ricevuto per e-mail.
wrong-password = L’account o la sua password attuale non è corretta.
wrong-otp = Il codice dell’app di autenticazione non è corretto o è già stato usato. Attendi il successivo.
otp-required = Questo account usa un’app di autenticazione. Inserisci il suo codice e di nuovo gli altri campi.
wrong-code = Il codice non appartiene a questo account. Controlla entrambi.
dead-link = Questo link o codice non è più valido. È stato usato o è scaduto.
inactive = Questo account non è attivo.
locked = Ci sono stati troppi tentativi falliti.
locked-until-reset = Dopo troppi tentativi falliti, la password attuale non è più accettata. Solo una nuova password sblocca l’account.
too-many = Sono arrivate troppe richieste dalla tua rete.
busy = Il servizio al momento è occupato.
fault = Qualcosa è andato storto da parte nostra. La tua password non è cambiata.
expired-form = Il modulo è scaduto oppure il tuo browser blocca i cookie. Compilalo di nuovo.
malformed = Non è stato possibile interpretare i dati inseriti.
too-large = Il testo inserito è troppo lungo.
not-found = Questa pagina non esiste
wait = { $count ->
    [one] Riprova tra un minuto.
   *[other] Riprova tra { $count } minuti.
}
valid = { $count ->
    [one] Il link nell’e-mail è valido per { $count } minuto.
   *[other] Il link nell’e-mail è valido per { $count } minuti.
}
