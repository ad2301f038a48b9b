//! `mpcloud function update`.

use clap::{ArgGroup, Args};

use super::{Failure, Named, Options, camel, text};

/// `mpcloud function update`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("changes").multiple(true).required(true),
    after_help = "A timer is six fields: second, minute, hour, day, month, weekday. Second and minute are one number
each, as a timer is due once an hour at most; the others take , - * and /. Day or weekday must be *
or ?. Times are UTC unless the server's timer_zone says otherwise.

Examples:
  mpcloud function update hello --space ID --http-path /http/hello
  mpcloud function update hello --space ID --timer '0 30 2 * * ?' --payload nightly --timeout 600
  mpcloud function update hello --space ID --timer '0 0 9 ? * MON-FRI'
  mpcloud function update hello --space ID --no-timer --no-http-path
  mpcloud function update hello --space ID --memory 256 --timeout 5 --concurrency 20 --desc greets"
)]
pub struct Update {
    #[command(flatten)]
    function: Named,
    /// The path of its HTTP trigger, which begins with /http
    #[arg(long, value_name = "PATH", group = "changes", conflicts_with = "no_http_path")]
    http_path: Option<String>,
    /// Take its HTTP trigger away
    #[arg(long, group = "changes")]
    no_http_path: bool,
    /// When its timer runs it; `cron:` may be left out
    #[arg(long, value_name = "CRON", group = "changes", conflicts_with = "no_timer")]
    timer: Option<String>,
    /// Take its timer away
    #[arg(long, group = "changes")]
    no_timer: bool,
    /// What the timer hands over, as `ctx.args.userPayload`
    #[arg(long, value_name = "TEXT", group = "changes")]
    payload: Option<String>,
    /// How long a call may take, in seconds: 10 count, to timers 600
    #[arg(long, value_name = "SECONDS", group = "changes")]
    timeout: Option<u32>,
    /// How much memory it may use, in megabytes
    #[arg(long, value_name = "MB", group = "changes")]
    memory: Option<u32>,
    /// How many calls run at once in one instance
    #[arg(long, value_name = "N", group = "changes")]
    concurrency: Option<u32>,
    /// What it is for
    #[arg(long, value_name = "TEXT", group = "changes")]
    desc: Option<String>,
}

impl Update {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let http_path = if self.no_http_path { Some(String::new()) } else { self.http_path.clone() };
        let timer = if self.no_timer { Some(String::new()) } else { self.timer.as_deref().map(cron) };
        let changes = [
            ("HttpTriggerPath", http_path),
            ("TimingTriggerConfig", timer),
            ("TimingTriggerUserPayload", self.payload.clone()),
            ("Timeout", number(self.timeout)),
            ("Memory", number(self.memory)),
            ("InstanceConcurrency", number(self.concurrency)),
            ("Desc", self.desc.clone()),
        ];
        let Named { name, space } = &self.function;
        let mut parameters = vec![("SpaceId", space.as_str()), ("Name", name.as_str())];
        parameters.extend(changes.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        let mut reply = options.client()?.call("UpdateFunction", &parameters)?;
        if let Some(map) = reply.as_object_mut() {
            map.remove("RequestId");
        }
        let (path, timer) = (text(&reply, &["HttpTriggerPath"]), text(&reply, &["TimingTriggerConfig"]));
        options.output().result(&camel(reply), || {
            let mut lines = vec![format!("updated {name}")];
            if !path.is_empty() {
                lines.push(format!("HTTP trigger: {path} (see `mpcloud function http show --space {space}`)"));
            }
            if !timer.is_empty() {
                lines.push(format!("timer: {timer}"));
            }
            lines.join("\n")
        })
    }
}

/// A cron text with what the server wants at its beginning.
fn cron(text: &str) -> String {
    if text.is_empty() || text.starts_with("cron:") { text.to_owned() } else { format!("cron:{text}") }
}
