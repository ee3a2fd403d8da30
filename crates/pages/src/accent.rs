use std::str::FromStr;

/// The color of buttons, links and the focus, readable on the white and on the dark background.
///
/// No color has the contrast of WCAG 2.2 AA (1.4.3), 4.5:1, on both. So a color is for the white
/// background, and on the dark one a lighter shade of it is used, which has that contrast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accent {
    light: Rgb,
    dark: Rgb,
}

type Rgb = [u8; 3];

/// The text is not a valid [`Accent`].
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAccent {
    /// It is not a color.
    #[error("must be a color such as \"#1d4ed8\"")]
    Malformed,
    /// It is too light for a white background.
    #[error(
        "must be darker: its contrast to white is {0:.2}:1, and WCAG 2.2 AA (1.4.3) requires 4.5:1"
    )]
    Contrast(f64),
}

const WHITE: Rgb = [255; 3];

/// The backgrounds of the page and of fields in the dark scheme of the stylesheet; the lighter one.
const DARK: Rgb = [0x1e, 0x22, 0x2a];

const AA: f64 = 4.5;

impl Accent {
    /// The color on a white background, such as `#1d4ed8`.
    pub fn on_light(&self) -> String {
        hex(self.light)
    }

    /// The shade on the dark background.
    pub fn on_dark(&self) -> String {
        hex(self.dark)
    }
}

impl FromStr for Accent {
    type Err = InvalidAccent;

    fn from_str(text: &str) -> Result<Self, InvalidAccent> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let bits = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, light @ ..] = bits.ok_or(InvalidAccent::Malformed)?.to_be_bytes();
        let contrast = contrast(light, WHITE);
        if contrast < AA {
            return Err(InvalidAccent::Contrast((contrast * 100.0).floor() / 100.0));
        }
        Ok(Self { light, dark: lighten(light) })
    }
}

impl Default for Accent {
    /// A blue: `#1d4ed8`.
    fn default() -> Self {
        let light = [0x1d, 0x4e, 0xd8];
        Self { light, dark: lighten(light) }
    }
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Mixes the color with white until it has enough contrast to the dark background.
fn lighten(color: Rgb) -> Rgb {
    (0..=100_u32)
        .map(|percent| {
            color.map(|own| {
                let mixed = (u32::from(own) * (100 - percent) + 255 * percent) / 100;
                u8::try_from(mixed).unwrap_or(u8::MAX)
            })
        })
        .find(|mixed| contrast(*mixed, DARK) >= AA)
        .unwrap_or(WHITE)
}

/// Returns the contrast ratio of WCAG 2.2, 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Returns the relative luminance of WCAG 2.2.
fn luminance(color: Rgb) -> f64 {
    let [red, green, blue] = color.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        assert_eq!(format!("{:.2}", contrast([0; 3], WHITE)), "21.00");
        assert_eq!(format!("{:.2}", contrast([0x76; 3], WHITE)), "4.54");
        assert_eq!(format!("{:.2}", contrast([0x77; 3], WHITE)), "4.48");
    }

    #[test]
    fn a_color_that_is_too_light_is_refused_with_its_ratio() {
        assert_eq!("#777777".parse::<Accent>(), Err(InvalidAccent::Contrast(4.47)));
        let message = "#ffd400".parse::<Accent>().unwrap_err().to_string();
        assert!(message.contains("1.43:1") && message.contains("4.5:1"), "{message}");
        for text in ["", "#12345", "1d4ed8", "#1d4ed8ff", "#+12345", "#ä234", "blue"] {
            assert_eq!(text.parse::<Accent>(), Err(InvalidAccent::Malformed), "{text}");
        }
    }

    #[test]
    fn each_accepted_color_has_a_readable_shade_on_dark() {
        for text in ["#767676", "#000000", "#1d4ed8", "#b91c1c", "#0f766e", "#7c3aed"] {
            let accent: Accent = text.parse().unwrap();
            assert!(contrast(accent.dark, DARK) >= AA, "{text}");
            assert_eq!(accent.on_light(), text);
        }
        assert_eq!(Accent::default(), "#1d4ed8".parse().unwrap());
    }
}
