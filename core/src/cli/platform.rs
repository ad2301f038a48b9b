//! `mpcloud platform`.

mod rules;
mod set;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::rules::Rules;
use self::set::Set;
use super::client::Client;
use super::output::{self, camel, table, text};
use super::{Failure, Options};

/// How much of a setting is shown in a table, in characters.
const SHOWN: usize = 60;

/// The commands on the mini programs of a space on their platforms.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a mini program with the keys that its platform gave out, or change them
    Set(Set),
    /// List a space's mini programs
    #[command(after_help = "Example:\n  mpcloud platform list --space ID")]
    List(Listed),
    /// Show what is set of a mini program; of secrets, the beginning of their SHA-256
    #[command(after_help = "Secrets are never shown. Whether one is the one that you have:
  printf %s \"$(cat FILE)\" | sha256sum

Example:
  mpcloud platform show alipay 2021000000000000 --space ID")]
    Show(App),
    /// Forget a mini program and its keys: its payments and logins stop
    #[command(after_help = "Example:\n  mpcloud platform delete alipay 2021000000000000 --space ID --yes")]
    Delete {
        #[command(flatten)]
        app: App,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Show or set which cloud calls the mini programs of a space may make
    Rules(Rules),
    /// List the platforms whose plugins are installed, and the settings that a mini program has there
    #[command(after_help = "Examples:
  mpcloud platform platforms
  mpcloud platform platforms wechat")]
    Platforms {
        /// Only this one
        platform: Option<String>,
    },
}

/// Names a mini program.
#[derive(Debug, Args)]
pub struct App {
    /// Its platform, such as alipay, wechat or dingtalk
    platform: String,
    /// Its id there
    #[arg(value_name = "APPID")]
    app_id: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

impl App {
    fn parameters(&self) -> [(&str, &str); 3] {
        [("SpaceId", &self.space), ("Platform", &self.platform), ("AppId", &self.app_id)]
    }
}

/// `mpcloud platform list`.
#[derive(Debug, Args)]
pub struct Listed {
    /// Only those of this platform
    platform: Option<String>,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::Set(set) => set.run(&client, output),
            Self::List(Listed { platform, space }) => {
                let parameters = [("SpaceId", space.as_str()), ("Platform", platform.as_deref().unwrap_or_default())];
                let apps = array(&client.call("ListPlatformApps", &parameters)?, "Apps");
                output.result(&json!({"apps": apps.iter().cloned().map(camel).collect::<Vec<_>>()}), || list(&apps))
            }
            Self::Show(app) => {
                let apps = array(&client.call("ListPlatformApps", &app.parameters())?, "Apps");
                let shown = apps.into_iter().next().unwrap_or_default();
                output.result(&camel(shown.clone()), || show(&shown))
            }
            Self::Delete { app, yes } => {
                let named = format!("{} on {}", app.app_id, app.platform);
                if !yes && !output::confirm(&format!("Delete the keys of {named}?")) {
                    return Err(Failure::new("nothing was deleted"));
                }
                client.call("DeletePlatformApp", &app.parameters())?;
                output.result(&json!({"platform": app.platform, "appId": app.app_id}), || format!("deleted {named}"))
            }
            Self::Rules(rules) => rules.run(&client, output),
            Self::Platforms { platform } => {
                let mut all = platforms(&client)?;
                if let Some(wanted) = platform {
                    let installed: Vec<String> = all.iter().map(|platform| text(platform, &["Platform"])).collect();
                    all.retain(|platform| text(platform, &["Platform"]) == wanted);
                    if all.is_empty() {
                        let advice =
                            format!("Installed are: {}", if installed.is_empty() { "none".to_owned() } else { installed.join(", ") });
                        return Err(Failure::new(format!("no plugin for the platform {wanted} is installed")).advise(advice));
                    }
                }
                output.result(&json!({"platforms": all.iter().cloned().map(camel).collect::<Vec<_>>()}), || describe(&all))
            }
        }
    }
}

