//! Files, as the official SDKs, the command line and raw sockets use them.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use e2e::{Server, Space, node, python};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const DENIED: &str = "InvalidParameter.PermissionDenied";

#[test]
fn both_sdks_upload_describe_and_delete() {
    let server = Server::start();
    let space = server.space("app");
    let mut config = server.sdk_config(&space);
    let folder = server.scratch("files");
    fs::create_dir(&folder).expect("make a folder");
    config["folder"] = json!(folder);
    let result = node("files.cjs", &config);

    let uploaded = &result["uploaded"]["ok"];
    let url = uploaded["fileUrl"].as_str().unwrap_or_else(|| panic!("{result}"));
    assert!(url.starts_with(&format!("https://{}/files/{}/", server.address(), space.id)) && url.ends_with(".png"), "{url}");
    assert!(url.ends_with(uploaded["filePath"].as_str().unwrap_or("?")), "{result}");
    let downloaded = &result["downloaded"];
    assert_eq!((&downloaded["status"], &downloaded["body"]), (&json!(200), &json!("a picture")), "{result}");
    let header = |name: &str| downloaded["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((header("content-type"), header("content-disposition")), ("image/png".to_owned(), "attachment".to_owned()));
    assert_eq!((header("cache-control"), header("x-oss-meta-author")), ("max-age=2592000".to_owned(), "ann".to_owned()));
    assert_eq!(result["namedDownloaded"]["body"], "a picture", "{result}");
    assert_eq!(result["named"]["ok"]["filePath"], "相册/a%20b.png", "{result}");

    let info = result["info"]["ok"].as_array().unwrap_or_else(|| panic!("{result}"));
    assert_eq!(info.len(), 2, "the unknown id is left out: {result}");
    assert_eq!(
        (&info[0]["fileId"], &info[0]["size"], &info[1]["name"]),
        (&uploaded["fileId"], &json!(9), &json!("相册/a b.png")),
        "{result}"
    );
    assert!(info[0]["url"].as_str().is_some_and(|url| url.contains("expires=")), "{result}");
    assert_eq!(result["serverInfo"]["ok"]["result"][0]["type"], "image/png", "{result}");

    for refused in ["replacedByOther", "deletedByOther"] {
        assert!(result[refused]["ok"].is_null(), "{refused}: {result}");
    }
    assert_eq!(result["deletedByOther"]["error"]["code"], DENIED, "{result}");
    for refused in ["wrongType", "wrongName", "serverWrongType"] {
        assert!(result[refused]["ok"].is_null(), "{refused}: {result}");
    }
    assert_eq!(result["deleted"]["ok"]["success"], true, "{result}");
    assert_eq!((&result["gone"]["status"], &result["infoGone"]["ok"]), (&json!(404), &json!([])), "{result}");

    assert_eq!(result["byServer"]["ok"]["filePath"], "reports/1.pdf", "{result}");
    let part = &result["serverDownloaded"];
    assert_eq!((&part["status"], &part["body"]), (&json!(206), &json!("report")), "{result}");
    assert_eq!(part["headers"]["content-range"], "bytes 2-7/8", "{result}");
    assert_eq!(part["headers"]["cache-control"], "max-age=60", "{result}");
    assert_eq!(result["bufferDownloaded"]["body"], "held", "{result}");
    assert!(result["serverDeleted"]["error"].is_null(), "{result}");
    assert_eq!(result["serverGone"]["status"], 404, "{result}");
}

#[test]
fn the_management_sdk_puts_lists_guards_and_deletes() {
    let server = Server::start();
    for scheme in [None, Some("v2")] {
        let mut config = server.management_config();
        config["scheme"] = json!(scheme);
        let result = python("files.py", &config);
        assert_eq!(result["first"]["status"], 200, "{result}");
        assert_eq!(result["first"]["signed"]["Overwrite"], false, "{result}");
        assert_eq!(result["first"]["early"]["code"], "InvalidFile.NotFound", "{result}");
        assert_eq!(result["listed"]["names"], json!(["a/1.png", "a/2.txt", "b.bin"]), "{result}");
        assert_eq!((&result["page"]["names"], &result["rest"]["names"]), (&json!(["a/1.png", "a/2.txt"]), &json!(["b.bin"])), "{result}");
        assert_eq!(
            (&result["prefix"]["names"], &result["keyword"]["names"]),
            (&json!(["a/1.png", "a/2.txt"]), &json!(["a/2.txt"])),
            "{result}"
        );
        assert_eq!((&result["got"]["text"], &result["got"]["headers"]["content-type"]), (&json!("one"), &json!("image/webp")), "{result}");
        assert_eq!(result["forged"], 403, "{result}");
        let space = result["space"].as_str().unwrap_or_default();
        assert_eq!(result["before"]["DomainName"], format!("{}/files/{space}", server.address()), "{result}");
        assert_eq!(result["before"]["RefererConfig"]["Type"], "off", "{result}");
        assert_eq!(result["after"]["RefererConfig"]["ReferList"], "shop.example.com", "{result}");
        assert_eq!(
            (&result["noReferer"], &result["referer"]["status"], &result["robot"]),
            (&json!(403), &json!(200), &json!(403)),
            "{result}"
        );
        assert_eq!(result["referer"]["headers"]["access-control-allow-origin"], "https://shop.example.com", "{result}");
        assert_eq!(result["badRule"]["code"], "InvalidParameter", "{result}");
        assert_eq!((&result["unsigned"], &result["signed"]), (&json!(403), &json!(200)), "{result}");
        assert_eq!(result["afterDelete"]["names"], json!(["a/2.txt", "b.bin"]), "{result}");
        assert_eq!(result["twice"]["status"], 404, "{result}");
    }
}

#[test]
fn the_command_line_puts_gets_lists_and_removes() {
    let server = Server::start();
    let space = server.space("app");
    let folder = server.scratch("folder");
    fs::create_dir_all(folder.join("sub")).expect("make folders");
    let contents: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(folder.join("big.bin"), &contents).expect("write a file");
    fs::write(folder.join("sub/图, a?.txt"), "text").expect("write a file");
    let text = |path: std::path::PathBuf| path.to_str().expect("the path is UTF-8").to_owned();
    let put = server.run_json(&["storage", "put", &text(folder.clone()), "in", "--space", &space.id]);
    assert_eq!(put["files"].as_array().map(Vec::len), Some(2), "{put}");
    let one = server.run_json(&["storage", "put", &text(folder.join("big.bin")), "--space", &space.id]);
    assert_eq!((&one["name"], &one["size"]), (&json!("big.bin"), &json!(3_000_000)));
    let names = |prefix: &str| -> Vec<String> {
        let listed = server.run_json(&["storage", "ls", prefix, "--space", &space.id]);
        listed["files"].as_array().into_iter().flatten().filter_map(|file| Some(file["name"].as_str()?.to_owned())).collect()
    };
    assert_eq!(names("in/"), ["in/big.bin", "in/sub/图, a?.txt"]);
    assert_eq!(names("").len(), 3);
    let out = text(server.scratch("out.bin"));
    server.run(&["storage", "get", "in/big.bin", &out, "--space", &space.id]).succeeded();
    assert!(fs::read(&out).expect("read what was written") == contents);
    server.run(&["storage", "get", "in/big.bin", &out, "--space", &space.id]).failed();
    server.run(&["storage", "get", "in/big.bin", &out, "--space", &space.id, "--force"]).succeeded();
    assert_eq!(server.run(&["storage", "get", "in/sub/图, a?.txt", "-", "--space", &space.id]).succeeded().stdout, "text");
    server.run(&["storage", "rm", "in/sub/图, a?.txt", "--space", &space.id]).succeeded();
    assert!(server.run(&["storage", "rm", "in/sub/图, a?.txt", "--space", &space.id]).failed().stderr.contains("InvalidFile.NotFound"));
    assert_eq!(server.run_json(&["storage", "rm", "-r", "in/", "--space", &space.id, "--yes"])["deleted"], 1);
    assert_eq!(names(""), ["big.bin"]);
    assert!(server.run(&["storage", "get", "nothing", "--space", &space.id]).failed().stderr.contains("storage ls"));
}

/// The address and the space of a `PUT`, as the management API grants it.
fn granted(server: &Server, space: &Space, path: &str, size: usize) -> String {
    let size = size.to_string();
    let signed =
        server.management().act("DescribeFileUploadSignedUrl", &[("SpaceId", &space.id), ("FileId", path), ("Size", &size)]).json();
    let url = signed["SignUrl"].as_str().unwrap_or_else(|| panic!("{signed}"));
    url.strip_prefix(server.http()).unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// Sends the head of a `PUT` and some of its body.
fn begin(server: &Server, target: &str, whole: usize, sent: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).expect("connect");
    let head = format!("PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {whole}\r\nconnection: close\r\n\r\n", server.address());
    socket.write_all(head.as_bytes()).expect("send the head");
    socket.write_all(sent).expect("send a part of the body");
    socket
}

/// Status and body of a `GET`.
fn get(server: &Server, space: &Space, path: &str) -> (u16, Vec<u8>) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut reply = agent.get(format!("{}/files/{}/{path}", server.http(), space.id)).call().expect("an answer");
    (reply.status().as_u16(), reply.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body"))
}

/// The regular files of the storage, those included that nothing names.
fn stored_files(folder: &std::path::Path) -> Vec<u64> {
    let mut sizes = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(found) if found.is_dir() => sizes.extend(stored_files(&entry.path())),
            Ok(found) => sizes.push(found.len()),
            Err(_) => {}
        }
    }
    sizes
}

