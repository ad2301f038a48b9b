//! `mpcloud platform set`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal as _, Read, stdin};
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::super::client::Client;
use super::super::output::{Output, camel, complain, text};
use super::{App, Failure, array, is, platforms, show};

/// The longest setting that is read, in bytes; the server refuses those that are longer.
const MAX_SETTING: u64 = 64 << 10;

/// `mpcloud platform set`.
#[derive(Debug, Args)]
#[command(after_help = "Settings that are not named stay as they are; `--setting NAME=` removes one. All of them are checked
together before anything is stored. Secrets are read from files or standard input, never from the
command line, where others on this machine see them. See `mpcloud platform platforms` for the
settings of each platform.

Examples:
  mpcloud platform set alipay APPID --file privateKey=app.pem --file publicKey=alipay.pem --space ID
  mpcloud platform set alipay APPID --space ID --setting signMode=cert \\
      --file appCert=appCertPublicKey.crt --file publicCert=alipayCertPublicKey_RSA2.crt \\
      --file rootCert=alipayRootCert.crt
  pass wechat/secret | mpcloud platform set wechat APPID --stdin appSecret --space ID
  mpcloud platform set dingtalk APPID --setting flavour=enterprise --file appSecret=s.txt --space ID")]
pub struct Set {
    #[command(flatten)]
    app: App,
    /// A setting that is no secret; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    setting: Vec<String>,
    /// A setting that is what a file holds; may be given several times
    #[arg(long, value_name = "NAME=PATH")]
    file: Vec<String>,
    /// The setting that is read from standard input
    #[arg(long, value_name = "NAME")]
    stdin: Option<String>,
}

/// The words around the first `=` of each. The error shows neither, as they may be a key.
fn pairs(option: &str, texts: Vec<String>) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::usage(format!("{option} must be a name, `=`, and what goes with it"))),
    };
    texts.into_iter().map(pair).collect()
}

impl Set {
    pub fn run(self, client: &Client, output: Output) -> Result<(), Failure> {
        let (texts, files) = (pairs("--setting", self.setting)?, pairs("--file", self.file)?);
        let names: Vec<&str> = texts.iter().chain(&files).map(|(name, _)| name.as_str()).chain(self.stdin.as_deref()).collect();
        if names.is_empty() {
            return Err(Failure::usage("nothing to set").advise("Give --setting, --file or --stdin."));
        }
        if let Some(twice) = names.iter().enumerate().find_map(|(place, name)| names.iter().skip(place + 1).find(|other| *other == name)) {
            return Err(Failure::usage(format!("the setting {twice} is given twice")));
        }
        refuse_secrets(&texts, &self.app.platform, &platforms(client)?)?;
        let mut settings: BTreeMap<String, String> = texts.into_iter().collect();
        for (name, path) in files {
            let path = PathBuf::from(path);
            let shown = path.display().to_string();
            let file = File::open(&path).map_err(|e| Failure::new(format!("{shown}: {e}")))?;
            settings.insert(name, read(file, &shown)?);
        }
        if let Some(name) = self.stdin {
            if stdin().is_terminal() {
                complain(&format!("{name}, then Ctrl-D:"));
            }
            settings.insert(name, read(stdin().lock(), "standard input")?);
        }
        let settings = serde_json::to_string(&settings).map_err(|e| Failure::new(e.to_string()))?;
        let parameters: Vec<(&str, &str)> = self.app.parameters().into_iter().chain([("Settings", settings.as_str())]).collect();
        let reply = client.call("SavePlatformApp", &parameters)?;
        let app = reply.get("App").cloned().unwrap_or_default();
        output.result(&camel(app.clone()), || show(&app))
    }
}

/// Refuses what would be in the shell's history and in lists of processes. The server has the last
/// word on platforms that are not installed.
fn refuse_secrets(settings: &[(String, String)], platform: &str, installed: &[Value]) -> Result<(), Failure> {
    let known = installed.iter().find(|known| text(known, &["Platform"]) == platform).map(|known| array(known, "Settings"));
    let secrets: Vec<String> =
        known.unwrap_or_default().iter().filter(|setting| is(setting, "Secret")).map(|setting| text(setting, &["Name"])).collect();
    match settings.iter().find(|(name, value)| !value.is_empty() && secrets.contains(name)) {
        Some((name, _)) => Err(Failure::usage(format!("{name} is a secret, and a command line is no place for one")).advise(format!(
            "Others on this machine see it there, and the shell keeps it. Give it with --file {name}=PATH or --stdin {name}."
        ))),
        None => Ok(()),
    }
}

/// What a file holds, without white space around it.
fn read(from: impl Read, shown: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(MAX_SETTING + 1).read_to_end(&mut bytes).map_err(|e| Failure::new(format!("{shown}: {e}")))?;
    if bytes.len() as u64 > MAX_SETTING {
        return Err(Failure::new(format!("{shown} has more than {MAX_SETTING} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!("{shown} is no text")).advise("Keys and certificates must be PEM, or what the platform shows of them.")
    })?;
    match text.trim() {
        "" => Err(Failure::new(format!("{shown} is empty")).advise("To remove a setting, give --setting NAME= with nothing behind it.")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        let read = pairs("--setting", vec!["a=b=c".to_owned(), "a=".to_owned()]).unwrap();
        assert_eq!(read, [("a".to_owned(), "b=c".to_owned()), ("a".to_owned(), String::new())]);
        for text in ["", "SECRET", "=SECRET"] {
            let refused = pairs("--file", vec![text.to_owned()]).unwrap_err();
            assert!(refused.exit_code() == 2 && !refused.to_string().contains("SECRET"), "{refused}");
        }
    }

    #[test]
    fn secrets_are_refused_on_the_command_line_but_may_be_removed() {
        let installed =
            [json!({"Platform": "wechat", "Settings": [{"Name": "appSecret", "Secret": true}, {"Name": "mchId", "Secret": false}]})];
        let given = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        let refused = refuse_secrets(&given("appSecret", "SECRET"), "wechat", &installed).unwrap_err();
        assert!(refused.exit_code() == 2 && refused.to_string().contains("--stdin appSecret"), "{refused}");
        assert!(!refused.to_string().contains("SECRET"));
        for (name, value, platform) in [("appSecret", "", "wechat"), ("mchId", "1", "wechat"), ("appSecret", "x", "other")] {
            refuse_secrets(&given(name, value), platform, &installed).unwrap();
        }
    }

    #[test]
    fn files_are_texts_of_some_length() {
        assert_eq!(read(&b"\n key \r\n"[..], "f").unwrap(), "key");
        for (bytes, says) in
            [(&b" \n"[..], "f is empty"), (&b"\xff\xfe"[..], "f is no text"), (&[b'a'; 65_537][..], "f has more than 65536 bytes")]
        {
            assert!(read(bytes, "f").unwrap_err().to_string().contains(says));
        }
    }
}
