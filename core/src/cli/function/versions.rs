//! `mpcloud function versions` and `rollback`.

use clap::Args;
use serde_json::{Value, json};

use super::{Client, Failure, Named, Options, deploy, table, text};

/// Prints a function's deployments, newest first.
pub fn list(named: &Named, options: &Options) -> Result<(), Failure> {
    let client = options.client()?;
    let (deployments, active) = deployments(&client, named)?;
    let shown = |deployment: &Value| {
        json!({
            "version": text(deployment, &["VersionNo"]).parse::<u64>().ok(),
            "deploymentId": text(deployment, &["DeploymentId"]),
            "status": text(deployment, &["Status", "Status"]),
            "active": text(deployment, &["DeploymentId"]) == active,
            "createdAt": text(deployment, &["CreatedAt"]),
            "downloadSignedUrl": text(deployment, &["DownloadSignedUrl"]),
        })
    };
    let all: Vec<Value> = deployments.iter().map(shown).collect();
    options.output().result(&json!({"versions": all}), || {
        let row = |item: &Value| {
            let mark = if item["active"] == true { "active" } else { "" };
            vec![
                text(item, &["version"]),
                mark.to_owned(),
                text(item, &["status"]),
                text(item, &["createdAt"]),
                text(item, &["deploymentId"]),
            ]
        };
        table(&["VERSION", "", "STATUS", "CREATED", "DEPLOYMENT"], &all.iter().map(row).collect::<Vec<_>>())
    })
}

/// The deployments of a function, and the id of the active one.
fn deployments(client: &Client, Named { name, space }: &Named) -> Result<(Vec<Value>, String), Failure> {
    let of_function = [("SpaceId", space.as_str()), ("Name", name.as_str())];
    let active = text(&client.call("DescribeFunction", &of_function)?, &["Deployment", "DeploymentId"]);
    Ok((client.all("ListFunctionDeployment", &of_function)?, active))
}

/// `mpcloud function rollback`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud function rollback hello --space ID            the version before the active one
  mpcloud function rollback hello --space ID --to 3     version 3, or a deployment by its id")]
pub struct Rollback {
    #[command(flatten)]
    function: Named,
    /// A version's number, or a deployment's id; the version before the active one by default
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
}

impl Rollback {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let (deployments, active) = deployments(&client, &self.function)?;
        let Named { name, space } = &self.function;
        let target = choose(&deployments, &active, self.to.as_deref()).map_err(|message| {
            Failure::new(message).advise(format!("List them with `mpcloud function versions {name} --space {space}`."))
        })?;
        let (id, version) = (text(target, &["DeploymentId"]), text(target, &["VersionNo"]));
        client.call("DeployFunction", &[("SpaceId", space), ("DeploymentId", &id)])?;
        deploy::wait(&client, &[("SpaceId", space), ("Name", name)], &id)?;
        let done = json!({"name": name, "version": version.parse::<u64>().ok(), "deploymentId": id});
        options.output().result(&done, || format!("version {version} of {name} is active"))
    }
}

/// The deployment to go back to.
fn choose<'a>(deployments: &'a [Value], active: &str, to: Option<&str>) -> Result<&'a Value, String> {
    let version = |deployment: &Value| text(deployment, &["VersionNo"]).parse::<u64>().unwrap_or(0);
    match to {
        Some(to) => deployments
            .iter()
            .find(|deployment| text(deployment, &["DeploymentId"]) == to || text(deployment, &["VersionNo"]) == to)
            .ok_or_else(|| format!("there is no version or deployment `{to}`")),
        None => {
            let current = deployments.iter().find(|deployment| text(deployment, &["DeploymentId"]) == active).map_or(0, version);
            let older = deployments.iter().filter(|deployment| (1..current).contains(&version(deployment)));
            older.max_by_key(|deployment| version(deployment)).ok_or_else(|| "there is no version before the active one".to_owned())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_the_active_one_is_the_default() {
        let deployment = |id: &str, version: &str| json!({"DeploymentId": id, "VersionNo": version});
        let all = [deployment("d", ""), deployment("c", "10"), deployment("b", "9"), deployment("a", "1")];
        let chosen = |active: &str, to: Option<&str>| choose(&all, active, to).map(|chosen| text(chosen, &["DeploymentId"]));
        assert_eq!(chosen("c", None).unwrap(), "b");
        assert_eq!(chosen("b", None).unwrap(), "a");
        assert!(chosen("a", None).unwrap_err().contains("no version before"));
        assert!(chosen("", None).is_err());
        assert_eq!(chosen("a", Some("10")).unwrap(), "c");
        assert_eq!(chosen("a", Some("d")).unwrap(), "d");
        assert!(chosen("a", Some("7")).is_err());
    }
}
