//! What is kept: batches in the database until they are folded, a manifest of each application, and
//! files in the storage. All of it is in the system space.

mod large;
pub mod manifest;
pub mod objects;
pub mod peers;
pub mod pending;

use std::sync::Arc;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;

pub use manifest::{Manifest, Manifests};
pub use objects::Objects;
pub use peers::Peers;
pub use pending::Pending;

/// All that is kept of applications, but their own records.
#[derive(Clone, Debug)]
pub struct Store<C> {
    /// The batches.
    pub pending: Pending<C>,
    /// The manifests.
    pub manifests: Manifests<C>,
    /// The files.
    pub objects: Objects<C>,
    /// The nodes.
    pub peers: Arc<Peers<C>>,
}

impl<C: Calls> Store<C> {
    /// What is kept behind these calls, for a node of this name.
    pub fn new(calls: &C, node: &str) -> Self {
        Self {
            pending: Pending::new(calls.clone()),
            manifests: Manifests::new(calls.clone()),
            objects: Objects::new(calls.clone()),
            peers: Arc::new(Peers::new(calls.clone(), node.to_owned())),
        }
    }

    /// Removes all of an application.
    ///
    /// # Errors
    /// What database and storage answer; what is left is removed by doing it again.
    pub async fn purge(&self, app: &str) -> Result<()> {
        // The manifest before the files: whoever folds meanwhile then loses.
        self.pending.clear(app).await?;
        self.manifests.delete(app).await?;
        self.objects.clear(app).await
    }
}
