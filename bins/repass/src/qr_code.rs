//! Renders QR codes in Unicode half blocks.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use repass_core::Plaintext;
use zeroize::Zeroizing;

const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET_COLORS: &str = "\u{1b}[0m";

/// Renders `text` as a QR code with a quiet zone of four modules. Returns `None` if the text is too
/// long.
///
/// With colors the code is black on white. Without colors the light modules are blocks: the code is
/// correct on a dark background and inverted on a light one, which scanners also accept.
pub(crate) fn render(text: &Plaintext, colors: bool) -> Option<Zeroizing<String>> {
    let code = QrCode::new(text.expose().as_bytes()).ok()?;
    let (dark, light) =
        if colors { (Dense1x2::Dark, Dense1x2::Light) } else { (Dense1x2::Light, Dense1x2::Dark) };
    let image = code.render().dark_color(dark).light_color(light).quiet_zone(true).build();
    let image = Zeroizing::new(image);

    let (before, after) = if colors { (BLACK_ON_WHITE, RESET_COLORS) } else { ("", "") };
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

    fn rendered(colors: bool) -> Vec<String> {
        let image = render(&Plaintext::from(TEXT), colors);
        image.unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_code_has_a_quiet_zone() {
        let lines = rendered(false);
        // Four modules are two lines or four columns.
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
    fn blocks_are_the_light_modules_without_colors_and_the_dark_ones_with_them() {
        let code = QrCode::new(TEXT).unwrap();
        for (colors, drawn) in [(false, qrcode::Color::Light), (true, qrcode::Color::Dark)] {
            let lines: Vec<Vec<char>> = rendered(colors)
                .iter()
                .map(|line| line.replace(BLACK_ON_WHITE, "").replace(RESET_COLORS, ""))
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
    fn every_line_sets_and_resets_the_colors() {
        for line in rendered(true) {
            assert!(line.starts_with(BLACK_ON_WHITE) && line.ends_with(RESET_COLORS), "{line:?}");
        }
    }

    #[test]
    fn a_too_long_text_is_refused() {
        assert!(render(&Plaintext::new("x".repeat(5000)), false).is_none());
    }
}
