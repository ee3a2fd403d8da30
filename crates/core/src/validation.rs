use validator::ValidationErrors;

/// Returns the message of the first validation error.
pub(crate) fn first_message(errors: &ValidationErrors) -> String {
    errors
        .field_errors()
        .into_values()
        .flatten()
        .find_map(|error| error.message.as_ref().map(ToString::to_string))
        .unwrap_or_else(|| errors.to_string())
}
