//! The table that a run leaves behind.

use std::fmt::Write as _;

use crate::rounds::Series;

/// What was measured so far, as Markdown.
pub struct Report {
    text: String,
}

impl Report {
    pub fn new(engine: &str, seconds: u32, connections: usize) -> Self {
        let profile =
            if cfg!(debug_assertions) { "dev profile (dependencies optimized, own code at opt-level 1)" } else { "release build" };
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu =
            cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map_or("unknown CPU", |(_, name)| name.trim());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or("unknown");
        let text = format!(
            "# Results\n\nWritten by `cargo xtask bench`. Turns of {seconds} s, one after the other in each of {} rounds; the median counts. \
             {connections} connections, each with one request in flight. Servers and load generator share the machine, whose load average was {load} before the run: above 0.5, \
             other work took part of it. workerd runs its JavaScript on one thread, mpcloud on as many as there are cores.\n\n\
             {cores} cores, {cpu}; {profile}; JavaScript engine: {engine}.\n",
            crate::ROUNDS
        );
        Self { text }
    }

    /// Nanoseconds of a direct call and a plugin call.
    pub fn plugin_call(&mut self, [direct, plugin]: &[Series; 2]) {
        let mut section = String::new();
        let _ = writeln!(section, "\n## A plugin call\n\n| | median | lowest–highest |\n| --- | ---: | ---: |");
        for series in [direct, plugin] {
            let (low, high) = series.range();
            let _ = writeln!(section, "| {} | {:.0} ns | {low:.0}–{high:.0} ns |", series.name, series.median());
        }
        let _ = writeln!(section, "| difference | {:.0} ns | |", plugin.median() - direct.median());
        self.add(&section);
    }

    /// Requests a second; the first series is ours.
    pub fn requests(&mut self, title: &str, series: &[Series]) {
        let ours = series.first().map_or(f64::NAN, Series::median);
        let mut section = String::new();
        let _ = writeln!(section, "\n## {title}\n\n| | requests/s | lowest–highest | mpcloud is |\n| --- | ---: | ---: | ---: |");
        for (n, series) in series.iter().enumerate() {
            let (low, high) = series.range();
            let ratio = if n == 0 { String::new() } else { format!("{:.2} ×", ours / series.median()) };
            let _ = writeln!(section, "| {} | {:.0} | {low:.0}–{high:.0} | {ratio} |", series.name, series.median());
        }
        self.add(&section);
    }

    fn add(&mut self, section: &str) {
        println!("{section}");
        self.text.push_str(section);
    }

    /// All of it.
    pub fn table(&self) -> &str {
        &self.text
    }
}
