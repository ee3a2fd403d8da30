//! The members of a request.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::{Value, json};

use super::{account_info, assert_changed, assert_failed, open, passwords, start};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEW, TestContext};

/// The request of the vendor's page, its placeholders and passwords filled in.
const SAMPLE: &str = r#"{
	"response": {},
	"conversationRequest": {
		"userInfo": {
			"uid": "$uid",
			"last_name": "$lastName",
			"first_name": "$firstName",
			"username": "$userName"
		},
		"channel": "$platForm"
	},
	"languageCode": "languageCode",
	"queryInfo": {
		"interestType": "change-password",
		"parameters": {
			"params": {
				"accountInfo": {
					"oldPassword": "oldPassword",
					"newPassword": "password",
					"confirmPassword": "password"
				}
			}
		}
	}
}
"#;

/// Proves ECOM-8, ECOM-14.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_sample_changes_a_password() {
    let test = start().await;
    let sample = SAMPLE
        .replace("$uid", test.user_id)
        .replace(
            "\"oldPassword\": \"oldPassword\"",
            &format!("\"oldPassword\": \"{FIRST_PASSWORD}\""),
        )
        .replace("\"password\"", &format!("\"{NEW}\""));
    assert_changed(&test.send_body(&sample).await);
    assert!(test.is_password(NEW).await);
    let context = test.last_attempt().await.context;
    assert_eq!(context.channel.as_deref(), Some("$platForm"));
    let name = context.display_name.unwrap();
    for part in ["$firstName", "$lastName", "$userName"] {
        assert!(name.contains(part), "{name}");
    }
}

/// A request that names accounts in these places.
fn named(test: &TestContext, uid: &Value, uuid: &Value, root: &Value) -> Wire {
    test.good.edit(|body| {
        let user = json!({ "uid": uid, "uuid": uuid });
        body["conversationRequest"]["userInfo"] = user;
        body["uuid"] = root.clone();
    })
}

/// Proves ECOM-8.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_uid_else_uuid_else_the_root_uuid() {
    let test = start().await;
    let ids = ["the first", "the second", "the third"];
    for id in ids {
        test.operator.add("ecom", id).await;
    }
    let [first, second, third] = ids.map(|id| json!(id));
    let null = json!(null);
    let changed = async |id: &str| test.operator.is_password("ecom", id, NEW).await;

    assert_changed(&test.send(&named(&test, &first, &second, &third)).await);
    assert_eq!((changed("the first").await, changed("the second").await), (true, false));
    assert_changed(&test.send(&named(&test, &null, &second, &third)).await);
    assert_eq!((changed("the second").await, changed("the third").await), (true, false));
    let only_root = test.good.edit(|body| {
        body.as_object_mut().unwrap().remove("conversationRequest");
        body["uuid"] = third;
    });
    assert_changed(&test.send(&only_root).await);
    assert!(changed("the third").await);
    test.assert_untouched().await;
}

/// Proves ECOM-8.
#[tokio::test(flavor = "multi_thread")]
async fn chat_ids_may_be_numbers() {
    let test = start().await;
    for id in ["0", "5512345678", "9007199254740993", "-1001234567890"] {
        test.operator.add("ecom", id).await;
        let number: Value = serde_json::from_str(id).unwrap();
        assert_changed(&test.send(&named(&test, &number, &json!(null), &json!(null))).await);
        assert!(test.operator.is_password("ecom", id, NEW).await, "{id}");
    }
}

/// Proves ECOM-8, ECOM-25.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_the_answer_is_400() {
    let test = start().await;
    let null = json!(null);
    for id in [json!(null), json!(""), json!(true), json!([]), json!({}), json!([test.user_id])] {
        assert_failed(&test.send(&named(&test, &id, &null, &null)).await, 400);
        assert_failed(&test.send(&named(&test, &null, &id, &null)).await, 400);
        assert_failed(&test.send(&named(&test, &null, &null, &id)).await, 400);
    }
    let nowhere = test.good.edit(|body| {
        body.as_object_mut().unwrap().remove("conversationRequest");
    });
    assert_failed(&test.send(&nowhere).await, 400);
    test.assert_untouched().await;
}