#[test]
fn a_connection_that_is_cut_leaves_the_old_file_or_none() {
    let server = Server::start();
    let space = server.space("app");
    let whole = vec![7; 400_000];
    let storage = server.data().join("storage");
    let put = |path: &str, contents: &[u8]| {
        let mut socket = begin(&server, &granted(&server, &space, path, contents.len()), contents.len(), contents);
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    put("old.bin", b"old");
    for (path, expected) in [("old.bin", (200, b"old".to_vec())), ("new.bin", (404, Vec::new()))] {
        for sent in [0, 1, 100_000, 399_999] {
            let socket = begin(&server, &granted(&server, &space, path, whole.len()), whole.len(), &whole[..sent]);
            socket.shutdown(Shutdown::Both).expect("cut the connection");
            drop(socket);
            let (status, body) = get(&server, &space, path);
            assert_eq!(status, expected.0);
            assert!(status == 404 || body == expected.1, "cut off after {sent}");
        }
    }
    e2e::wait_for("the end of what was cut off", || (stored_files(&storage) == [3]).then_some(()));
    put("old.bin", b"newer");
    assert_eq!(get(&server, &space, "old.bin"), (200, b"newer".to_vec()));
}

#[test]
fn kill_9_during_uploads_leaves_nothing_half_visible_and_the_sweep_cleans_up() {
    let rounds: usize = std::env::var("MPCLOUD_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6);
    let seed: u64 = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::with_config("[plugins.files]\nlibrary = \"storage_files\"\nconfig = { abandoned_after_seconds = 1 }\n");
    let space = server.space("app");
    let size = 300_000;
    for round in 0..rounds {
        let targets: Vec<String> = (0..4).map(|n| granted(&server, &space, &format!("f{n}.bin"), size)).collect();
        let pause = Duration::from_micros(random.random_range(0..40_000));
        let sent = random.random_range(0..=size);
        let uploads: Vec<_> = targets
            .into_iter()
            .enumerate()
            .map(|(n, target)| {
                let address = server.address().to_owned();
                let body = vec![round as u8 + 1; if n == 0 { sent } else { size }];
                std::thread::spawn(move || {
                    let Ok(mut socket) = TcpStream::connect(&address) else { return false };
                    let head = format!("PUT {target} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n");
                    let written = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(&body));
                    let mut answer = String::new();
                    written.is_ok() && socket.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
                })
            })
            .collect();
        std::thread::sleep(pause);
        server.kill();
        let acknowledged: Vec<bool> = uploads.into_iter().map(|upload| upload.join().expect("an upload ends")).collect();
        server.restart();
        for (n, acknowledged) in acknowledged.iter().enumerate() {
            let (status, body) = get(&server, &space, &format!("f{n}.bin"));
            if *acknowledged {
                assert!(status == 200 && body[0] == round as u8 + 1, "round {round}: what was acknowledged is there");
            }
            assert!(
                status == 404 || (body.len() == size && body.iter().all(|byte| *byte == body[0])),
                "round {round}: {status}, {} bytes",
                body.len()
            );
        }
    }
    // Two starts more than a second after the last upload: the first removes what is there, and the
    // second finds nothing that the first has overlooked.
    let visible = (0..4).filter(|n| get(&server, &space, &format!("f{n}.bin")).0 == 200).count();
    std::thread::sleep(Duration::from_millis(1100));
    server.stop();
    server.restart();
    let storage = server.data().join("storage");
    e2e::wait_for("the sweep", || (stored_files(&storage).len() == visible).then_some(()));
}

/// Sends and receives a file of some megabytes; gives the most memory that the server takes meanwhile.
fn transfer(server: &Server, space: &Space, megabytes: usize) -> u64 {
    let block = vec![42; 1 << 20];
    let (mut most, size) = (0, megabytes << 20);
    let mut socket = begin(server, &granted(server, space, "big.bin", size), size, &[]);
    for n in 0..megabytes {
        socket.write_all(&block).expect("send a block");
        if n % 16 == 0 {
            most = most.max(server.resident());
        }
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut socket = TcpStream::connect(server.address()).expect("connect");
    let head = format!("GET /files/{}/big.bin HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", space.id);
    socket.write_all(head.as_bytes()).expect("ask");
    let (mut received, mut buffer) = (0, vec![0; 1 << 20]);
    loop {
        match socket.read(&mut buffer).expect("receive") {
            0 => break,
            count => received += count,
        }
        most = most.max(server.resident());
    }
    assert!(received > size, "{received} of {size} bytes");
    most
}

/// How much more memory a file of some megabytes takes than a small one did.
fn growth(megabytes: usize) -> u64 {
    let server = Server::with_config("[plugins.functions]\nenabled = false\nlibrary = \"functions\"\n");
    let space = server.space("app");
    let small = transfer(&server, &space, 16);
    let growth = transfer(&server, &space, megabytes).saturating_sub(small);
    println!("{megabytes} MB up and down: at the most {} MB, {} MB more than 16 MB took", (small + growth) >> 20, growth >> 20);
    growth
}

#[test]
fn large_files_take_no_memory() {
    assert!(growth(200) < 128 << 20);
}

#[test]
#[ignore = "writes 1 GB"]
fn a_gigabyte_takes_no_memory() {
    assert!(growth(1024) < 128 << 20);
}

#[test]
fn functions_upload_and_private_files_need_a_signature() {
    let server = Server::start();
    let space = server.space("app");
    let folder = server.scratch("f");
    fs::create_dir(&folder).expect("make a folder");
    let code = "module.exports = async ({ args, mpserverless: { file } }) => {
        require('fs').writeFileSync('/tmp/r.txt', 'made by a function');
        const put = await file.uploadFile({ filePath: '/tmp/r.txt', cloudPath: 'r.txt', env: args.env });
        return { put, info: (await file.info(put.fileId)).result };
    };";
    fs::write(folder.join("index.js"), code).expect("write the function");
    server.deploy(&folder, &space, "make");
    let client = server.wire(&space).authorized();
    let open = client.invoke("make", json!({"env": "public"})).data();
    assert!(open["put"]["fileUrl"].as_str().is_some_and(|url| url.ends_with(&format!("/files/{}/r.txt", space.id))), "{open}");
    assert_eq!(get(&server, &space, "r.txt"), (200, b"made by a function".to_vec()));
    let closed = client.invoke("make", json!({"env": "private"})).data();
    e2e::wait_for("the file to be private", || (get(&server, &space, "r.txt").0 == 403).then_some(()));
    let url = closed["info"][0]["url"].as_str().unwrap_or_else(|| panic!("{closed}"));
    let path = url.rsplit_once('/').map_or("", |(_, path)| path);
    assert_eq!(get(&server, &space, path).1, b"made by a function", "{url}");
    let put = json!({"filename": "a.png", "size": 1});
    assert_eq!(client.call("serverless.file.resource.put", put).code(), "InvalidMethod.Format");
    let usage = server.run(&["call", "files.usage", "--space", &space.id, "--json"]).succeeded().json();
    assert_eq!((&usage["count"], &usage["uploads"]), (&json!(1), &json!(2)), "{usage}");
}

#[test]
fn refusals_reach_clients_as_errors() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    let signed: Value =
        client.call("serverless.file.resource.generateProximalSign", json!({"env": "public", "filename": "a.png", "size": 10})).data();
    let host = signed["host"].as_str().unwrap_or_else(|| panic!("{signed}"));
    assert_eq!(host, format!("{}/files/upload", server.address()), "a bare host: the SDK adds https://");
    let form = |file: &[u8], signature: &str| {
        let mut body = Vec::new();
        for (name, value) in [("key", &signed["ossPath"]), ("policy", &signed["policy"]), ("Signature", &json!(signature))] {
            let value = value.as_str().unwrap_or_default();
            body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--b--\r\n");
        let url = format!("http://{host}");
        e2e::post(client.agent(), &url, &[("content-type", "image/png")], &body)
    };
    let genuine = signed["signature"].as_str().unwrap_or_default();
    let large = form(&vec![1; 3_000_000], genuine);
    assert_eq!(
        (large.status, &large.json()["error"]["code"]),
        (413, &json!("EntityTooLarge")),
        "read to its end, so that the client reads why"
    );
    let forged = form(b"x", "AAAA");
    assert_eq!((forged.status, &forged.json()["error"]["code"]), (403, &json!("SignatureNotMatch")));
    assert_eq!(client.call("serverless.file.resource.report", json!({"id": signed["id"]})).code(), "ParamInvalid");
    assert_eq!(form(b"0123456789", genuine).status, 204);
    client.call("serverless.file.resource.report", json!({"id": signed["id"]})).data();
}
