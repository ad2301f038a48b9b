//! Steps of a longer task: named, timed, and summed up at the end.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;

/// The steps that were taken so far, with the time of each.
#[derive(Default)]
pub struct Steps {
    taken: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Takes a step.
    pub fn take<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("── {name}");
        let begun = Instant::now();
        let done = step();
        let took = begun.elapsed();
        println!("── {name}: {:.1} s", took.as_secs_f64());
        self.taken.push((name, took));
        Ok(done.map_err(|e| format!("{name}: {e}"))?)
    }

    /// A table of what took how long.
    pub fn summary(&self) -> String {
        let mut table = String::new();
        for (name, took) in &self.taken {
            let _ = writeln!(table, "{:>9.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.taken.iter().map(|(_, took)| took).sum();
        let _ = write!(table, "{:>9.1} s  in total", total.as_secs_f64());
        table
    }
}

/// Runs a command, and fails when it does.
pub fn succeed(command: &mut Command) -> Result {
    let status = command.status().map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", line(command)).into()) }
}

/// What a command prints on standard output. Its standard error goes to ours.
pub fn output(command: &mut Command) -> Result<String> {
    let command = command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", line(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
