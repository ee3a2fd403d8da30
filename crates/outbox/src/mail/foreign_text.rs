//! Texts that a stranger may have written, made harmless for a mail: whoever can choose a user name
//! or a user agent must not have us send their links, nor lay out a message of their own.

/// The text on one line of at most `most` characters, and a mark where it was cut. What cannot be
/// seen, or turns the direction of writing, is left out.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let visible: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The same, with nothing left in it that a mail program takes for a link or an address: brackets
/// are put around the dots of names, `@` and the colon of `://`.
pub(super) fn one_line_without_links(text: &str, most: usize) -> String {
    let line = one_line(text, most);
    let mut harmless = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let is_link = match c {
            // Versions such as 5.0 stay readable. A top-level domain begins with no digit.
            '.' => next.is_alphanumeric() && !next.is_ascii_digit(),
            // IDNA takes these for dots as well (UTS #46, 2.3).
            '。' | '．' | '｡' | '@' | '＠' => true,
            ':' | '：' => matches!(next, '/' | '\\' | '／'),
            _ => false,
        };
        if is_link {
            harmless.extend(['[', c, ']']);
        } else {
            harmless.push(c);
        }
    }
    harmless
}

/// Controls, breaks of lines, and characters without width or with a say in the direction of
/// writing (UAX #9, 2; general category Cf as far as it matters in a line).
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
    fn browsers_stay_as_they_are() {
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
    fn links_and_addresses_are_taken_apart() {
        for (text, harmless) in [
            ("https://evil.example/a", "https[:]//evil[.]example/a"),
            ("www.evil.example", "www[.]evil[.]example"),
            ("pat@evil.example", "pat[@]evil[.]example"),
            ("evil。example", "evil[。]example"),
            ("evil.例え", "evil[.]例え"),
            ("http:\\\\1.2.3.4", "http[:]\\\\1.2.3.4"),
            ("a. b", "a. b"),
        ] {
            assert_eq!(one_line_without_links(text, 100), harmless);
        }
    }

    #[test]
    fn lines_directions_and_lengths_are_kept() {
        assert_eq!(one_line("a\r\n\r\nb\u{202e}c\u{200b}\u{2029}d\t", 100), "a b c d");
        assert_eq!(one_line(" ä ö ", 3), "ä ö");
        assert_eq!(one_line("äöüß", 3), "äöü…");
        assert_eq!(one_line("\u{feff}\n", 3), "");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let of_links = "[a-z0-9.@:/\\\\。．＠ \u{202e}\u{200b}\r\n<>&\"']{0,80}";
        prop_oneof![any::<String>(), of_links]
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_becomes_one_bounded_line_without_links(text in hostile()) {
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
