//! The tables that a run leaves behind. What a run does not measure stays as it was.

use std::fmt::Write as _;
use std::path::Path;

use crate::Result;
use crate::database::growth::Grown;
use crate::database::{DOCUMENTS, Operation};
use crate::functions::fleet::{FUNCTIONS, Fleet};
use crate::functions::{Comparison, Goal, first_call};
use crate::hosting::handshakes::{DOMAINS, Handshakes};
use crate::hosting::transfers::Transfer;
use crate::rounds::Series;

const PLUGIN_CALL: &str = "A plugin call";
const HELLO: &str = "Signed `function.invoke` of a hello function";
const CLOUD_FUNCTIONS: &str = "Cloud functions";
const FIRST_CALL: &str = "The first call of a deployment";
const FLEET: &str = "A thousand functions";
const SITES: &str = "Files of websites";
const TRANSFERS: &str = "A file of 1 GB";
const HANDSHAKES: &str = "Ten thousand certificates";
const DATABASE: &str = "The database";
const GROWTH: &str = "The database as it grows";
/// Written by `benches/analytics/compare.py`, and kept here.
const ANALYTICS: &str = "Analytics";
/// All sections, in their order.
const SECTIONS: [&str; 11] =
    [PLUGIN_CALL, HELLO, CLOUD_FUNCTIONS, FIRST_CALL, FLEET, SITES, TRANSFERS, HANDSHAKES, DATABASE, GROWTH, ANALYTICS];

/// What was measured, as Markdown.
pub struct Report {
    /// What was built, and on what it runs.
    build: String,
    sections: Vec<(String, String)>,
}

impl Report {
    pub fn new(engine: &str, build: Option<&str>) -> Self {
        let own = if cfg!(debug_assertions) { "dev profile (dependencies optimized, own code at opt-level 1)" } else { "release build" };
        let profile = build.unwrap_or(own);
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu =
            cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map_or("unknown CPU", |(_, name)| name.trim());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { build: format!("{cores} cores, {cpu}; {profile}; JavaScript engine: {engine}"), sections: Vec::new() }
    }

