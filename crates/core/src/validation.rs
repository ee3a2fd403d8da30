use validator::ValidationErrors;

/// One sentence for a person out of what `validator` found: the first message, for one mistake is
/// mended at a time.
pub(crate) fn first_message(errors: &ValidationErrors) -> String {
    errors
        .field_errors()
        .into_values()
        .flatten()
        .find_map(|error| error.message.as_ref().map(ToString::to_string))
        .unwrap_or_else(|| errors.to_string())
}
