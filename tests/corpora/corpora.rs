//! Runs each fuzz target of `fuzz/fuzz_targets` on its corpus.

#[path = "../../fuzz/fuzz_targets/account_files.rs"]
mod account_files;
#[path = "../../fuzz/fuzz_targets/argon2.rs"]
mod argon2;
#[path = "../../fuzz/fuzz_targets/configuration.rs"]
mod configuration;
#[path = "../../fuzz/fuzz_targets/customer.rs"]
mod customer;
#[path = "../../fuzz/fuzz_targets/customer_xml.rs"]
mod customer_xml;
#[path = "../../fuzz/fuzz_targets/ecom.rs"]
mod ecom;
#[path = "../../fuzz/fuzz_targets/etna.rs"]
mod etna;
#[path = "../../fuzz/fuzz_targets/fabric.rs"]
mod fabric;
#[path = "../../fuzz/fuzz_targets/signed_tokens.rs"]
mod signed_tokens;
#[path = "../../fuzz/fuzz_targets/site_context.rs"]
mod site_context;
#[path = "../../fuzz/fuzz_targets/stored_hashes.rs"]
mod stored_hashes;
#[path = "../../fuzz/fuzz_targets/zap.rs"]
mod zap;