    /// Begins a section. Says what else the machine does, so it is called before the measurement.
    fn begin(&mut self, title: &str, how: &str) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or("unknown");
        println!("## {title}");
        self.sections.push((title.to_owned(), format!("{how} {}; load average before: {load}.\n", self.build)));
    }

    /// Before [`plugin_call`](Self::plugin_call).
    pub fn begin_plugin_call(&mut self) {
        self.begin(PLUGIN_CALL, "One call at a time.");
    }

    /// Before [`hello`](Self::hello).
    pub fn begin_hello(&mut self, seconds: u32, connections: usize) {
        let how = format!(
            "Turns of {seconds} s; {connections} connections. workerd runs its JavaScript on one thread, mpcloud on as many as there are cores."
        );
        self.begin(HELLO, &how);
    }

    /// Before [`comparisons`](Self::comparisons) of warm functions.
    pub fn begin_functions(&mut self, seconds: u32, connections: usize) {
        let how = format!(
            "Turns of {seconds} s; {connections} connections where none are said. The same files run in all three. mpcloud is called by a \
             mini program's signed requests, whose arguments are JSON text in JSON; workerd and Node.js get plain JSON, unsigned, and \
             answer it in the same envelope. Both run JavaScript on one thread, mpcloud on as many as there are cores."
        );
        self.begin(CLOUD_FUNCTIONS, &how);
    }

    /// Before [`comparisons`](Self::comparisons) of first calls.
    pub fn begin_first_call(&mut self) {
        let (alone, depending) = first_call::rounds();
        let how = format!(
            "Milliseconds, one after another: {alone} deployments of each kind without dependencies, {depending} with them, after one that \
             warms up. Each is a new version whose every script differs from all before, so that no bytecode fits, but for the row that \
             says otherwise. The package with dependencies has 2,600 files, as npm installs them. A call is a mini program's signed request \
             over a connection that is open. Node.js begins with an empty process, a listening server and the function loaded in it; its \
             files are in the page cache."
        );
        self.begin(FIRST_CALL, &how);
    }

    /// Before [`fleet`](Self::fleet).
    pub fn begin_fleet(&mut self, connections: usize) {
        let how = format!(
            "{FUNCTIONS} small functions of one space, each with a source of its own; {connections} connections. First each is called \
             once, then for 10 s one at random after the other. `max_instances` is 256 by default, of which a space may have three \
             quarters: with it most calls at random make an isolate and end another. So that all functions stay, it was raised in the \
             configuration. Memory is the server process's, resident; the other plugins and the database are in it."
        );
        self.begin(FLEET, &how);
    }

    /// Before [`comparisons`](Self::comparisons) of websites.
    pub fn begin_sites(&mut self, seconds: u32, connections: usize) {
        let how = format!(
            "Turns of {seconds} s; {connections} connections of `h2load`, which has one thread. The files do not get smaller by \
             compression, and none is asked for. nginx and Caddy are Debian's, as their packages configure them, without access logs; mpcloud has a website that was deployed with its command line. All \
             three have the same kind of certificate (ECDSA, P-256)."
        );
        self.begin(SITES, &how);
    }

    /// Before [`transfers`](Self::transfers).
    pub fn begin_transfers(&mut self) {
        let how = "`mpcloud storage put` and `get`, one after the other, with the file service over a folder (`fs`) of the same disk. \
                   Memory is the server process's, resident, looked at every 20 ms; the database and all other plugins are in it.";
        self.begin(TRANSFERS, how);
    }

    /// Before [`handshakes`](Self::handshakes).
    pub fn begin_handshakes(&mut self, seconds: u32, connections: usize) {
        let how = format!(
            "{DOMAINS} domains, each with a certificate of its own (ECDSA, P-256) and one of the authority. Turns of {seconds} s; \
             {connections} connections at a time, each for one whole handshake of TLS 1.3, of which none resumes a session. The \
             client's half of each handshake runs on the same cores. Memory is the server process's, resident."
        );
        self.begin(HANDSHAKES, &how);
    }

    /// Before [`database`](Self::database).
    pub fn begin_database(&mut self, connections: usize) {
        let how = format!(
            "{DOCUMENTS} documents, with an index on a number, and in mpcloud on the place. {connections} connections where there are \
             operations per second, one at a time where there are milliseconds; turns of at most 2 s. mpcloud is asked over HTTP by a \
             mini program's signed requests, Parse Server 8 over HTTP as its own SDK asks, SurrealDB by a loop in the process of the load \
             generator, without a network between. All three have what they wrote on the disk before they answer. What reads is \
             compared with the right answer before it is measured, and fails when it differs. PostgreSQL runs as Debian configures it, \
             but with `jit=off`, with which its nearest search took a quarter of the time in a trial. Parse Server searches the \
             nearest with a function that PostgreSQL has no index for, and SurrealDB has no index for distances at all."
        );
        self.begin(DATABASE, &how);
    }

    /// Before [`growth`](Self::growth).
    pub fn begin_growth(&mut self) {
        let how = "Milliseconds of one operation, one at a time, the median of 3 turns of 1 s or of one operation. mpcloud's `find` \
                   without an index and `aggregate` with `$group` go over the management API here, because a mini program's query may \
                   take at most 3 s. Documents are loaded 1,000 at a time, into PostgreSQL by one `COPY`. Bytes are those of the data \
                   folder right after loading, logs included; those of PostgreSQL of the table and its indexes, without its log.";
        self.begin(GROWTH, how);
    }

    /// Nanoseconds of a direct call and a plugin call.
    pub fn plugin_call(&mut self, [direct, plugin]: &[Series; 2]) {
        let mut table = "\n| | median | lowest–highest |\n| --- | ---: | ---: |\n".to_owned();
        for series in [direct, plugin] {
            let (low, high) = series.range();
            let _ = writeln!(table, "| {} | {:.0} ns | {low:.0}–{high:.0} ns |", series.name, series.median());
        }
        let _ = writeln!(table, "| difference | {:.0} ns | |", plugin.median() - direct.median());
        self.add(&table);
    }

    /// Requests a second; the first series is ours.
    pub fn hello(&mut self, series: &[Series]) {
        self.add(&compared("requests/s", series, |rate| format!("{rate:.0}")));
    }

    /// What was compared, and whether it reaches its goal.
    pub fn comparisons(&mut self, comparisons: &[Comparison]) {
        for Comparison { title, unit, series, goal } in comparisons {
            self.add(&format!("\n### {title}\n"));
            let shown: fn(f64) -> String = if *unit == "milliseconds" { milliseconds } else { |rate| format!("{rate:.0}") };
            self.add(&compared(unit, series, shown));
            if let Some(goal) = goal {
                self.add(&judged(*goal, series));
            }
        }
    }

    /// A column for each setting.
    pub fn fleet(&mut self, fleets: &[Fleet]) {
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        let labels: Vec<&str> = fleets.iter().map(|fleet| fleet.label).collect();
        let mut table = format!("\n| | {} |\n| --- |{}\n", labels.join(" | "), " ---: |".repeat(fleets.len()));
        let mut row = |title: &str, cell: &dyn Fn(&Fleet) -> String| {
            let _ = writeln!(table, "| {title} | {} |", fleets.iter().map(cell).collect::<Vec<_>>().join(" | "));
        };
        row("functions made and deployed", &|fleet| format!("{:.0}/s", fleet.deployed));
        row("first call of each", &|fleet| format!("{:.0}/s", fleet.first.rate));
        row("… half of them within", &|fleet| format!("{:.2} ms", fleet.first.percentile(50)));
        row("… 99 % of them within", &|fleet| format!("{:.2} ms", fleet.first.percentile(99)));
        row("calls at random", &|fleet| format!("{:.0}/s", fleet.random.rate));
        row("… half of them within", &|fleet| format!("{:.2} ms", fleet.random.percentile(50)));
        row("… 99 % of them within", &|fleet| format!("{:.2} ms", fleet.random.percentile(99)));
        row("memory before the first calls", &|fleet| megabytes(fleet.resident[0]));
        row("memory after the first calls", &|fleet| megabytes(fleet.resident[1]));
        row("memory after the calls at random", &|fleet| megabytes(fleet.resident[2]));
        row("functions that can have an isolate", &|fleet| fleet.kept.to_string());
        row("memory for each of these, by the first calls", &|fleet| format!("{:.0} KiB", fleet.each()));
        self.add(&table);
    }

    /// How fast a file went, and the memory that it took.
    pub fn transfers(&mut self, transfers: &[Transfer]) {
        let mut table = "\n| | MB/s | MB of memory before | most of it meanwhile |\n| --- | ---: | ---: | ---: |\n".to_owned();
        for Transfer { title, rate, before, highest } in transfers {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let _ = writeln!(table, "| {title} | {:.0} | {:.0} | {:.0} |", rate / 1e6, megabytes(*before), megabytes(*highest));
        }
        self.add(&table);
    }

    /// Handshakes a second, and the memory of certificates.
    pub fn handshakes(&mut self, measured: &Handshakes) {
        let mut table = "\n| | handshakes/s |\n| --- | ---: |\n".to_owned();
        for (title, rate) in &measured.rates {
            let _ = writeln!(table, "| {title} | {rate:.0} |");
        }
        let [before, stored, used] = measured.memory.map(|bytes| bytes as f64 / 1e6);
        let _ = writeln!(
            table,
            "\nMemory was {before:.0} MB before there were domains, {stored:.0} MB when all were set up, which took {:.0} s, and {used:.0} MB \
             when all were in use.",
            measured.setup.as_secs_f64()
        );
        self.add(&table);
    }

    /// Operations a second, or how long one takes; the first series of each is ours.
    pub fn database(&mut self, measured: &[(Operation, Vec<Series>)]) {
        for (operation, series) in measured {
            self.add(&format!("\n### {}\n", operation.title()));
            if operation.looks_at_all() {
                self.add(&compared("milliseconds", series, milliseconds));
            } else {
                self.add(&compared("operations/s", series, |rate| format!("{rate:.0}")));
            }
        }
    }

    /// How long each operation takes at each size.
    pub fn growth(&mut self, grown: &[Grown]) {
        let sizes: Vec<String> = grown.iter().map(|grown| grown.size.to_string()).collect();
        let mut table = format!("\n| | | {} |\n| --- | --- |{}\n", sizes.join(" | "), " ---: |".repeat(grown.len()));
        for (row, (operation, contenders)) in grown.first().iter().flat_map(|grown| grown.operations.iter().enumerate()) {
            for (column, contender) in contenders.iter().enumerate() {
                let cells = grown.iter().map(|grown| {
                    let series = grown.operations.get(row).and_then(|(_, contenders)| contenders.get(column));
                    series
                        .map_or_else(String::new, |series| series.failure.clone().map_or_else(|| milliseconds(series.median()), shortened))
                });
                let _ = writeln!(table, "| {} | {} | {} |", operation.title(), contender.name, cells.collect::<Vec<_>>().join(" | "));
            }
        }
        let names: Vec<&str> = grown
            .first()
            .iter()
            .flat_map(|grown| grown.operations.first())
            .flat_map(|(_, series)| series.iter().map(|s| &*s.name))
            .collect();
        for (column, name) in names.iter().enumerate() {
            let rates = grown.iter().map(|grown| grown.loaded.get(column).map_or_else(String::new, |rate| format!("{rate:.0}")));
            let _ = writeln!(table, "| documents/s, loading | {name} | {} |", rates.collect::<Vec<_>>().join(" | "));
        }
        for (column, name) in names.iter().enumerate() {
            let megabytes = |bytes: &u64| format!("{:.1}", *bytes as f64 / 1e6);
            let bytes = grown.iter().map(|grown| grown.bytes.get(column).map_or_else(String::new, megabytes));
            let _ = writeln!(table, "| megabytes on the disk | {name} | {} |", bytes.collect::<Vec<_>>().join(" | "));
        }
        self.add(&table);
    }

    fn add(&mut self, text: &str) {
        print!("{text}");
        if let Some((_, section)) = self.sections.last_mut() {
            section.push_str(text);
        }
    }

    /// Writes the file; sections that this run has not measured are taken from the one that is there.
    pub fn write(mut self, path: &Path) -> Result {
        let before = std::fs::read_to_string(path).unwrap_or_default();
        self.sections.extend(sections(&before).filter(|(title, _)| SECTIONS.contains(&&**title)));
        let mut text = format!(
            "# Results\n\nWritten by `cargo xtask bench`. What is compared has its turns one after the other, in each of {} rounds where \
             nothing else is said; the median counts. Each connection has one request in flight. Servers and load generator share the \
             machine: where its load average was above 0.5 before, other work took part of it.\n",
            crate::ROUNDS
        );
        for title in SECTIONS {
            if let Some((_, section)) = self.sections.iter().find(|(found, _)| found == title) {
                let _ = write!(text, "\n## {title}\n\n{section}");
            }
        }
        Ok(std::fs::write(path, text)?)
    }
}

