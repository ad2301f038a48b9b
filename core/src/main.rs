//! The `mpcloud` command.

fn main() -> std::process::ExitCode {
    mpcloud::cli::main()
}
