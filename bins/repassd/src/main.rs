//! The repass server.

fn main() -> std::process::ExitCode {
    repassd::run(&repassd::Vendors::bundled())
}
