//! The `endspec` program.

fn main() -> std::process::ExitCode {
    endspec::cli::main()
}