/// The sections of a file, by title.
fn sections(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split("\n## ").skip(1).filter_map(|section| {
        let (title, body) = section.split_once("\n\n")?;
        Some((title.to_owned(), format!("{}\n", body.trim_end())))
    })
}

fn compared(unit: &str, series: &[Series], shown: impl Fn(f64) -> String) -> String {
    let ours = series.first().map_or(f64::NAN, Series::median);
    let mut table = format!("\n| | {unit} | lowest–highest | mpcloud is |\n| --- | ---: | ---: | ---: |\n");
    for (n, series) in series.iter().enumerate() {
        if let Some(failure) = &series.failure {
            let _ = writeln!(table, "| {} | failed: {} | | |", series.name, shortened(failure.clone()));
            continue;
        }
        // The least time is that of the highest rate.
        let (low, high) = (shown(series.range().0), shown(series.range().1));
        let (low, high) = if unit == "milliseconds" { (high, low) } else { (low, high) };
        let ratio = ours / series.median();
        let ratio = if n == 0 || ratio.is_nan() { String::new() } else { format!("{ratio:.2} ×") };
        let _ = writeln!(table, "| {} | {} | {low}–{high} | {ratio} |", series.name, shown(series.median()));
    }
    table
}

/// Whether the first series reaches what the design asks of it.
fn judged(goal: Goal, series: &[Series]) -> String {
    let of = |n: usize| series.get(n).map_or(f64::NAN, Series::median);
    let (wanted, measured, met) = match goal {
        Goal::RateOfSecond => {
            let ratio = of(0) / of(1);
            ("at least the rate of workerd".to_owned(), format!("{ratio:.2} ×"), ratio >= 1.0)
        }
        Goal::Under(limit) => (format!("under {limit} ms"), format!("{} ms", milliseconds(of(0))), 1000.0 / of(0) < limit),
    };
    format!("\nThe goal is {wanted}: {measured}, {}.\n", if met { "reached" } else { "missed" })
}

