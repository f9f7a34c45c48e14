//! The `civic-os` binary: everything else is in the library.
fn main() -> std::process::ExitCode {
    civic_os::cli::main()
}
