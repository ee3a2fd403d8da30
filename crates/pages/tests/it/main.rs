//! The pages by plain requests. "Row" names a row of the table "What bit others" of the pages'
//! contract.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod faults;
mod forgery;
mod forgot;
mod golden;
mod headers;
mod password;
mod policy;
mod reset;
mod secrets;
mod test_context;
