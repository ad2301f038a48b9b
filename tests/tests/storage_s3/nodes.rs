//! Two servers over one database and one bucket.

use e2e::{Moto, Server, SurrealServer, wait_for};
use serde_json::json;

use crate::cloud::{deploy, file, page, utf8};

#[test]
fn two_nodes_see_each_others_files_functions_and_sites() {
    let (database, moto) = (SurrealServer::start(), Moto::start());
    let config = Moto::toml(moto.address()) + &database.toml();
    let mut first = Server::with_config(&config);
    let space = first.space("app");
    // Nodes have one master key.
    let key = std::fs::read(first.data().join("master.key")).expect("the key");
    let second = Server::with_data(&config, &[("master.key", key.as_slice())]);

    let source = first.scratch("a.bin");
    for contents in [vec![1; 9_000_000], vec![2; 70]] {
        std::fs::write(&source, &contents).expect("write a file");
        first.run(&["storage", "put", utf8(&source), "a.bin", "--space", &space.id]).succeeded();
        wait_for("the file on the other node", || (file(&second, &space, "a.bin") == (200, contents.clone())).then_some(()));
    }

    let function = first.scratch("function");
    std::fs::create_dir(&function).expect("make a folder");
    std::fs::write(function.join("index.js"), "module.exports = async () => 'by one for all';").expect("write the function");
    first.deploy(&function, &space, "f");
    let client = second.wire(&space).authorized();
    wait_for("the function on the other node", || {
        let answer = client.invoke("f", json!({}));
        (answer.envelope()["success"] == true).then(|| assert_eq!(answer.data(), "by one for all"))
    });

    first.run(&["hosting", "enable", "--space", &space.id]).succeeded();
    for text in ["one", "two"] {
        deploy(&first, &space, text);
        wait_for("the site on the other node", || (page(&second, &space, "/") == (200, text.to_owned())).then_some(()));
    }
    first.kill();
    assert_eq!(page(&second, &space, "/"), (200, "two".to_owned()));
    assert_eq!(file(&second, &space, "a.bin").1, [2; 70]);
    second.run(&["storage", "rm", "a.bin", "--space", &space.id]).succeeded();
    assert_eq!(file(&second, &space, "a.bin").0, 404);
}
