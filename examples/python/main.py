"""A back end: signs a user in, changes the password by the zap API, and sets a forgotten one by the
fabric API. `repassd demo` prints the command that runs this."""

import json
import os
import urllib.request
import uuid

API, ADMIN, KEY = (os.environ[name] for name in ("API", "ADMIN", "KEY"))


def call(method, url, headers, body):
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as response:  # an error status is an HTTPError
        return json.load(response)


def admin(path, body):
    return call("POST", ADMIN + path, {"Authorization": f"Bearer {KEY}"}, body)


user_id = str(uuid.uuid4())
email = f"{user_id}@example.com"
password, new_password = "the very first password", "a new one, and a good one"

admin("/realms/zap/accounts", {"user_id": user_id, "email": email, "password": password})
session = admin("/realms/zap/sessions", {"email": email, "password": password})
# A wrong password is an answer, too: `locked` has `retry_after`, in seconds.
if not session["verified"]:
    raise SystemExit(session["code"])
print("signed in:", session["account"]["email"] == email)

bearer = {"Authorization": f"Bearer {session['access_token']}"}
change = {"userId": user_id, "email": email, "oldPassword": password, "newPassword": new_password}
print("changed:", call("POST", f"{API}/v1/changePassword", bearer, change)["data"])

# The demo has a realm for each API, so this is another account.
account = admin("/realms/fabric/accounts", {"user_id": user_id, "email": email})
reset = admin(f"/realms/fabric/accounts/{account['id']}/resets", {"deliver": "return"})
key = admin("/realms/fabric/keys", {"kind": "api", "name": "shop"})["key"]
site = {"x-api-key": key, "x-site-context": '{"account":"1234abcd5678efgh9ijklmno"}'}
change = {"userId": user_id, "resetToken": reset["token"], "newPassword": new_password}
user = call("PATCH", f"{API}/api-commerceIdentity/auth/change-password", site, change)
print("reset:", user["userId"] == user_id)
