//! QR codes in Unicode half blocks.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use repass_core::Plaintext;
use zeroize::Zeroizing;

/// Black on white, whatever the terminal's own colours are.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const OWN_COLOURS: &str = "\u{1b}[0m";

/// `text` as a QR code with the quiet zone of four modules around it; `None` when it is too long for
/// one.
///
/// With colours the code is black on white on any terminal. Without them the light modules are the
/// blocks: right on a dark background, and inverted on a light one, which readers take as well.
pub(crate) fn render(text: &Plaintext, colours: bool) -> Option<Zeroizing<String>> {
    let code = QrCode::new(text.expose().as_bytes()).ok()?;
    let (dark, light) =
        if colours { (Dense1x2::Dark, Dense1x2::Light) } else { (Dense1x2::Light, Dense1x2::Dark) };
    let image = code.render().dark_color(dark).light_color(light).quiet_zone(true).build();
    let image = Zeroizing::new(image);

    let (before, after) = if colours { (BLACK_ON_WHITE, OWN_COLOURS) } else { ("", "") };
    let lines = image.lines().count();
    let size = image.len() + lines * (before.len() + after.len() + 1);
    let mut framed = Zeroizing::new(String::with_capacity(size));
    for line in image.lines() {
        for part in [before, line, after, "\n"] {
            framed.push_str(part);
        }
    }
    Some(framed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "otpauth://totp/repass:pat?secret=AB";

    fn rendered(colours: bool) -> Vec<String> {
        let image = render(&Plaintext::from(TEXT), colours);
        image.unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_quiet_zone_is_drawn_all_around() {
        let lines = rendered(false);
        // Four modules are two lines above, and four columns at either side.
        for line in &lines[..2] {
            assert!(line.chars().all(|block| block == '█'), "{line}");
        }
        for line in &lines[2..lines.len() - 2] {
            assert!(line.starts_with("████") && line.ends_with("████"), "{line}");
        }
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
    }

    #[test]
    fn blocks_are_the_light_modules_without_colours_and_the_dark_ones_with_them() {
        let code = QrCode::new(TEXT).unwrap();
        for (colours, drawn) in [(false, qrcode::Color::Light), (true, qrcode::Color::Dark)] {
            let lines: Vec<Vec<char>> = rendered(colours)
                .iter()
                .map(|line| line.replace(BLACK_ON_WHITE, "").replace(OWN_COLOURS, ""))
                .map(|line| line.chars().collect())
                .collect();
            for (at, color) in code.to_colors().into_iter().enumerate() {
                let (row, column) = (at / code.width() + 4, at % code.width() + 4);
                let halves = if row % 2 == 0 { ['▀', '█'] } else { ['▄', '█'] };
                let is_drawn = halves.contains(&lines[row / 2][column]);
                assert_eq!(is_drawn, color == drawn, "row {row}, column {column}");
            }
        }
    }

    #[test]
    fn colours_are_explicit_in_every_line() {
        for line in rendered(true) {
            assert!(line.starts_with(BLACK_ON_WHITE) && line.ends_with(OWN_COLOURS), "{line:?}");
        }
    }

    #[test]
    fn too_long_a_text_makes_no_code() {
        assert!(render(&Plaintext::new("x".repeat(5000)), false).is_none());
    }
}