/// Proves ECOM-7, ECOM-9, ECOM-10, ECOM-11, ECOM-25.
#[tokio::test(flavor = "multi_thread")]
async fn each_password_is_required() {
    let test = start().await;
    for member in ["oldPassword", "newPassword", "confirmPassword"] {
        for value in [json!(null), json!(""), json!(5), json!(true), json!([]), json!({})] {
            let wire = account_info(&test.good, |info| info[member] = value.clone());
            assert_failed(&test.send(&wire).await, 400);
        }
        let wire = account_info(&test.good, |info| {
            info.as_object_mut().unwrap().remove(member);
        });
        assert_failed(&test.send(&wire).await, 400);
    }
    for body in ["{}", r#"{"uuid":"ram123@gmail.com"}"#, r#"{"uuid":"x","queryInfo":{}}"#] {
        assert_failed(&test.send_body(body).await, 400);
    }
    test.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_elsewhere_than_in_account_info_do_not_bind() {
    let test = start().await;
    let misplaced = json!({
        "uuid": test.user_id,
        "oldPassword": FIRST_PASSWORD, "newPassword": NEW, "confirmPassword": NEW,
        "queryInfo": { "accountInfo": {
            "oldPassword": FIRST_PASSWORD, "newPassword": NEW, "confirmPassword": NEW
        } },
    });
    assert_failed(&test.send_body(&misplaced.to_string()).await, 400);
    test.assert_untouched().await;
}

/// Proves ECOM-11, ECOM-26.
#[tokio::test(flavor = "multi_thread")]
async fn the_confirmation_must_be_equal() {
    let test = start().await;
    let upper = NEW.to_uppercase();
    let padded = format!("{NEW} ");
    for other in [upper.as_str(), &padded, &NEW[1..], FIRST_PASSWORD] {
        let wire = account_info(&test.good, |info| info["confirmPassword"] = json!(other));
        assert_failed(&test.send(&wire).await, 400);
    }
    test.assert_untouched().await;
}

/// Proves ECOM-13, ECOM-14.
#[tokio::test(flavor = "multi_thread")]
async fn other_members_are_ignored_whatever_their_type() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let mut order = (FIRST_PASSWORD, NEW);
    for value in [json!("cancel-order"), json!(null), json!(5), json!([{}]), json!({ "a": [1] })] {
        let wire = passwords(&test.good, order.0, order.1).edit(|body| {
            body["response"] = value.clone();
            body["responseType"] = value.clone();
            body["firstName"] = value.clone();
            body["queryInfo"]["interestType"] = value.clone();
            body["conversationRequest"]["channel"] = value.clone();
            for name in ["first_name", "last_name", "username"] {
                body["conversationRequest"]["userInfo"][name] = value.clone();
            }
        });
        assert_changed(&test.send(&wire).await);
        assert!(test.is_password(order.1).await, "{value}");
        order = (order.1, order.0);
    }
}

/// Proves ECOM-13.
#[tokio::test(flavor = "multi_thread")]
async fn channel_and_names_are_in_the_audit_record_of_every_attempt() {
    let test = start().await;
    let wire = test.good.edit(|body| {
        body["conversationRequest"]["channel"] = json!("whatsapp");
        body["conversationRequest"]["userInfo"]["first_name"] = json!("Ram");
        body["conversationRequest"]["userInfo"]["last_name"] = json!("Srini");
        body["conversationRequest"]["userInfo"]["username"] = json!("ram123");
    });
    let wire = wire.with("x-request-id", Some("of-the-bot"));
    for (body, outcome) in
        [(passwords(&wire, "a wrong guess", NEW), "wrong-password"), (wire.clone(), "ok")]
    {
        test.send(&body).await;
        let record = test.last_attempt().await;
        assert_eq!(record.outcome, outcome);
        assert!(record.account.is_some());
        assert!(record.caller.starts_with("key:"), "{}", record.caller);
        assert_eq!(record.context.source, "ecom");
        assert_eq!(record.context.request_id.as_deref(), Some("of-the-bot"));
        assert_eq!(record.context.channel.as_deref(), Some("whatsapp"));
        assert_eq!(record.context.language.as_deref(), Some("en-US"));
        let name = record.context.display_name.unwrap();
        assert!(["Ram", "Srini", "ram123"].iter().all(|part| name.contains(part)), "{name}");
    }
}
