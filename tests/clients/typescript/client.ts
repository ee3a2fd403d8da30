// A back end that uses the admin API by the types that openapi-typescript generates from its
// document. Arguments: the URL, and the id of an account.
import assert from "node:assert/strict";
import { argv, env } from "node:process";
import createClient from "openapi-fetch";
import type { components, paths } from "./admin.js";

const [url, existing] = argv.slice(2) as [string, string];
const headers = { authorization: `Bearer ${env.ADMIN_KEY}` };
const api = createClient<paths>({ baseUrl: url, headers });
const root = "/admin/v1/realms/{realm}";
const realm = "zap";

const password = "the very first password";
const profile = { tier: { n: 1.5, none: null } };
const created = await api.POST(`${root}/accounts`, {
  params: { path: { realm } },
  body: { user_id: "pat", email: "pat+shop@example.org", username: null, password, profile },
});
assert(created.data);
const account: components["schemas"]["AccountView"] = created.data;
assert.equal(account.username, null);
assert.deepEqual(account.profile, profile);

const listed = await api.GET(`${root}/accounts`, {
  params: { path: { realm }, query: { email: "pat+shop@example.org", limit: 1 } },
});
assert.deepEqual(listed.data?.items, [account]);

const verified = await api.POST(`${root}/passwords/verify`, {
  params: { path: { realm } },
  body: { user_id: "pat", password },
});
assert(verified.data && "account" in verified.data);
assert.deepEqual([verified.data.verified, verified.data.account], [true, account]);

const path = { realm, id: account.id };
const changed = await api.PATCH(`${root}/accounts/{id}`, {
  params: { path },
  body: { email: null, profile: { tier: null, since: account.created_at } },
  headers: { "content-type": "application/merge-patch+json" },
});
assert(changed.data);
assert.equal(changed.data.email, null);
const read = await api.GET(`${root}/accounts/{id}`, { params: { path } });
assert(read.data);
assert.equal(read.data.email, null);
assert.deepEqual(read.data.profile, { since: account.created_at });

// Times have fractional seconds: the same time finds the record as the oldest.
const query = { account: existing, action: "account.future" };
const audit = await api.GET(`${root}/audit`, { params: { path: { realm }, query } });
// The document describes a page and, for streams, a record in each line.
assert(audit.data && "items" in audit.data);
const [record] = audit.data.items;
assert(record);
assert.deepEqual([record.action, record.outcome], ["account.future", "unheard-of"]);
assert.match(record.at, /\.[0-9]+Z$/);
const since = await api.GET(`${root}/audit`, {
  params: { path: { realm }, query: { since: record.at, limit: 200 } },
});
assert(since.data && "items" in since.data);
assert.deepEqual(since.data.items.at(-1), record);

const taken = await api.POST(`${root}/accounts`, {
  params: { path: { realm } },
  body: { user_id: "pat" },
});
assert.equal(taken.response.status, 409);
assert.equal(taken.error?.code, "user-id-taken");

// @ts-expect-error a member that no body has
const wrong: components["schemas"]["VerifyPassword"] = { password, login: "pat" };
assert.equal((await api.POST(`${root}/passwords/verify`, {
  params: { path: { realm } },
  body: wrong,
})).response.status, 400);
