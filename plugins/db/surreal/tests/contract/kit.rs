//! The conformance kit against every form of SurrealDB.

use sdk_plugin::conformance::db::run;

use crate::backend::Surreal;
use crate::server::Server;

/// In memory, below SurrealQL: one test for each case.
mod in_memory {
    use super::Surreal;

    async fn open() -> Surreal {
        Surreal::at("mem://").await
    }

    sdk_plugin::conformance_db!(open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_disk() {
    run(Surreal::at("").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_surrealql() {
    run(Surreal::at("surrealql+mem://").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_a_server() {
    let server = Server::start().await;
    run(server.connect().await).await;
}
