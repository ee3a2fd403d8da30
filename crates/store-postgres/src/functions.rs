//! Functions of the schema, for what every request does. The server keeps their plans, while it
//! plans an unnamed statement each time.
//!
//! A function is one statement, which commits by itself. So it also runs behind a pooler, and a node
//! that stops leaves no lock behind. Each statement in it sees the commits before it: once the row
//! of the account is locked, those of all other writers of the account.
//!
//! Nodes of the previous version call them too: a version that needs other parameters adds a
//! function of another name.

/// Inserts the first state of a row of attempts. If there is a row, returns its state.
///
/// A reservation need not survive a crash of the server.
pub(crate) const RESERVE_ATTEMPT: &str = "CREATE FUNCTION @reserve_attempt(
        p_key BYTEA, p_failures BIGINT, p_password_locked_until TIMESTAMPTZ,
        p_reset_locked_until TIMESTAMPTZ, p_expires_at TIMESTAMPTZ)
    RETURNS TABLE (failures BIGINT, password_locked_until TIMESTAMPTZ,
                   reset_locked_until TIMESTAMPTZ, expires_at TIMESTAMPTZ)
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('synchronous_commit', 'off', TRUE);
        -- Another transaction may delete the row after the conflict.
        LOOP
            INSERT INTO @attempts VALUES (p_key, p_failures, p_password_locked_until,
                                          p_reset_locked_until, p_expires_at)
            ON CONFLICT (key) DO NOTHING;
            EXIT WHEN FOUND;
            RETURN QUERY SELECT a.failures, a.password_locked_until, a.reset_locked_until,
                                a.expires_at
                         FROM @attempts a WHERE a.key = p_key;
            EXIT WHEN FOUND;
        END LOOP;
    END $$";

/// Finds an account, by its user id and its e-mail address, if there is one, or by one of its names,
/// and inserts the first state of its row of attempts, or of that of `p_unknown`. Returns one row: the
/// account, if any, and the state that was there, if any. Returns no row, and inserts nothing, if
/// several accounts have the name.
pub(crate) const FIND_AND_RESERVE: &str = "CREATE FUNCTION @find_and_reserve(
        p_realm TEXT, p_user_id TEXT, p_email_key TEXT, p_username_key TEXT, p_unknown BYTEA,
        p_failures BIGINT, p_password_locked_until TIMESTAMPTZ,
        p_reset_locked_until TIMESTAMPTZ, p_expires_at TIMESTAMPTZ)
    RETURNS TABLE (id UUID, realm TEXT, user_id TEXT, email TEXT, username TEXT, profile JSON,
                   active BOOLEAN, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ, hash TEXT,
                   normalization TEXT, version BIGINT, changed_at TIMESTAMPTZ,
                   valid_after TIMESTAMPTZ, sealed_secret BYTEA, last_step BIGINT,
                   code_digest BYTEA, code_expires_at TIMESTAMPTZ,
                   failures BIGINT, password_locked_until TIMESTAMPTZ,
                   reset_locked_until TIMESTAMPTZ, expires_at TIMESTAMPTZ)
    LANGUAGE plpgsql ROWS 1 AS $$
    DECLARE
        ids UUID[];
        before RECORD;
    BEGIN
        IF p_user_id IS NOT NULL THEN
            ids := ARRAY(SELECT a.id FROM @accounts a
                         WHERE a.realm = p_realm AND a.user_id = p_user_id
                           AND (p_email_key IS NULL OR a.email_key = p_email_key));
        ELSIF p_email_key IS NOT NULL THEN
            ids := ARRAY(SELECT a.id FROM @accounts a
                         WHERE a.realm = p_realm AND a.email_key = p_email_key LIMIT 2);
        ELSE
            ids := ARRAY(SELECT a.id FROM @accounts a
                         WHERE a.realm = p_realm AND a.username_key = p_username_key LIMIT 2);
        END IF;
        IF cardinality(ids) > 1 THEN
            RETURN;
        END IF;
        SELECT s.failures, s.password_locked_until, s.reset_locked_until, s.expires_at INTO before
        FROM @reserve_attempt(
            COALESCE(uuid_send(ids[1]) || decode(repeat('00', 16), 'hex'), p_unknown),
            p_failures, p_password_locked_until, p_reset_locked_until,
            CASE WHEN ids[1] IS NULL THEN p_expires_at END) s;
        RETURN QUERY
            SELECT a.id, a.realm, a.user_id, a.email, a.username, a.profile, a.active, a.created_at,
                   a.updated_at, a.hash, a.normalization, a.version, a.changed_at, a.valid_after,
                   o.sealed_secret, o.last_step, o.code_digest, o.code_expires_at,
                   before.failures, before.password_locked_until, before.reset_locked_until,
                   before.expires_at
            FROM (SELECT) one
            LEFT JOIN @accounts a ON a.id = ids[1]
            LEFT JOIN @one_time_passwords o ON o.account = a.id;
    END $$";

