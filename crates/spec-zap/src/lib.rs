//! The zap password-change API
