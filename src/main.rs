//! The `endspec` program.

/// A third of what a run cost was the system's allocator; that of static binaries costs more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    endspec::cli::main()
}
