//! How far something is that takes long: a bar on a terminal, lines elsewhere, nothing beside JSON.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Options;
use super::output::complain;

/// How often lines are printed where there is no terminal.
const LINES: Duration = Duration::from_secs(5);

/// Shows on standard error how far something is.
pub struct Progress {
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { last: Option<(Instant, String)> },
}

impl Progress {
    /// Shows it as the options and standard error ask for.
    pub fn new(options: &Options) -> Self {
        let shown = match (options.json, stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, false) => Shown::Lines { last: None },
            (false, true) => Shown::Bar(bar()),
        };
        Self { shown }
    }

    /// It is so far: a part in percent, where that is known, and a few words.
    pub fn show(&mut self, percent: Option<u64>, words: &str) {
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if let Some(percent) = percent {
                    bar.set_position(percent);
                }
                bar.set_message(words.to_owned());
            }
            Shown::Lines { last } => {
                let due = last.as_ref().is_none_or(|(at, line)| at.elapsed() >= LINES && line != words);
                if due {
                    complain(&line(percent, words));
                    *last = Some((Instant::now(), words.to_owned()));
                }
            }
        }
    }

    /// It has ended; the terminal is for the result.
    pub fn end(self) {
        if let Shown::Bar(bar) = self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("[{bar:30}] {percent:>3} %  {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn line(percent: Option<u64>, words: &str) -> String {
    match percent {
        Some(percent) => format!("{percent:>3} %  {words}"),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_percentage_where_it_is_known() {
        assert_eq!(line(Some(5), "exported 10"), "  5 %  exported 10");
        assert_eq!(line(None, "waiting"), "waiting");
    }

    #[test]
    fn lines_are_rare() {
        let mut progress = Progress { shown: Shown::Lines { last: None } };
        for count in 0..1000 {
            progress.show(None, &format!("exported {count}"));
        }
        let Shown::Lines { last: Some((_, words)) } = progress.shown else { panic!("a line was printed") };
        assert_eq!(words, "exported 0");
    }
}
