//! `mpcloud analytics export`: files that were downloaded before stay, so that one that broke off
//! is gone on with by the same command. Each application has a folder of its own, in which only files
//! with names of our form are ever replaced or removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::output::text;
use super::super::progress::Progress;
use super::super::save::{exists, save};
use super::super::{Failure, Options};
use super::days::day;
use super::{Target, ask, list};

/// How long links are used before others are asked for: they expire.
const FRESH: Duration = Duration::from_secs(240);

/// `mpcloud analytics export`.
#[derive(Debug, Args)]
#[command(after_help = "Each row is an event: a launch, or that a launch went on for longer. A file has those that were
received on one day (UTC); DuckDB, ClickHouse, pandas and Spark read it. The files are DIR/KEY/DAY-ID.parquet.
Those that are there with the right size are not downloaded again. The server merges the files of
a day once it is over.

Examples:
  mpcloud analytics export --app KEY --space ID --output events
  mpcloud analytics export --app KEY --space ID --from 2026-11-01 --to 2026-11-30 --output events
  duckdb -c \"SELECT count(*) FROM 'events/KEY/*.parquet'\"")]
pub struct Export {
    #[command(flatten)]
    target: Target,
    /// The first day [default: the first that there is]
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<String>,
    /// The last day [default: the last that there is]
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<String>,
    /// The folder to write to, in which each application has its own; both are made
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Replace files that differ, and remove those that the server has merged since
    #[arg(long)]
    force: bool,
}

/// A file that can be downloaded.
struct Remote {
    date: String,
    /// What the server calls it.
    name: String,
    rows: u64,
    bytes: u64,
    link: String,
}

impl Export {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let mut links = Links::ask(&client, &self.target, self.from.as_deref(), self.to.as_deref())?;
        let whole: u64 = links.files.iter().map(|file| file.bytes).sum();
        let rows: u64 = links.files.iter().map(|file| file.rows).sum();
        let folder = folder(&self.output, &self.target.app)?;
        fs::create_dir_all(&folder).map_err(|e| Failure::new(format!("cannot create {}: {e}", folder.display())))?;
        let places: Vec<PathBuf> = links.files.iter().map(|file| place(&folder, file)).collect::<Result<_, _>>()?;
        let merged = merged(&folder, &links.files, &places)?;
        if let Some(file) = merged.first().filter(|_| !self.force) {
            let message = format!("the server has merged {} with others since it was downloaded", file.display());
            return Err(Failure::new(message).advise("Remove such files with --force, or write to another folder."));
        }
        let there: Vec<bool> = links.files.iter().zip(&places).map(|(file, place)| self.is_there(file, place)).collect::<Result<_, _>>()?;

        let mut progress = Progress::new(options);
        let done = self.download(&client, &mut links, &places, &there, &mut progress);
        progress.end();
        done?;
        for file in &merged {
            fs::remove_file(file).map_err(|e| Failure::new(format!("cannot remove {}: {e}", file.display())))?;
        }

        let shown: Vec<Value> = links
            .files
            .iter()
            .zip(places.iter().zip(&there))
            .map(|(file, (place, there))| {
                json!({"date": file.date, "file": place.display().to_string(), "rows": file.rows, "bytes": file.bytes, "downloaded": !there})
            })
            .collect();
        let kept = there.iter().filter(|there| **there).count();
        let folder = folder.display().to_string();
        options.output().result(&json!({"folder": folder, "files": shown, "rows": rows, "bytes": whole}), || {
            let had = if kept == 0 { String::new() } else { format!(", {kept} of which were there") };
            format!("{rows} events in {} files in {folder}{had}", places.len())
        })
    }

    /// Whether a file was downloaded before.
    fn is_there(&self, file: &Remote, place: &Path) -> Result<bool, Failure> {
        match fs::metadata(place) {
            Ok(found) if found.is_file() && found.len() == file.bytes => Ok(true),
            Ok(_) if !self.force => Err(exists(place)),
            _ => Ok(false),
        }
    }

    fn download(
        &self,
        client: &Client,
        links: &mut Links,
        places: &[PathBuf],
        there: &[bool],
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let wanted: Vec<usize> = (0..places.len()).filter(|index| there.get(*index) == Some(&false)).collect();
        let size = |index: &usize| links.files.get(*index).map_or(0, |file| file.bytes);
        let whole: u64 = wanted.iter().map(size).sum();
        let mut done = 0_u64;
        for (count, index) in wanted.iter().enumerate() {
            if links.asked.elapsed() > FRESH {
                links.refresh(client, &self.target)?;
            }
            let (Some(file), Some(place)) = (links.files.get(*index), places.get(*index)) else { break };
            let percent = done.saturating_mul(100).checked_div(whole);
            progress.show(percent, &format!("downloading {} of {}: {}", count + 1, wanted.len(), file.date));
            save(place, self.force, |out| {
                let bytes = client.download(&file.link, out)?;
                if bytes == file.bytes {
                    return Ok(bytes);
                }
                Err(Failure::new(format!("{} has changed meanwhile", file.name)).advise("Run the command again."))
            })?;
            done += file.bytes;
        }
        Ok(())
    }
}

/// What there is to download, and since when the links hold.
struct Links {
    files: Vec<Remote>,
    asked: Instant,
}

