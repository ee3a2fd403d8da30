use proptest::prelude::*;

use super::*;

const MARKUP: &str = "([<>&;#x/!?='\"\\[\\]a: -]|<a>|</a>|<!--|-->|CDATA|&#x41;|\r|\n){0,40}";

fn read(document: &str) -> Result<String, XmlError> {
    let mut reader = Reader::new(document, Charset::Utf8)?;
    reader.root()?;
    let text = reader.text()?;
    reader.finish()?;
    Ok(text.expose().to_owned())
}

fn skip(document: &str) -> Result<(), XmlError> {
    let mut reader = Reader::new(document, Charset::Utf8)?;
    reader.root()?;
    reader.skip()?;
    reader.finish()
}

#[test]
fn text_is_joined_from_its_parts() {
    let document = "<a> x<!--c-->&lt;&#13;<![CDATA[<&]]]]><![CDATA[>]]>\r\n&#x1;&apos;</a >";
    assert_eq!(read(document).unwrap(), " x<\r<&]]>\n\u{1}'");
    let line_ends = "<a>\r&amp;\r\r<![CDATA[\r\n\r]]>\r</a>";
    assert_eq!(read(line_ends).unwrap(), "\n&\n\n\n\n\n");
}

#[test]
fn references_are_read_and_malformed_ones_refused() {
    let good = "<a>&#xD83D;&#56593;&#x10FFFF;&#xfffe;</a>";
    assert_eq!(read(good).unwrap(), "🔑\u{10FFFF}\u{FFFE}");
    for bad in [
        "&#0;",
        "&#x0;",
        "&#;",
        "&#x;",
        "&#X41;",
        "&#+65;",
        "&#x110000;",
        "&foo;",
        "&",
        "& ;",
        "&amp",
        "&#xD83D;",
        "&#xDD11;",
        "&#xD83D;x",
        "&#xD83D;&amp;",
        "&#xD83D;<!---->&#xDD11;",
        "&AMP;",
        "&#99999999999;",
    ] {
        assert!(read(&format!("<a>{bad}</a>")).is_err(), "{bad}");
    }
}

