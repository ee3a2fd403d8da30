//! Reading XML, rule by rule. The measured cases are in vectors.rs.

use super::NOT_READ;
use super::binding::{Bound, Reader};
use super::bodies::{NAMESPACE, utf_16, xml, xml_change};
use crate::requests::GUID;

const TYPE: &str = "application/xml";
const UTF_16: &str = "application/xml; charset=utf-16";

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A change to "new" with these members in front.
fn document(members: &str) -> String {
    xml_change("old", "new").replace("<NewPassword>", &format!("{members}<NewPassword>"))
}

/// The same where the new password is this piece of XML.
fn with_new(content: &str) -> String {
    xml_change("old", "\u{7}").replace('\u{7}', content)
}

async fn assert_unreadable(reader: &Reader, why: &str, body: impl Into<Vec<u8>>) {
    reader.assert_invalid(why, TYPE, body, &[("request", NOT_READ)]).await;
}

/// Proves CUSTOMER-17.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_binds_only_behind_the_one_bound_last() {
    let reader = Reader::start().await;
    let all = |ip: &str, agent: &str, session: &str| {
        format!(
            "<IPAddress>{ip}</IPAddress><NewPassword>new</NewPassword>\
             <OldPassword>old</OldPassword><PermanentSessionId>{session}</PermanentSessionId>\
             <UserAgent>{agent}</UserAgent><UserId>{GUID}</UserId>"
        )
    };
    let bound = Bound {
        ip_address: some("i"),
        user_agent: some("u"),
        permanent_session_id: some("s"),
        ..Bound::change("new")
    };
    let in_order = all("i", "u", "s");
    let agent = "<UserAgent>u</UserAgent>";
    let moved = in_order.replace(agent, "").replace("<IPAddress>", &format!("{agent}<IPAddress>"));
    let user_id = format!("<UserId>{GUID}</UserId>");
    let only_agent = Bound { user_agent: some("u"), user_id: GUID.into(), ..Bound::nothing() };
    let only_id = Bound { user_id: GUID.to_owned(), ..Bound::nothing() };
    for (why, members, bound) in [
        ("in ordinal order", in_order.clone(), bound.clone()),
        ("one that comes late is skipped", in_order.clone() + "<IPAddress>x</IPAddress>", bound),
        ("one that comes early shuts out those before it", moved, only_agent),
        ("the last one shuts out all", format!("{user_id}{in_order}"), only_id),
    ] {
        reader.assert_binds(why, Some(TYPE), xml(&members), &bound).await;
    }
}

/// Proves CUSTOMER-17.
#[tokio::test(flavor = "multi_thread")]
async fn of_duplicates_the_first_binds() {
    let reader = Reader::start().await;
    let first = Bound { ip_address: some("one"), ..Bound::change("new") };
    let body = document("<IPAddress>one</IPAddress><IPAddress>two</IPAddress>");
    reader.assert_binds("two texts", Some(TYPE), body, &first).await;
    let nil = document("<IPAddress i:nil='true'/><IPAddress>two</IPAddress>");
    reader.assert_binds("a null first", Some(TYPE), nil, &Bound::change("new")).await;
}

/// Proves CUSTOMER-17.
#[tokio::test(flavor = "multi_thread")]
async fn members_of_another_name_case_or_namespace_are_skipped_with_their_subtrees() {
    let reader = Reader::start().await;
    let inner = "<NewPassword>evil</NewPassword><IPAddress>evil</IPAddress>text";
    for name in ["ipAddress", "IPADDRESS", "IPAddress2", "Unknown", "ExtensionData"] {
        for content in ["evil", inner] {
            let body = document(&format!("<{name}>{content}</{name}>"));
            reader.assert_binds(name, Some(TYPE), body, &Bound::change("new")).await;
        }
    }
    for namespace in
        ["", "urn:x", "http://schemas.datacontract.org/2004/07/businesslayer.dto.request"]
    {
        let body = document(&format!("<IPAddress xmlns=\"{namespace}\">{inner}</IPAddress>"));
        reader.assert_binds(namespace, Some(TYPE), body, &Bound::change("new")).await;
    }
}

/// Proves CUSTOMER-16.
#[tokio::test(flavor = "multi_thread")]
async fn root_and_namespace_are_exact_and_any_prefix_does() {
    let reader = Reader::start().await;
    let good = xml_change("old", "new");
    for (why, body) in [
        ("another case of the root", good.replace("UpdateUserPasswordR", "updateUserPasswordR")),
        ("another case of the namespace", good.replace("BusinessLayer", "businesslayer")),
        ("another namespace", good.replace("Dto.Request", "Dto.Response")),
        ("no namespace", good.replace(&format!(" xmlns=\"{NAMESPACE}\""), "")),
    ] {
        assert_unreadable(&reader, why, body).await;
    }
    for prefix in ["a", "xmlish", "ä-1.2"] {
        let body = good
            .replace("xmlns=", &format!("xmlns:{prefix}="))
            .replace("</", &format!("</{prefix}:"))
            .replace("<N", &format!("<{prefix}:N"))
            .replace("<O", &format!("<{prefix}:O"))
            .replace("<U", &format!("<{prefix}:U"));
        reader.assert_binds(prefix, Some(TYPE), body, &Bound::change("new")).await;
    }
}

