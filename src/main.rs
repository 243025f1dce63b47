//! The `sockeye` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    sockeye::main()
}
