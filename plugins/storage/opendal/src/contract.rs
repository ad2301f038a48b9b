//! The conformance kit of the contract, against a file system and against memory.

use std::sync::Arc;

use opendal::Operator;
use sdk_plugin::conformance::storage::Backend;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Reply, Result};
use tempfile::TempDir;

use crate::Storage;
use crate::store::Store;

/// The plugin without a host.
#[derive(Clone)]
struct Plugin {
    storage: Arc<Storage>,
    _folder: Option<Arc<TempDir>>,
}

impl Calls for Plugin {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.storage.clone().call(call).await
    }
}

impl Backend for Plugin {
    async fn delete_space(&self, space: &str) -> Result<()> {
        self.storage.delete_space(space).await
    }
}

async fn over(operator: Operator, folder: Option<TempDir>) -> Plugin {
    let store = Store::open(operator).await.unwrap();
    Plugin { storage: Arc::new(Storage { store }), _folder: folder.map(Arc::new) }
}

mod fs {
    use super::*;

    async fn open() -> Plugin {
        opendal::init_default_registry();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap().to_owned();
        over(Operator::via_iter("fs", [("root".to_owned(), root)]).unwrap(), Some(folder)).await
    }

    sdk_plugin::conformance_storage!(open);
}

mod memory {
    use super::*;

    async fn open() -> Plugin {
        opendal::init_default_registry();
        over(Operator::via_iter("memory", []).unwrap(), None).await
    }

    sdk_plugin::conformance_storage!(open);
}
