// The bodies of the five vendors' requests, by the types that openapi-typescript generates. This is
// checked and not run.
import type { paths } from "./vendors-api.js";

type Json<Operation> = Operation extends { requestBody: { content: { "application/json": infer Body } } }
  ? Body
  : never;

const [old, password] = ["the very first password", "a new one, and a good one"];

export const customer: Json<paths["/api/Customer/UpdateUserPassword"]["post"]> = {
  UserId: "1c4b0ca1-ad13-410b-a1c5-bb2065641934",
  OldPassword: old,
  NewPassword: password,
  IPAddress: null,
};

export const ecom: Json<paths["/api/rest/v1/ecom/integrations/updateUserChangePasswrod"]["post"]> = {
  conversationRequest: { userInfo: { uid: 1001 } },
  queryInfo: {
    parameters: {
      params: {
        accountInfo: { oldPassword: old, newPassword: password, confirmPassword: password },
      },
    },
  },
};

export const etna: Json<paths["/v1.0/users/{userID}/password/change"]["put"]> = {
  OldPassword: old,
  Password: password,
  PasswordConfirm: password,
};

export const zap: Json<paths["/v1/changePassword"]["post"]> = {
  userId: "1001",
  email: "pat@example.org",
  oldPassword: old,
  newPassword: password,
};

export const fabric: Json<paths["/api-commerceIdentity/auth/change-password"]["patch"]> = {
  userId: "1001",
  resetToken: "a token",
  newPassword: password,
};

// @ts-expect-error a body without its required members
export const incomplete: typeof fabric = { userId: "1001" };
