//! The client with Debian's `pebble`. What is validated is in `tests/`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::acme::{Accounts, Seal};
use crate::testing::Memory;

/// An authority; it ends with this value.
struct Pebble {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Pebble {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(path("cert.pem"), own.cert.pem()).unwrap();
        fs::write(path("key.pem"), own.signing_key.serialize_pem()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": "",
            "certificate": path("cert.pem"),
            "privateKey": path("key.pem"),
            "httpPort": 1,
            "tlsPort": 1,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        fs::write(path("pebble.json"), config.to_string()).unwrap();
        let mut command = Command::new("pebble");
        command.arg("-config").arg(path("pebble.json")).arg("-strict").env("PEBBLE_WFE_NONCEREJECT", "0");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("start pebble: apt-get install pebble");
        let pebble = Self { folder, port, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pebble does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        pebble
    }

    fn client(&self) -> Client {
        let (directory, root) = (format!("https://127.0.0.1:{}/dir", self.port), Some(self.folder.path().join("cert.pem")));
        Client::new(&Acme { directory, root, agree: true, ..Acme::default() }, Clock::default()).unwrap()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_account_that_the_authority_has_closed_is_replaced_with_its_orders() {
    let pebble = Pebble::start();
    let (client, seal) = (pebble.client(), Seal::new(&[1; 32]).unwrap());
    let accounts = Accounts::new(Collection::new(Memory::default(), SYSTEM_SPACE, "acmeAccounts"), &client.directory);
    let account = accounts.sign_in(&client, &seal).await.unwrap();
    let (_, url) = client.order(&account, "a.test").await.unwrap();
    client.resume(&account, &url).await.unwrap();
    let unknown = client.resume(&account, &format!("{url}x")).await.map(drop).unwrap_err();
    assert!(matches!(unknown, Failure::Order(_)), "an authority that has forgotten the order says nothing of it: {unknown:?}");
    account.deactivate().await.unwrap();

    let closed = accounts.sign_in(&client, &seal).await.unwrap();
    let lost = client.resume(&closed, &url).await.map(drop).unwrap_err();
    assert!(matches!(lost, Failure::Order(_)), "its order is none any more: {lost:?}");
    let refused = client.order(&closed, "a.test").await.map(drop).unwrap_err();
    assert!(matches!(refused, Failure::Account(_)), "{refused:?}");
    let new = accounts.replace(&client, &seal).await.unwrap();
    client.order(&new, "a.test").await.unwrap();
    let kept = accounts.sign_in(&client, &seal).await.unwrap();
    assert_eq!(kept.id(), new.id(), "it is signed in to from then on");
    assert_ne!(kept.id(), closed.id());
}