/// Proves CUSTOMER-17.
#[tokio::test(flavor = "multi_thread")]
async fn attributes_never_bind() {
    let reader = Reader::start().await;
    let body = xml_change("old", "new")
        .replacen("UpdateUserPasswordRequest ", "UpdateUserPasswordRequest IPAddress='x' ", 1)
        .replace("<OldPassword>", "<OldPassword NewPassword='x' value='y'>");
    reader.assert_binds("attributes", Some(TYPE), body, &Bound::change("new")).await;
}

/// Proves CUSTOMER-18.
#[tokio::test(flavor = "multi_thread")]
async fn nil_is_null_and_skips_the_content() {
    let reader = Reader::start().await;
    let null = Bound::change("new");
    for nil in ["true", "1", " true ", "\n1"] {
        for content in ["", "x", "<x>y</x>"] {
            let body = document(&format!("<IPAddress i:nil='{nil}'>{content}</IPAddress>"));
            reader.assert_binds(nil, Some(TYPE), body, &null).await;
        }
    }
    for nil in ["false", "0"] {
        let body = document(&format!("<IPAddress i:nil='{nil}'>x</IPAddress>"));
        let bound = Bound { ip_address: some("x"), ..Bound::change("new") };
        reader.assert_binds(nil, Some(TYPE), body, &bound).await;
    }
    for nil in ["TRUE", "yes", "2", "", "true false"] {
        let body = document(&format!("<IPAddress i:nil='{nil}'>x</IPAddress>"));
        assert_unreadable(&reader, nil, body).await;
    }
    let other_namespace = document("<IPAddress nil='true'>x</IPAddress>");
    let bound = Bound { ip_address: some("x"), ..Bound::change("new") };
    reader.assert_binds("no namespace", Some(TYPE), other_namespace, &bound).await;
}

/// Proves CUSTOMER-18, CUSTOMER-30.
#[tokio::test(flavor = "multi_thread")]
async fn nil_is_an_error_on_the_user_id_and_a_null_model_on_the_root() {
    let reader = Reader::start().await;
    for nil in ["true", "1"] {
        let user_id =
            xml_change("old", "new").replace("<UserId>", &format!("<UserId i:nil='{nil}'>"));
        assert_unreadable(&reader, "the user id", user_id).await;
        let root = xml_change("old", "new").replacen("xmlns=", &format!("i:nil='{nil}' xmlns="), 1);
        reader.assert_null_model("the root", Some(TYPE), root).await;
    }
    let root = xml_change("old", "new").replacen("xmlns=", "i:nil='0' xmlns=", 1);
    reader.assert_binds("the root is not", Some(TYPE), root, &Bound::change("new")).await;
}

/// Proves CUSTOMER-18.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_element_is_the_empty_string_and_an_error_for_the_user_id() {
    let reader = Reader::start().await;
    let empty = Bound { ip_address: some(""), ..Bound::change("new") };
    for element in ["<IPAddress/>", "<IPAddress></IPAddress>", "<IPAddress ></IPAddress >"] {
        reader.assert_binds(element, Some(TYPE), document(element), &empty).await;
    }
    for element in ["<UserId/>", "<UserId></UserId>", "<UserId> </UserId>"] {
        assert_unreadable(&reader, element, xml(element)).await;
    }
}

/// Proves CUSTOMER-7.
#[tokio::test(flavor = "multi_thread")]
async fn a_guid_is_read_in_all_of_its_forms() {
    let reader = Reader::start().await;
    let simple = GUID.replace('-', "");
    for guid in [
        GUID.to_uppercase(),
        simple.clone(),
        format!("{{{GUID}}}"),
        format!("({GUID})"),
        format!("\r\n\t {GUID} "),
        "{0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34}}".to_owned(),
    ] {
        let body = xml_change("old", "new").replace(GUID, &guid);
        reader.assert_binds(&guid, Some(TYPE), body, &Bound::change("new")).await;
    }
    for no_guid in [format!("{{{simple}}}"), format!("{GUID}0"), format!("{{{GUID})"), "x".into()] {
        let body = xml_change("old", "new").replace(GUID, &no_guid);
        assert_unreadable(&reader, &no_guid, body).await;
    }
}

/// Proves CUSTOMER-9, CUSTOMER-19.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_text_is_kept_as_it_is() {
    let reader = Reader::start().await;
    for (content, text) in [
        ("  a  b\t", "  a  b\t"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a&#13;&#10;b", "a\r\nb"),
        ("<![CDATA[ <a>&amp; ]]>", " <a>&amp; "),
        ("a<!-- x -->b<![CDATA[c]]>&#100;", "abcd"),
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#65;&#x42;&#x1F511;&#233;", "AB\u{1F511}\u{e9}"),
        ("é漢🔑", "é漢🔑"),
        ("]] >", "]] >"),
    ] {
        let bound = Bound::change(text);
        reader.assert_binds(content, Some(TYPE), with_new(content), &bound).await;
    }
}