/// The platforms whose plugins are installed. They belong to no space.
fn platforms(client: &Client) -> Result<Vec<Value>, Failure> {
    let reply = client.call("CallMethod", &[("Method", "admin.ListPlatforms"), ("Params", "{}")])?;
    let reply: Value =
        serde_json::from_str(&text(&reply, &["Result"])).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?;
    Ok(array(&reply, "Platforms"))
}

fn array(value: &Value, key: &str) -> Vec<Value> {
    value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn list(apps: &[Value]) -> String {
    let row = |app: &Value| {
        let names: Vec<String> = array(app, "Settings").iter().map(|setting| text(setting, &["Name"])).collect();
        let [platform, id, changed, problem] = ["Platform", "AppId", "UpdateTime", "Problem"].map(|key| text(app, &[key]));
        vec![platform, id, names.join(" "), changed, problem]
    };
    table(&["PLATFORM", "APP ID", "SETTINGS", "CHANGED", "PROBLEM"], &apps.iter().map(row).collect::<Vec<_>>())
}

fn show(app: &Value) -> String {
    let mut lines = Vec::new();
    for (name, key) in [
        ("platform", "Platform"),
        ("app id", "AppId"),
        ("acts for", "MerchantAppId"),
        ("added", "CreateTime"),
        ("changed", "UpdateTime"),
        ("problem", "Problem"),
    ] {
        let value = text(app, &[key]);
        if !value.is_empty() {
            lines.push(format!("{name:<9} {value}"));
        }
    }
    let row = |setting: &Value| vec![text(setting, &["Name"]), short(&text(setting, &["Value"]))];
    let settings: Vec<Vec<String>> = array(app, "Settings").iter().map(row).collect();
    if !settings.is_empty() {
        lines.extend([String::new(), table(&["SETTING", "VALUE"], &settings)]);
    }
    lines.join("\n")
}

/// The beginning of a setting on one line: certificates and keys are long.
fn short(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let beginning: String = line.chars().take(SHOWN).collect();
    if beginning.len() == line.len() { line } else { format!("{beginning}… ({} bytes)", value.len()) }
}

fn describe(platforms: &[Value]) -> String {
    if platforms.is_empty() {
        return "no plugin of a platform is installed".to_owned();
    }
    let one = |platform: &Value| {
        let row = |setting: &Value| {
            let kind = if is(setting, "Secret") { "secret" } else { "" };
            vec![text(setting, &["Name"]), kind.to_owned(), text(setting, &["About"])]
        };
        let rows: Vec<Vec<String>> = array(platform, "Settings").iter().map(row).collect();
        let apis = array(platform, "Apis").len();
        let name = text(platform, &["Platform"]);
        let has = if apis == 0 { "logins only".to_owned() } else { format!("{apis} APIs") };
        format!("{name}: {has}\n{}", table(&["SETTING", "", "WHAT IT IS"], &rows))
    };
    platforms.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_settings_are_shown_by_their_beginning() {
        let app = json!({"Platform": "alipay", "AppId": "2021", "MerchantAppId": "", "Problem": "", "Settings": [
            {"Name": "signMode", "Secret": false, "Value": "cert"},
            {"Name": "appCert", "Secret": false, "Value": format!("-----BEGIN\n{}", "证".repeat(100))},
        ]});
        let long = format!("-----BEGIN {}… (311 bytes)", "证".repeat(49));
        assert_eq!(show(&app), format!("platform  alipay\napp id    2021\n\nSETTING   VALUE\nsignMode  cert\nappCert   {long}"));
    }

    #[test]
    fn platforms_tell_which_settings_are_secret() {
        let platforms = [json!({"Platform": "dingtalk", "Apis": [], "Settings": [
            {"Name": "appSecret", "About": "The key.", "Secret": true},
            {"Name": "flavour", "About": "The kind.", "Secret": false},
        ]})];
        let shown = "dingtalk: logins only\nSETTING            WHAT IT IS\nappSecret  secret  The key.\nflavour            The kind.";
        assert_eq!(describe(&platforms), shown);
        assert!(describe(&[]).contains("no plugin"));
    }
}
