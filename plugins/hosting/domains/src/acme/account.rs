//! The account with the authority, which all nodes share.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Seal;
use super::authority::Authority;
use super::failure::Failure;

/// What the account's credentials are sealed for.
const PLACE: &str = "account";

/// The records of accounts, one for each authority.
pub struct Accounts<C> {
    records: Collection<C>,
    id: String,
    directory: String,
}

#[derive(Deserialize)]
struct Record {
    sealed: String,
}

impl<C: Calls> Accounts<C> {
    /// The account with the authority of a directory.
    pub fn new(records: Collection<C>, directory: &str) -> Self {
        Self { records, id: hex::encode(Sha256::digest(directory)), directory: directory.to_owned() }
    }

    /// Signs in, with a new account if there is none that can be used.
    ///
    /// # Errors
    /// What the authority or the database answers.
    pub async fn sign_in<A: Authority>(&self, authority: &A, seal: &Seal) -> Result<A::Account, Failure> {
        let Some(Record { sealed }) = self.records.get(&self.id).await? else {
            return self.register(authority, seal, None).await;
        };
        match seal.open(PLACE, &sealed) {
            Some(credentials) => match authority.sign_in(&credentials).await {
                Err(Failure::Account(_)) => self.register(authority, seal, Some(&sealed)).await,
                other => other,
            },
            None => {
                tracing::warn!("the account with the certificate authority was sealed with another master key; a new one is made");
                self.register(authority, seal, Some(&sealed)).await
            }
        }
    }

    /// Makes a new account in place of the one that the authority knows no more.
    ///
    /// # Errors
    /// What the authority or the database answers.
    pub async fn replace<A: Authority>(&self, authority: &A, seal: &Seal) -> Result<A::Account, Failure> {
        let known: Option<Record> = self.records.get(&self.id).await?;
        tracing::warn!(directory = self.directory, "the certificate authority does not know the account any more; a new one is made");
        self.register(authority, seal, known.as_ref().map(|record| record.sealed.as_str())).await
    }

    /// Makes an account, unless another node has just done so.
    async fn register<A: Authority>(&self, authority: &A, seal: &Seal, instead: Option<&str>) -> Result<A::Account, Failure> {
        let (account, credentials) = authority.register().await?;
        let sealed = seal.close(PLACE, &credentials)?;
        let mine = match instead {
            None => self.records.insert(json!({"_id": self.id, "space": "", "directory": self.directory, "sealed": sealed})).await?,
            Some(old) => self.records.update(json!({"_id": self.id, "sealed": old}), json!({"$set": {"sealed": sealed}})).await? > 0,
        };
        if mine {
            return Ok(account);
        }
        let Record { sealed } = self.records.require(&self.id).await?;
        let credentials = seal.open(PLACE, &sealed).ok_or_else(|| Error::internal("the account cannot be opened"))?;
        authority.sign_in(&credentials).await
    }
}