/// How long one operation takes, from how many there are in a second.
fn milliseconds(rate: f64) -> String {
    let milliseconds = 1000.0 / rate;
    if milliseconds < 10.0 { format!("{milliseconds:.2}") } else { format!("{milliseconds:.0}") }
}

/// A message that fits into a table.
fn shortened(message: String) -> String {
    message.chars().map(|c| if matches!(c, '|' | '\n') { ' ' } else { c }).take(120).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_what_it_does_not_measure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("RESULTS.md");
        std::fs::write(&path, "# Results\n\n## A plugin call\n\nold call\n\n## The database\n\nold base\n\n### `x`\n\n## Unknown\n\nx\n")
            .unwrap();
        let mut report = Report::new("v8", None);
        report.begin_plugin_call();
        report.add("new call\n");
        report.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("new call\n") && !text.contains("old call") && !text.contains("Unknown"), "{text}");
        assert!(text.ends_with("\n## The database\n\nold base\n\n### `x`\n"), "{text}");
    }

    #[test]
    fn rates_become_times_and_failures_are_shown() {
        let fast = Series { figures: vec![200.0, 100.0, 400.0], ..Series::new("fast") };
        let slow = Series { figures: vec![50.0], ..Series::new("slow") };
        let broken = Series { failure: Some("a|b".into()), ..Series::new("broken") };
        let table = compared("milliseconds", &[fast, slow, broken], milliseconds);
        assert!(table.contains("| fast | 5.00 | 2.50–10 |  |\n"), "{table}");
        assert!(table.contains("| slow | 20 | 20–20 | 4.00 × |\n"), "{table}");
        assert!(table.contains("| broken | failed: a b | | |\n"), "{table}");
    }
    #[test]
    fn goals_are_judged_by_medians() {
        let series = [200.0, 100.0].map(|rate| Series { figures: vec![rate], ..Series::new("") });
        assert_eq!(judged(Goal::RateOfSecond, &series), "\nThe goal is at least the rate of workerd: 2.00 ×, reached.\n");
        assert_eq!(judged(Goal::Under(5.0), &series), "\nThe goal is under 5 ms: 5.00 ms, missed.\n");
        assert!(judged(Goal::RateOfSecond, &series[..1]).ends_with("missed.\n"));
    }
}
