/// Converts a JSON number to text like .NET's invariant `ToString`. `None` beyond the range of a
/// double.
pub(super) fn to_text(number: &str) -> Option<String> {
    if number.contains(['.', 'e', 'E']) {
        return number.parse().ok().filter(|value: &f64| value.is_finite()).map(general);
    }
    Some(if number == "-0" { "0" } else { number }.to_owned())
}

/// Formats a double in .NET's general format, with 15 significant digits.
fn general(value: f64) -> String {
    const DIGITS: usize = 15;
    let scientific = format!("{:.*e}", DIGITS - 1, value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let (before, after, power) = match usize::try_from(exponent) {
        Ok(exponent) if exponent < DIGITS => {
            let before = exponent + 1;
            let filled = format!("{digits:0<before$}");
            (filled[..before].to_owned(), filled[before..].to_owned(), String::new())
        }
        Err(_) if exponent > -5 => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            ("0".to_owned(), zeros + digits, String::new())
        }
        _ => {
            let mark = if exponent < 0 { '-' } else { '+' };
            let power = format!("E{mark}{:02}", exponent.unsigned_abs());
            (digits[..1].to_owned(), digits[1..].to_owned(), power)
        }
    };
    let point = if after.is_empty() { "" } else { "." };
    format!("{sign}{before}{point}{after}{power}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_dot_net_writes_them() {
        for (number, text) in [
            ("123", "123"),
            ("-0", "0"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.50", "1.5"),
            ("1e5", "100000"),
            ("-0.10", "-0.1"),
            ("100000000000000000000.0", "1E+20"),
            ("1e14", "100000000000000"),
            ("1e15", "1E+15"),
            ("123456.789e3", "123456789"),
            ("0.0001", "0.0001"),
            ("0.00001", "1E-05"),
            ("-1.25e-7", "-1.25E-07"),
            ("1.5e300", "1.5E+300"),
            ("0.1234567890123456789", "0.123456789012346"),
            ("0.0", "0"),
            ("-0.0", "0"),
        ] {
            assert_eq!(to_text(number).as_deref(), Some(text), "{number}");
        }
        assert_eq!(to_text("1e400"), None);
    }

    proptest! {
        #[test]
        fn the_text_is_the_number_to_15_digits(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = to_text(&format!("{value:e}")).unwrap();
            let read: f64 = text.parse().unwrap();
            prop_assert!((read - value).abs() <= value.abs() * 1e-14, "{} {}", text, value);
        }
    }
}
