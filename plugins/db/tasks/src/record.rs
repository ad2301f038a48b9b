//! The records of tasks, as they are in the system space.

use sdk_plugin::Result;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use serde::{Deserialize, Serialize};

/// A task: an export, an import, a restore or a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// A UUID.
    #[serde(rename = "_id")]
    pub id: String,
    /// The space that it works on.
    pub space_id: String,
    /// What it does.
    pub work: Work,
    /// How far it is.
    pub status: Status,
    /// How many documents are done.
    #[serde(default)]
    pub succeeded: u64,
    /// How many documents could not be stored.
    #[serde(default)]
    pub failed: u64,
    /// How much of it is done, in percent, where that can be told.
    #[serde(default)]
    pub percent: Option<u64>,
    /// Why it failed.
    #[serde(default)]
    pub message: String,
    /// The instance of the plugin that works on it; empty before anybody does.
    #[serde(default)]
    pub owner: String,
    /// Milliseconds since 1970.
    pub created: u64,
    /// When its owner was last heard of.
    pub modified: u64,
}

/// How far a task is. The names are the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// An import whose file has not been uploaded.
    New,
    /// Others are being worked on first.
    Waiting,
    /// It is being worked on.
    Running,
    /// Done.
    Success,
    /// It has ended, and `message` says why.
    Failed,
}

impl Status {
    /// The vendor's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

/// What a task does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Work {
    /// Writes a collection to a file.
    Export {
        /// The collection.
        collection: String,
        /// The form of the file.
        file_type: FileType,
        /// The fields to write; all of them when empty.
        fields: Vec<String>,
    },
    /// Reads a file into a collection.
    Import {
        /// The collection.
        collection: String,
        /// The form of the file.
        file_type: FileType,
        /// What to do with documents that are there already.
        mode: Mode,
        /// Where the file lies in the storage; empty until it is uploaded.
        #[serde(default)]
        file: String,
    },
    /// Makes new collections of those in a backup.
    Restore {
        /// The backup's id.
        backup_id: String,
        /// Which collections become which.
        collections: Vec<Restored>,
        /// Whether all of them are complete and only need their names.
        #[serde(default)]
        complete: bool,
    },
    /// Writes all collections to the storage.
    Backup {
        /// The backup's id.
        backup_id: String,
    },
}

/// A collection of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Its name in the backup.
    pub from: String,
    /// Its new name.
    pub to: String,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FileType {
    /// One JSON object a line.
    Json,
    /// Comma-separated values with a line of names.
    Csv,
}

impl FileType {
    /// Reads the parameter `FileType`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str) -> Result<Self> {
        match text.to_ascii_uppercase().as_str() {
            "JSON" => Ok(Self::Json),
            "CSV" => Ok(Self::Csv),
            _ => Err(sdk_plugin::Error::new(INVALID_PARAMETER, format!("FileType `{text}` is neither JSON nor CSV"))),
        }
    }

    /// What such a file's name ends in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// What an import does with documents that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// It leaves them, and counts the file's as failed.
    Insert,
    /// It replaces them.
    Upsert,
}

impl Mode {
    /// Reads the parameter `Mode`; empty stands for the vendor's default.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str) -> Result<Self> {
        match text.to_ascii_uppercase().as_str() {
            "INSERT" | "" => Ok(Self::Insert),
            "UPSERT" => Ok(Self::Upsert),
            _ => Err(sdk_plugin::Error::new(INVALID_PARAMETER, format!("Mode `{text}` is neither INSERT nor UPSERT"))),
        }
    }
}

/// The folder of a space's tasks in the system space's storage, which no client can address.
pub fn space_folder(space: &str) -> String {
    format!("db-tasks/{space}")
}

/// The folder of a task's files.
pub fn task_folder(space: &str, id: &str) -> String {
    format!("{}/{id}", space_folder(space))
}

/// Where the result of an export lies.
pub fn export_key(space: &str, id: &str) -> String {
    format!("{}/export", task_folder(space, id))
}

/// What a collection is called while a restore fills it. Nobody can guess it.
pub fn unfinished(task: &str, place: usize) -> String {
    format!("{RESTORING}{task}_{place}")
}

/// What the names of collections that are being restored begin with.
pub const RESTORING: &str = "restoring_";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_reads_as_it_is_written() {
        let work = Work::Restore {
            backup_id: "b".to_owned(),
            collections: vec![Restored { from: "a".to_owned(), to: "c".to_owned() }],
            complete: false,
        };
        let task = Task {
            id: "t".to_owned(),
            space_id: "s".to_owned(),
            work,
            status: Status::Running,
            succeeded: 1,
            failed: 0,
            percent: None,
            message: String::new(),
            owner: "o".to_owned(),
            created: 1,
            modified: 2,
        };
        let written = serde_json::to_value(&task).unwrap();
        assert_eq!(written["status"], task.status.name());
        assert_eq!(
            written["work"],
            json!({"kind": "restore", "backupId": "b", "collections": [{"from": "a", "to": "c"}], "complete": false})
        );
        assert_eq!(serde_json::to_value(serde_json::from_value::<Task>(written.clone()).unwrap()).unwrap(), written);
    }
}
