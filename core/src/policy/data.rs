//! Rules for collections (manual 3.2.1). By default everybody reads and only administrators write.

use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;

/// `.read` and `.write` of a collection.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub read: bool,
    pub write: bool,
}

#[derive(Deserialize)]
struct Command {
    command: Option<String>,
}

/// What a command does. One that is not known is refused, so that a new one is not a hole.
fn access(command: &str) -> Option<Access> {
    match command {
        "find" | "findOne" | "count" | "distinct" => Some(Access::Read),
        "insertOne" | "insertMany" | "updateOne" | "updateMany" | "replaceOne" | "deleteOne" | "deleteMany" => Some(Access::Write),
        "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => Some(Access::Both),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
    /// These give back the document, so that writing alone must not be enough to read it.
    Both,
}

impl Rule {
    pub fn apply(self, call: Call) -> Result<Call> {
        let command: Command = call.decode()?;
        let command = command.command.ok_or_else(|| Error::invalid_params("params of a database call need a `command`"))?;
        let allowed = match access(&command) {
            Some(Access::Read) => self.read,
            Some(Access::Write) => self.write,
            Some(Access::Both) => self.read && self.write,
            None => false,
        };
        if !allowed {
            let message = format!("the rules of this collection do not allow `{command}` from a mini program; call a cloud function");
            return Err(Error::new(codes::PERMISSION_DENIED, message));
        }
        Ok(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: Rule, command: &str) -> bool {
        let params = format!(r#"{{"collection":"c","command":"{command}"}}"#);
        match rule.apply(Call::new("space", "m", params)) {
            Ok(_) => true,
            Err(e) => {
                assert_eq!(e.code(), codes::PERMISSION_DENIED);
                false
            }
        }
    }

    #[test]
    fn the_default_rule_reads_and_does_not_write() {
        let default = Rule { read: true, write: false };
        for command in ["find", "findOne", "count", "distinct"] {
            assert!(allowed(default, command), "{command}");
        }
        for command in
            ["insertOne", "insertMany", "updateOne", "deleteMany", "replaceOne", "findOneAndDelete", "aggregate", "dropDatabase", ""]
        {
            assert!(!allowed(default, command), "{command}");
        }
        assert!(!allowed(Rule { read: false, write: true }, "findOneAndUpdate"));
        assert!(allowed(Rule { read: false, write: true }, "updateOne"));
    }

    #[test]
    fn the_last_of_two_commands_is_not_smuggled_past() {
        let params = r#"{"command":"find","command":"insertOne"}"#;
        let rule = Rule { read: true, write: false };
        assert!(rule.apply(Call::new("space", "m", params)).is_err());
    }
}
