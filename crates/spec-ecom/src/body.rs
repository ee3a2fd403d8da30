//! The body of a request on the wire, with the members that are used.

use std::fmt;

use repass_spec::json::Member;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Declares a JSON object with the members that are used. Others are skipped; `null` counts as
/// missing; the last of several members of one name counts, which serde's own macro would refuse.
macro_rules! object {
    ($(#[$documentation:meta])* $name:ident { $($wire:literal => $field:ident: $type:ty,)+ }) => {
        $(#[$documentation])*
        #[derive(Debug, Default)]
        pub(crate) struct $name {
            $(pub(crate) $field: Option<$type>,)+
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a JSON object")
                    }

                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut members: A,
                    ) -> Result<$name, A::Error> {
                        let mut object = $name::default();
                        while let Some(name) = members.next_key::<String>()? {
                            match name.as_str() {
                                $($wire => object.$field = members.next_value()?,)+
                                _ => {
                                    members.next_value::<IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Members)
            }
        }
    };
}

object! {
    /// The root.
    Body {
        "uuid" => uuid: Member,
        "languageCode" => language_code: Member,
        "conversationRequest" => conversation: ConversationRequest,
        "queryInfo" => query: QueryInfo,
    }
}

object! {
    /// `conversationRequest`: the user of the bot, and the channel.
    ConversationRequest {
        "userInfo" => user: UserInfo,
        "channel" => channel: Member,
    }
}

object! {
    /// `conversationRequest.userInfo`.
    UserInfo {
        "uid" => uid: Member,
        "uuid" => uuid: Member,
        "first_name" => first_name: Member,
        "last_name" => last_name: Member,
        "username" => username: Member,
    }
}

object! {
    /// `queryInfo`: the request of the bot.
    QueryInfo {
        "languageCode" => language_code: Member,
        "parameters" => parameters: Parameters,
    }
}

object! {
    /// `queryInfo.parameters`.
    Parameters {
        "params" => params: Params,
    }
}

object! {
    /// `queryInfo.parameters.params`.
    Params {
        "accountInfo" => account: AccountInfo,
    }
}

object! {
    /// `queryInfo.parameters.params.accountInfo`.
    AccountInfo {
        "oldPassword" => old_password: Member,
        "newPassword" => new_password: Member,
        "confirmPassword" => confirm_password: Member,
    }
}