/// Spends a one-time password of an account whose row is locked: the one of a step, or a code.
/// Returns whether it was unused.
pub(crate) const SPEND_ONE_TIME_PASSWORD: &str = "CREATE FUNCTION @spend_one_time_password(
        p_account UUID, p_at TIMESTAMPTZ, p_step BIGINT, p_latest_step BIGINT, p_code BYTEA)
    RETURNS BOOLEAN LANGUAGE plpgsql AS $$
    BEGIN
        IF p_code IS NULL THEN
            UPDATE @one_time_passwords SET last_step = p_step
            WHERE account = p_account
              AND (last_step IS NULL OR last_step < p_step OR last_step > p_latest_step);
        ELSE
            UPDATE @one_time_passwords SET code_digest = NULL, code_expires_at = NULL
            WHERE account = p_account AND code_digest = p_code AND code_expires_at > p_at;
        END IF;
        RETURN FOUND;
    END $$";

/// Writes the audit record of an attempt, and spends a one-time password, if any. Deletes the row
/// of attempts of the key. Makes the deferred event due if the attempt failed, otherwise deletes
/// it. Returns whether the one-time password was unused.
///
/// Changes nothing if the record exists. Like the reservation, it need not survive a crash of the
/// server, but a spent one-time password must not become valid again.
pub(crate) const FINISH_ATTEMPT: &str = "CREATE FUNCTION @finish_attempt(
        p_otp_account UUID, p_step BIGINT, p_latest_step BIGINT, p_code BYTEA,
        p_key BYTEA, p_event UUID, p_failed BOOLEAN,
        p_id UUID, p_at TIMESTAMPTZ, p_realm TEXT, p_account UUID, p_action TEXT, p_outcome TEXT,
        p_detail TEXT, p_caller TEXT, p_context JSON)
    RETURNS BOOLEAN LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
    BEGIN
        IF p_otp_account IS NULL THEN
            PERFORM set_config('synchronous_commit', 'off', TRUE);
        ELSIF current_setting('synchronous_commit') = 'off' THEN
            PERFORM set_config('synchronous_commit', 'on', TRUE);
        END IF;
        IF p_otp_account IS NOT NULL THEN
            PERFORM 1 FROM @accounts WHERE id = p_otp_account FOR NO KEY UPDATE;
            IF NOT @spend_one_time_password(p_otp_account, p_at, p_step, p_latest_step, p_code) THEN
                RETURN FALSE;
            END IF;
        END IF;
        INSERT INTO @audit (id, at, realm, account, action, outcome, detail, caller, context)
        VALUES (p_id, p_at, p_realm, p_account, p_action, p_outcome, p_detail, p_caller, p_context)
        ON CONFLICT (id) DO NOTHING;
        IF FOUND THEN
            IF p_key IS NOT NULL THEN
                DELETE FROM @attempts WHERE key = p_key;
            END IF;
            IF p_event IS NOT NULL AND p_failed THEN
                UPDATE @events SET due_at = p_at WHERE id = p_event AND due_at > p_at;
            ELSIF p_event IS NOT NULL THEN
                DELETE FROM @events WHERE id = p_event;
            END IF;
        END IF;
        RETURN TRUE;
    END $$";

