//! `mpcloud analytics app`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::output::{self, table, text};
use super::super::{Failure, Options};
use super::{ask, list};
use crate::management::timestamp;

/// The commands on applications.
#[derive(Debug, Subcommand)]
pub enum App {
    /// Create an application; its AppKey is what mini programs name it by
    #[command(after_help = "Examples:
  mpcloud analytics app create tea --space ID
  mpcloud analytics app create tea --space ID --platform wechat --time-zone Europe/Berlin")]
    Create {
        /// A name for people
        name: String,
        /// The platform of the mini program, such as alipay or wechat
        #[arg(long)]
        platform: Option<String>,
        /// The time zone that days begin in [default: Asia/Shanghai]
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// List a space's applications
    #[command(after_help = "Example:\n  mpcloud analytics app list --space ID")]
    List {
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// Show an application
    #[command(after_help = "Example:\n  mpcloud analytics app show KEY --space ID")]
    Show(Named),
    /// Change an application's name, or its time zone while there is no data
    #[command(after_help = "Example:\n  mpcloud analytics app update KEY --name tea --space ID")]
    Update {
        #[command(flatten)]
        app: Named,
        /// Its new name
        #[arg(long, required_unless_present = "time_zone")]
        name: Option<String>,
        /// Its new time zone
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// Delete an application and all that was collected for it
    #[command(after_help = "Example:\n  mpcloud analytics app delete KEY --space ID --yes")]
    Delete {
        #[command(flatten)]
        app: Named,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Names an application.
#[derive(Debug, Args)]
pub struct Named {
    /// Its AppKey
    #[arg(value_name = "KEY")]
    key: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

impl App {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::Create { name, platform, time_zone, space } => {
                let params = with(json!({"name": name}), [("platform", platform), ("timeZone", time_zone)]);
                let created = ask(&client, &space, "analytics.apps.create", &params)?;
                output.result(&created.raw, || format!("{}\n\n{}", show(&created.value), next_steps(&created.value, &space)))
            }
            Self::List { space } => {
                let listed = ask(&client, &space, "analytics.apps.list", &json!({}))?;
                output.result(&listed.raw, || {
                    let row = |app: &Value| {
                        let [key, name, platform, zone] = ["appKey", "name", "platform", "timeZone"].map(|key| text(app, &[key]));
                        vec![key, name, platform, zone, created(app)]
                    };
                    let rows: Vec<Vec<String>> = list(&listed.value, "apps").iter().map(row).collect();
                    table(&["APP KEY", "NAME", "PLATFORM", "TIME ZONE", "CREATED"], &rows)
                })
            }
            Self::Show(Named { key, space }) => {
                let app = ask(&client, &space, "analytics.apps.get", &json!({"appKey": key}))?;
                output.result(&app.raw, || show(&app.value))
            }
            Self::Update { app: Named { key, space }, name, time_zone } => {
                let params = with(json!({"appKey": key}), [("name", name), ("timeZone", time_zone)]);
                let changed = ask(&client, &space, "analytics.apps.update", &params)?;
                output.result(&changed.raw, || show(&changed.value))
            }
            Self::Delete { app, yes } => {
                delete(&client, &app, yes).and_then(|()| output.result(&json!({"appKey": app.key}), || format!("deleted {}", app.key)))
            }
        }
    }
}

fn delete(client: &Client, app: &Named, yes: bool) -> Result<(), Failure> {
    if !yes && !output::confirm(&format!("Delete the application {} and all that was collected for it?", app.key)) {
        return Err(Failure::new("nothing was deleted"));
    }
    ask(client, &app.space, "analytics.apps.delete", &json!({"appKey": app.key})).map(drop)
}

/// Parameters, with those that were given besides.
fn with<const N: usize>(mut params: Value, more: [(&str, Option<String>); N]) -> Value {
    let more = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    if let Some(params) = params.as_object_mut() {
        params.extend(more.collect::<Map<_, _>>());
    }
    params
}

fn show(app: &Value) -> String {
    let named = [("app key", "appKey"), ("name", "name"), ("platform", "platform"), ("time zone", "timeZone")];
    let named = named.map(|(name, key)| (name, text(app, &[key])));
    let lines = named.into_iter().chain([("created", created(app))]);
    let shown = lines.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name:<9}  {value}"));
    shown.collect::<Vec<_>>().join("\n")
}

/// When it was created, which is told in milliseconds since 1970.
fn created(app: &Value) -> String {
    app.get("createdAt").and_then(Value::as_i64).map_or_else(|| text(app, &["createdAt"]), timestamp::format)
}

fn next_steps(app: &Value, space: &str) -> String {
    let key = text(app, &["appKey"]);
    format!(
        "Next, in the mini program's app.js (docs/analytics.md has the whole):

  MPAnalyse.init('{key}', my, {{ mpServerless: serverless, platformParam: options }}); // in onLaunch
  MPAnalyse.resume(); // in onShow
  MPAnalyse.pause();  // in onHide

and see what arrives:

  mpcloud analytics report realtime --app {key} --space {space}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_sent() {
        let params = with(json!({"name": "tea"}), [("platform", None), ("timeZone", Some("Asia/Tokyo".to_owned()))]);
        assert_eq!(params, json!({"name": "tea", "timeZone": "Asia/Tokyo"}));
    }

    #[test]
    fn a_new_application_says_what_to_do_next() {
        let app = json!({"appKey": "k1", "name": "tea", "platform": null, "timeZone": "Asia/Shanghai", "createdAt": 1_764_187_200_000_i64});
        assert_eq!(show(&app), "app key    k1\nname       tea\ntime zone  Asia/Shanghai\ncreated    2025-11-26T20:00:00Z");
        let steps = next_steps(&app, "s1");
        assert!(steps.contains("MPAnalyse.init('k1', my") && steps.contains("--app k1 --space s1"), "{steps}");
    }
}