impl Links {
    fn ask(client: &Client, target: &Target, from: Option<&str>, to: Option<&str>) -> Result<Self, Failure> {
        let given = [("from", from), ("to", to)].into_iter().filter_map(|(name, day)| Some((name.to_owned(), json!(day?))));
        let params: Map<String, Value> = std::iter::once(("appKey".to_owned(), json!(target.app))).chain(given).collect();
        let asked = Instant::now();
        let reply = ask(client, &target.space, "analytics.export.list", &Value::Object(params))?;
        let number = |file: &Value, key: &str| file.get(key).and_then(Value::as_u64).unwrap_or_default();
        let remote = |file: &Value| {
            let [date, name, link] = ["date", "name", "url"].map(|key| text(file, &[key]));
            Remote { date, name, rows: number(file, "rows"), bytes: number(file, "bytes"), link }
        };
        Ok(Self { files: list(&reply.value, "files").iter().map(remote).collect(), asked })
    }

    /// New links for the same files.
    fn refresh(&mut self, client: &Client, target: &Target) -> Result<(), Failure> {
        let days = || self.files.iter().map(|file| file.date.as_str());
        let mut new = Self::ask(client, target, days().min(), days().max())?;
        for file in &mut self.files {
            if let Some(found) = new.files.iter_mut().find(|found| found.date == file.date && found.name == file.name) {
                file.link = std::mem::take(&mut found.link);
            }
        }
        self.asked = new.asked;
        Ok(())
    }
}

/// The folder of an application.
fn folder(output: &Path, app: &str) -> Result<PathBuf, Failure> {
    if app.is_empty() || !app.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Failure::new(format!("`{app}` is no AppKey")));
    }
    Ok(output.join(app))
}

/// Where a file goes.
fn place(folder: &Path, file: &Remote) -> Result<PathBuf, Failure> {
    match dated(&file.name) {
        Some(date) if date == file.date => Ok(folder.join(&file.name)),
        _ => Err(Failure::new(format!("the server named a file of {} `{}`, which is no name to write", file.date, file.name))),
    }
}

/// The day of a file that is named as the server names them: `2026-11-26-`, 32 hexadecimal digits, `.parquet`.
fn dated(name: &str) -> Option<&str> {
    let (date, id) = name.strip_suffix(".parquet")?.split_at_checked(10)?;
    let id = id.strip_prefix('-')?;
    (day(date).is_ok() && id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(date)
}

/// The files of these days that were downloaded earlier, and that the server does not have any more.
fn merged(folder: &Path, files: &[Remote], places: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", folder.display()));
    let mut merged = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name();
        let of_these_days = name.to_str().and_then(dated).is_some_and(|date| files.iter().any(|file| file.date == date));
        if of_these_days && entry.file_type().map_err(cannot)?.is_file() && !places.contains(&entry.path()) {
            merged.push(entry.path());
        }
    }
    merged.sort();
    Ok(merged)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn remote(name: &str) -> Remote {
        Remote { date: "2026-11-26".into(), name: name.into(), rows: 1, bytes: 4, link: String::new() }
    }

    /// A name of our form.
    fn name(date: &str, id: char) -> String {
        format!("{date}-{}.parquet", id.to_string().repeat(32))
    }

    #[test]
    fn only_names_of_our_form_are_written() {
        let good = name("2026-11-26", 'a');
        assert_eq!(place(Path::new("d"), &remote(&good)).unwrap(), Path::new("d").join(&good));
        let (upper, other_day) = (name("2026-11-26", 'A'), name("2026-11-25", 'a'));
        let (short, inside) = (good.replacen("aa", "a", 1), format!("raw/{good}"));
        for bad in ["", ".", "..", "2026-11-26.parquet", "2026-11-26-1.parquet", "二〇二六-11-26", &upper, &other_day, &short, &inside]
        {
            assert!(place(Path::new("d"), &remote(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_application_has_a_folder_within() {
        assert_eq!(folder(Path::new("d"), "0a1b").unwrap(), Path::new("d").join("0a1b"));
        for bad in ["", ".", "..", "a/b", "a\\b"] {
            assert!(folder(Path::new("d"), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_merged_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (here, merged_one, unlisted) = (name("2026-11-26", 'a'), name("2026-11-26", 'b'), name("2026-11-25", 'c'));
        let (part, upper) = (format!("{merged_one}.part"), name("2026-11-26", 'D'));
        for name in [&here, &merged_one, &unlisted, &part, &upper, "2026-11-26-mine.parquet", "2026-11-26.parquet", "2026-11-26.csv"] {
            fs::write(folder.path().join(name), b"1234").unwrap();
        }
        fs::create_dir(folder.path().join(name("2026-11-26", 'e'))).unwrap();
        let files = [remote(&here)];
        let places = [place(folder.path(), &files[0]).unwrap()];
        assert_eq!(merged(folder.path(), &files, &places).unwrap(), [folder.path().join(merged_one)]);
    }

    #[test]
    fn files_with_the_right_size_are_there_and_others_are_not_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target { app: "k".into(), space: "s".into() };
        let mut export = Export { target, from: None, to: None, output: folder.path().into(), force: false };
        let (file, path) = (remote("a.parquet"), folder.path().join("a.parquet"));
        assert!(!export.is_there(&file, &path).unwrap());
        fs::write(&path, b"1234").unwrap();
        assert!(export.is_there(&file, &path).unwrap());
        fs::write(&path, b"12345").unwrap();
        assert!(export.is_there(&file, &path).is_err());
        export.force = true;
        assert!(!export.is_there(&file, &path).unwrap());
    }
}