/// Changes a password, with all that belongs to the change. Returns `done`, or why nothing was
/// changed.
///
/// `p_hash` is null if the hash is in the mapped table, which the caller checks and writes;
/// `p_expected_version` is null if that check failed. `p_token` must be an unspent token of the
/// account, or, with `p_token_expires_at`, a signed one that was not redeemed.
///
/// A second call fails, since the first one has changed the version.
pub(crate) const CHANGE_PASSWORD: &str = "CREATE FUNCTION @change_password(
        p_account UUID, p_at TIMESTAMPTZ, p_expected_version BIGINT, p_unchanged_since TIMESTAMPTZ,
        p_hash TEXT, p_normalization TEXT, p_pepper TEXT,
        p_history BOOLEAN, p_oldest_version BIGINT, p_token BYTEA, p_token_expires_at TIMESTAMPTZ,
        p_step BIGINT, p_latest_step BIGINT, p_code BYTEA,
        p_kept_token UUID, p_key BYTEA, p_deferred_event UUID,
        p_event UUID, p_event_at TIMESTAMPTZ, p_event_realm TEXT, p_kind TEXT, p_payload JSON,
        p_id UUID, p_audit_at TIMESTAMPTZ, p_realm TEXT, p_audit_account UUID, p_action TEXT,
        p_outcome TEXT, p_detail TEXT, p_caller TEXT, p_context JSON)
    RETURNS TEXT LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
    DECLARE
        own RECORD;
        is_usable BOOLEAN;
        refused TEXT;
        event_number BIGINT;
    BEGIN
        IF current_setting('synchronous_commit') = 'off' THEN
            PERFORM set_config('synchronous_commit', 'on', TRUE);
        END IF;
        SELECT active, updated_at, COALESCE(version, 0) AS version, hash, normalization, pepper
        INTO own
        FROM @accounts WHERE id = p_account FOR NO KEY UPDATE;

        -- The token before the version: of two callers that redeem one token, the second one is
        -- told that it is spent.
        IF p_token IS NOT NULL THEN
            SELECT p_token_expires_at IS NULL AND account = p_account AND spent_at IS NULL
                   AND expires_at > p_at INTO is_usable
            FROM @reset_tokens WHERE digest = p_token;
            IF NOT COALESCE(is_usable, p_token_expires_at IS NOT NULL) THEN
                refused := 'token spent';
            END IF;
        END IF;
        IF refused IS NULL AND (own.version = p_expected_version
                                AND (own.active OR p_hash IS NULL)
                                AND COALESCE(own.updated_at = p_unchanged_since, TRUE)) IS NOT TRUE
        THEN
            refused := 'conflict';
        END IF;
        IF refused IS NULL AND (p_step IS NOT NULL OR p_code IS NOT NULL)
           AND NOT @spend_one_time_password(p_account, p_at, p_step, p_latest_step, p_code) THEN
            refused := 'one-time password spent';
        END IF;
        IF refused IS NOT NULL THEN
            RETURN refused;
        END IF;

        IF p_token_expires_at IS NOT NULL THEN
            INSERT INTO @reset_tokens (digest, account, issued_at, expires_at, spent_at)
            VALUES (p_token, p_account, p_at, p_token_expires_at, p_at);
        END IF;
        IF p_history AND own.hash IS NOT NULL THEN
            INSERT INTO @password_history (account, version, hash, normalization, pepper)
            VALUES (p_account, own.version, own.hash, own.normalization, own.pepper);
        END IF;
        DELETE FROM @password_history WHERE account = p_account AND version <= p_oldest_version;
        UPDATE @reset_tokens SET spent_at = p_at WHERE account = p_account AND spent_at IS NULL;
        -- The clocks of nodes may differ, so no time moves back.
        UPDATE @accounts
        SET hash = p_hash, normalization = p_normalization, pepper = p_pepper,
            version = CASE WHEN p_hash IS NOT NULL THEN own.version + 1 END,
            changed_at = CASE WHEN p_hash IS NOT NULL THEN p_at END,
            kept_token = p_kept_token, valid_after = GREATEST(valid_after, p_at),
            updated_at = GREATEST(updated_at, p_at), events = events + 1
        WHERE id = p_account RETURNING events INTO event_number;
        UPDATE @access_tokens SET revoked_at = p_at
        WHERE account = p_account AND revoked_at IS NULL AND id IS DISTINCT FROM p_kept_token;
        DELETE FROM @attempts WHERE key = p_key;
        IF p_deferred_event IS NOT NULL THEN
            DELETE FROM @events WHERE id = p_deferred_event;
        END IF;
        INSERT INTO @events (id, at, account, realm, kind, payload, due_at, number)
        VALUES (p_event, p_event_at, p_account, p_event_realm, p_kind, p_payload, p_event_at,
                event_number);
        INSERT INTO @audit (id, at, realm, account, action, outcome, detail, caller, context)
        VALUES (p_id, p_audit_at, p_realm, p_audit_account, p_action, p_outcome, p_detail, p_caller,
                p_context);
        RETURN 'done';
    END $$";
