//! The repass server.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Wipes memory before it is freed: also the copies of secrets that growing buffers and libraries
/// leave.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::process::ExitCode {
    repassd::run(&repassd::Vendors::bundled())
}