/// Proves CUSTOMER-20.
#[tokio::test(flavor = "multi_thread")]
async fn xml_that_is_malformed_or_of_another_shape_is_an_error() {
    let reader = Reader::start().await;
    let good = xml_change("old", "new");
    let end = "</UpdateUserPasswordRequest>";
    for (why, body) in [
        ("a DOCTYPE", format!("<!DOCTYPE UpdateUserPasswordRequest>{good}")),
        ("an undefined entity", with_new("&nbsp;")),
        ("a processing instruction in front", format!("<?x y?>{good}")),
        ("one inside", document("<?x y?>")),
        ("one in a string", with_new("a<?x?>b")),
        ("one in what is skipped", document("<Unknown><?x?></Unknown>")),
        ("one behind", format!("{good}<?x?>")),
        ("XML 1.1", format!("<?xml version='1.1'?>{good}")),
        ("text in the root", document("text")),
        ("a CDATA section in the root", document("<![CDATA[x]]>")),
        ("a child in a string", with_new("<b/>")),
        ("a child in the user id", good.replace("</UserId>", "<b/></UserId>")),
        ("text behind the root", format!("{good}x")),
        ("an element behind the root", format!("{good}<a/>")),
        ("a second document", format!("{good}{good}")),
        ("no end", good.replace(end, "")),
        ("half an end", good[..good.len() - 1].to_owned()),
        ("tags that do not match", good.replace("</NewPassword>", "</OldPassword>")),
        ("a raw control character", with_new("a\u{1}b")),
        ("a raw U+FFFF", with_new("a\u{FFFF}b")),
        ("U+0000", with_new("&#0;")),
        ("a bare ampersand", with_new("a & b")),
        ("the end of a CDATA section in text", with_new("a]]>b")),
        ("an unknown prefix", document("<q:IPAddress>x</q:IPAddress>")),
        ("an attribute twice", document("<IPAddress a='1' a='2'>x</IPAddress>")),
        ("nothing but white space", " \n".to_owned()),
        ("JSON", "{}".to_owned()),
    ] {
        assert_unreadable(&reader, why, body).await;
    }
    let behind = format!("{good}\n<!-- and no more -->\n ");
    reader.assert_binds("a comment behind", Some(TYPE), behind, &Bound::change("new")).await;
    let in_front = format!("<?xml version=\"1.0\"?>\n<!-- x -->{good}");
    reader.assert_binds("a comment in front", Some(TYPE), in_front, &Bound::change("new")).await;
}

/// Proves CUSTOMER-15.
#[tokio::test(flavor = "multi_thread")]
async fn a_depth_of_128_is_read_and_129_is_an_error() {
    let reader = Reader::start().await;
    let nested = |levels: usize| {
        // The root is the first level.
        let (open, close) = ("<d>".repeat(levels - 1), "</d>".repeat(levels - 1));
        document(&format!("{open}{close}"))
    };
    reader.assert_binds("128", Some(TYPE), nested(128), &Bound::change("new")).await;
    assert_unreadable(&reader, "129", nested(129)).await;
    assert_unreadable(&reader, "5000", nested(5000)).await;
}

/// Proves CUSTOMER-3.
#[tokio::test(flavor = "multi_thread")]
async fn utf_8_and_utf_16_are_read_and_a_contradiction_is_an_error() {
    let reader = Reader::start().await;
    let (good, bound) = (xml_change("old", "é漢🔑"), Bound::change("é漢🔑"));
    let declared = |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>{good}");
    for (why, content_type, body) in [
        ("UTF-8", TYPE, good.clone().into_bytes()),
        ("with its mark", TYPE, format!("\u{FEFF}{good}").into_bytes()),
        ("declared", TYPE, declared("utf-8").into_bytes()),
        ("declared in capitals", TYPE, declared("UTF-8").into_bytes()),
        ("as text/xml", "text/xml", good.clone().into_bytes()),
        ("unsupported charset", "text/xml; charset=windows-1252", good.clone().into_bytes()),
        ("UTF-16", UTF_16, utf_16(&good)),
        ("UTF-16 without its mark", UTF_16, utf_16(&good)[2..].to_vec()),
        ("UTF-16 declared", UTF_16, utf_16(&declared("utf-16"))),
    ] {
        reader.assert_binds(why, Some(content_type), body, &bound).await;
    }
    for (why, content_type, body) in [
        ("UTF-16 declared, UTF-8 sent", TYPE, declared("utf-16").into_bytes()),
        ("Latin 1 declared", TYPE, declared("iso-8859-1").into_bytes()),
        ("UTF-16 without its charset", TYPE, utf_16(&good)),
    ] {
        reader.assert_invalid(why, content_type, body, &[("request", NOT_READ)]).await;
    }
    let mut latin = xml_change("old", "n?w").into_bytes();
    let at = latin.iter().position(|byte| *byte == b'?').unwrap();
    latin[at] = 0xE9;
    assert_unreadable(&reader, "Latin 1 sent as UTF-8", latin).await;
}
