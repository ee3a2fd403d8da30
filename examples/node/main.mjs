// A back end: signs a user in, changes the password by the zap API, and sets a forgotten one by the
// fabric API. `repassd demo` prints the command that runs this.
import { randomUUID } from "node:crypto";

const { API, ADMIN, KEY } = process.env;

async function call(method, url, headers, body) {
  headers = { "Content-Type": "application/json", ...headers };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

const admin = (path, body) => call("POST", ADMIN + path, { Authorization: `Bearer ${KEY}` }, body);

const userId = randomUUID();
const email = `${userId}@example.com`;
const password = "the very first password";
const newPassword = "a new one, and a good one";

await admin("/realms/zap/accounts", { user_id: userId, email, password });
const session = await admin("/realms/zap/sessions", { email, password });
// A wrong password is an answer, too: `locked` has `retry_after`, in seconds.
if (!session.verified) throw new Error(session.code);
console.log(`signed in: ${session.account.email === email}`);

const bearer = { Authorization: `Bearer ${session.access_token}` };
const change = { userId, email, oldPassword: password, newPassword };
const changed = await call("POST", `${API}/v1/changePassword`, bearer, change);
console.log(`changed: ${changed.data}`);

// The demo has a realm for each API, so this is another account.
const account = await admin("/realms/fabric/accounts", { user_id: userId, email });
const { token } = await admin(`/realms/fabric/accounts/${account.id}/resets`, { deliver: "return" });
const { key } = await admin("/realms/fabric/keys", { kind: "api", name: "shop" });
const site = { "x-api-key": key, "x-site-context": '{"account":"1234abcd5678efgh9ijklmno"}' };
const reset = { userId, resetToken: token, newPassword };
const user = await call("PATCH", `${API}/api-commerceIdentity/auth/change-password`, site, reset);
console.log(`reset: ${user.userId === userId}`);
