"""A back end that uses the admin API by the client that openapi-python-client generates from its
document. Arguments: the URL, and the id of an account."""

import os
import sys

from admin_client import AuthenticatedClient
from admin_client.api.accounts import change_account, create_account, list_accounts, read_account
from admin_client.api.audit import list_audit
from admin_client.api.passwords import verify_password
from admin_client.models import (
    ChangeAccount,
    CreateAccount,
    CreateAccountProfile,
    Problem,
    VerifyPassword,
)

url, existing = sys.argv[1:]
api = AuthenticatedClient(base_url=url, token=os.environ["ADMIN_KEY"])
password = "the very first password"

profile = {"tier": {"n": 1.5, "none": None}}
body = CreateAccount(
    user_id="pat",
    email="pat+shop@example.org",
    username=None,
    password=password,
    profile=CreateAccountProfile.from_dict(profile),
)
account = create_account.sync("zap", client=api, body=body)
assert account.username is None
assert account.profile.to_dict() == profile

listed = list_accounts.sync("zap", client=api, email="pat+shop@example.org", limit=1)
assert listed.items == [account]

body = VerifyPassword(user_id="pat", password=password)
verified = verify_password.sync("zap", client=api, body=body)
assert verified.verified and verified.account == account
body.password = "wrong"
refused = verify_password.sync("zap", client=api, body=body)
assert not refused.verified and refused.code == "invalid-credentials"

changed = change_account.sync("zap", account.id, client=api, body=ChangeAccount(email=None))
assert changed.email is None
read = read_account.sync("zap", account.id, client=api)
assert read.email is None and read.profile.to_dict() == profile
assert read.created_at == account.created_at

# Times have fractional seconds: the same time finds the record as the oldest.
audit = list_audit.sync("zap", client=api, account=existing, action="account.future")
[record] = audit.items
assert record.outcome == "unheard-of"
assert record.at.microsecond != 0
since = list_audit.sync("zap", client=api, since=record.at, limit=200)
assert since.items[-1] == record

taken = create_account.sync("zap", client=api, body=CreateAccount(user_id="pat"))
assert isinstance(taken, Problem) and taken.code == "user-id-taken"
