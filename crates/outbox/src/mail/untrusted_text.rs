//! Sanitizes untrusted texts for mails, such as user names and user agents. An attacker must not be
//! able to place links or content of their own in a mail.

/// Returns the text on one line without invisible and bidirectional control characters, cut to
/// `max_chars` characters and an ellipsis.
pub(super) fn one_line(text: &str, max_chars: usize) -> String {
    let visible: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Does the same, and puts brackets around the dots of names, `@` and the colon of `://`, so that
/// mail programs do not make links of them.
pub(super) fn one_line_without_links(text: &str, max_chars: usize) -> String {
    let line = one_line(text, max_chars);
    let mut defanged = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let is_link = match c {
            // Versions such as 5.0 stay readable. A top-level domain begins with no digit.
            '.' => next.is_alphanumeric() && !next.is_ascii_digit(),
            // IDNA treats these as dots (UTS #46, 2.3).
            '。' | '．' | '｡' | '@' | '＠' => true,
            ':' | '：' => matches!(next, '/' | '\\' | '／'),
            _ => false,
        };
        if is_link {
            defanged.extend(['[', c, ']']);
        } else {
            defanged.push(c);
        }
    }
    defanged
}

/// Whether `c` is a control, line break, zero-width or bidirectional formatting character (UAX #9,
/// 2; most of the general category Cf).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_agents_are_unchanged() {
        for agent in [
            "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/118.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15",
            "curl/8.5.0",
        ] {
            assert_eq!(one_line_without_links(agent, 200), agent);
        }
    }

    #[test]
    fn links_and_addresses_are_defanged() {
        for (text, defanged) in [
            ("https://evil.example/a", "https[:]//evil[.]example/a"),
            ("www.evil.example", "www[.]evil[.]example"),
            ("pat@evil.example", "pat[@]evil[.]example"),
            ("evil。example", "evil[。]example"),
            ("evil.例え", "evil[.]例え"),
            ("http:\\\\1.2.3.4", "http[:]\\\\1.2.3.4"),
            ("a. b", "a. b"),
        ] {
            assert_eq!(one_line_without_links(text, 100), defanged);
        }
    }

    #[test]
    fn a_text_becomes_one_visible_line_of_limited_length() {
        assert_eq!(one_line("a\r\n\r\nb\u{202e}c\u{200b}\u{2029}d\t", 100), "a b c d");
        assert_eq!(one_line(" ä ö ", 3), "ä ö");
        assert_eq!(one_line("äöüß", 3), "äöü…");
        assert_eq!(one_line("\u{feff}\n", 3), "");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let link_like = "[a-z0-9.@:/\\\\。．＠ \u{202e}\u{200b}\r\n<>&\"']{0,80}";
        prop_oneof![any::<String>(), link_like]
    }

    proptest! {
        #[test]
        fn every_text_becomes_one_bounded_line_without_links(text in hostile()) {
            let line = one_line_without_links(&text, 40);
            prop_assert!(!line.contains("://"), "{line}");
            prop_assert!(!line.chars().any(is_invisible), "{line}");
            prop_assert!(line.chars().count() <= 3 * 40 + 1, "{line}");
            let characters: Vec<char> = line.chars().collect();
            for pair in characters.windows(2) {
                prop_assert!(pair[0] != '.' || !pair[1].is_alphabetic(), "{line}");
                prop_assert!(pair[1] != '@' || pair[0] == '[', "{line}");
                prop_assert!(pair[0] != '@' || pair[1] == ']', "{line}");
            }
        }
    }
}