#[test]
fn malformed_xml_is_refused_even_in_skipped_elements() {
    for bad in [
        "",
        " ",
        "a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "<a/>&#32;",
        "&#32;<a/>",
        "<a>]]></a>",
        "<a b></a>",
        "<a b=c/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a b='&foo;'/>",
        "<a b='&'/>",
        "<1/>",
        "<a:/>",
        "<a:b/>",
        "<a b:c=''/>",
        "< a/>",
        "<a xmlns:b=''/>",
        "<a xmlns:xmlns='x'/>",
        "<a xmlns:p='x' xmlns:q='x' p:b='' q:b=''/>",
        "<a><!-- -- --></a>",
        "<a><?p?></a>",
        "<?p?><a/>",
        "<a/><?p?>",
        "<!DOCTYPE a><a/>",
        "<a><!DOCTYPE a></a>",
        "<![CDATA[]]><a/>",
        "<a/><![CDATA[]]>",
        "<a></a b='1'>",
        "<a>\u{1}</a>",
        "<a b='\u{1}'/>",
        "<a><!--\u{B}--></a>",
        "\u{FEFF}<a/>",
        "<a/ >",
        "<a><b></a></b>",
        "<a",
        "<a><",
        "<a></",
        "<a><!",
        "<a><![CDATA[",
        "<a><!--",
    ] {
        assert!(skip(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_xml_1_0_in_the_declared_encoding_is_read() {
    for good in [
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>",
        "<?xml version='1.0' encoding='utf-8' standalone='no'?>\n",
        "<?xml version='1.0' standalone='yes'?><!-- c -->",
    ] {
        assert_eq!(skip(&format!("{good}<a/>")), Ok(()), "{good}");
    }
    for bad in [
        "<?xml?>",
        "<?xml ?>",
        "<?xml version='1.1'?>",
        "<?xml version='1'?>",
        " <?xml version='1.0'?>",
        "<!----><?xml version='1.0'?>",
        "<?xml encoding='utf-8'?>",
        "<?XML version='1.0'?>",
        "<?xml version='1.0' standalone='yes' encoding='utf-8'?>",
        "<?xml version='1.0'encoding='utf-8'?>",
        "<?xml version='1.0' standalone='true'?>",
        "<?xml version='1.0' x='y'?>",
        "<?xml version='1.0'?><?xml version='1.0'?>",
    ] {
        assert!(matches!(skip(&format!("{bad}<a/>")), Err(XmlError::Malformed { .. })), "{bad}");
    }
    for other in ["utf-16", "us-ascii", "utf8", "bogus"] {
        let document = format!("<?xml version='1.0' encoding='{other}'?><a/>");
        assert_eq!(skip(&document), Err(XmlError::Encoding), "{other}");
    }
}

#[test]
fn nesting_is_read_to_128_levels() {
    let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    assert_eq!(skip(&nested(128)), Ok(()));
    assert_eq!(skip(&nested(129)), Err(XmlError::TooDeep));
    let with_empty = |levels: usize| "<a>".repeat(levels) + "<b/>" + &"</a>".repeat(levels);
    assert_eq!(skip(&with_empty(127)), Ok(()));
    assert_eq!(skip(&with_empty(128)), Err(XmlError::TooDeep));
}

#[test]
fn namespaces_are_resolved_in_their_scope() {
    let document = "<p:a xmlns:p='urn:&#x78;'><b xmlns='urn:y'/><p:c/><d/></p:a>";
    let mut reader = Reader::new(document, Charset::Utf8).unwrap();
    assert!(reader.root().unwrap().is("urn:x", "a"));
    for (namespace, local) in [("urn:y", "b"), ("urn:x", "c"), ("", "d")] {
        assert!(reader.child().unwrap().unwrap().is(namespace, local), "{local}");
        reader.skip().unwrap();
    }
    assert!(reader.child().unwrap().is_none());
    reader.finish().unwrap();
}

/// Proves W11.
#[test]
fn w11_attributes_of_one_namespace_and_name_are_refused_under_any_prefix() {
    for (tag, collides) in [
        ("<b p:c='' q:c=''/>", true),
        ("<b p:c='' r:c=''/>", true),
        ("<b p:c='' c=''/>", false),
        ("<b p:c='' o:c=''/>", false),
        ("<b p:c='' q:d=''/>", false),
        ("<b xmlns:q='urn:y' p:c='' q:c=''/>", false),
        ("<b xmlns:q='urn:y' o:c='' q:c=''/>", true),
        ("<b xmlns:s='urn:z' xmlns:t='urn:z' s:c='' t:c=''/>", true),
        ("<d xmlns:s='urn:z'/><b xmlns:t='urn:z' xmlns:u='urn:w' t:c='' u:c=''/>", false),
        ("<d xmlns:q='urn:y'/><b p:c='' q:c=''/>", true),
        ("<b xmlns='urn:x' c='' p:c=''/>", false),
        ("<b xml:c='' xmlns:xml='http://www.w3.org/XML/1998/namespace' p:c=''/>", false),
    ] {
        let declared = "xmlns:p='urn:x' xmlns:q='urn:x' xmlns:r='urn:&#x78;' xmlns:o='urn:y'";
        let read = skip(&format!("<a {declared}>{tag}</a>"));
        assert_eq!(read.is_err(), collides, "{tag}");
    }
}

#[test]
fn reserved_prefixes_and_namespaces_cannot_be_redeclared() {
    let xml = "http://www.w3.org/XML/1998/namespace";
    for (declaration, is_good) in [
        (format!("xmlns:xml='{xml}'"), true),
        ("xmlns:xml='urn:x'".to_owned(), false),
        (format!("xmlns:p='{xml}'"), false),
        ("xmlns:p='http://www.w3.org/2000/xmlns/'".to_owned(), false),
        ("xmlns:p='urn:x' xmlns:p='urn:x'".to_owned(), false),
        ("xmlns='urn:x' xmlns=''".to_owned(), false),
        ("xmlns=''".to_owned(), true),
    ] {
        assert_eq!(skip(&format!("<a {declaration}/>")).is_ok(), is_good, "{declaration}");
    }
}

#[test]
fn declarations_in_scope_are_at_most_128() {
    let declarations = |count: usize| -> String {
        (0..count).map(|number| format!(" xmlns:p{number}='urn:{number}'")).collect()
    };
    let nested = |inner: usize| format!("<a{}><b{}/></a>", declarations(100), declarations(inner));
    assert_eq!(skip(&nested(28)), Ok(()));
    assert!(skip(&nested(29)).is_err());
    let twice = format!("<b{}/>", declarations(128)).repeat(2);
    assert_eq!(skip(&format!("<a>{twice}</a>")), Ok(()));
}

#[test]
fn long_text_is_joined_from_many_parts() {
    let document = format!("<a>{}</a>", "x&amp;<![CDATA[y]]>&#x20AC;".repeat(500));
    assert_eq!(read(&document).unwrap(), "x&y\u{20AC}".repeat(500));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(document in ".*") {
        let _ = skip(&document);
    }

    #[test]
    fn arbitrary_markup_never_panics(document in MARKUP) {
        let _ = skip(&document);
        let _ = skip(&format!("<a>{document}</a>"));
        let _ = read(&format!("<a>{document}</a>"));
    }
}
