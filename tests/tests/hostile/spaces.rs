//! Functions that look for what belongs to others.

use serde_json::json;

use crate::THREW;
use crate::stage::{Stage, Tenant, package};

/// What only the other space may ever see.
const SECRET: &str = "a-secret-of-the-other-space";

#[track_caller]
fn nothing_is_told(stage: &Stage, what: &str, code: &str) {
    let answer = stage.hostile.run(code).envelope().to_string();
    assert!(!answer.contains(SECRET), "{what}: {answer}");
}

#[test]
fn one_space_never_sees_another() {
    let stage = Stage::set("instances_per_function = 1");
    let other = Tenant::new(&stage.server, "other");
    stage.hostile.deploy_run();

    // The other space has a secret in every place there is, and its function stays in memory.
    stage.server.management().db(&other.space, "secrets", "insertOne", json!({"doc": {"_id": "key", "text": SECRET}}));
    other.create("run");
    let keeper = format!(
        "const fs = require('fs');
         globalThis.secret = '{SECRET}';
         process.env.SECRET = '{SECRET}';
         process.title = '{SECRET}';
         module.exports = (ctx) => {{
           fs.writeFileSync('/tmp/secret', '{SECRET}');
           console.log('{SECRET}');
           process.emit('secret', '{SECRET}');
           return [globalThis.secret, fs.readFileSync('/tmp/secret', 'utf8'), require('./secret.js'), process.env.SECRET];
         }};"
    );
    let with_secret = package(&[("index.js", &keeper), ("secret.js", &format!("module.exports = '{SECRET}'"))]);
    let (deployment, _) = other.upload("run", &with_secret);
    assert_eq!(other.act("DeployFunction", &[("DeploymentId", &deployment)]).status, 200);
    let kept = other.run("");
    assert_eq!(kept.data(), json!([SECRET, SECRET, SECRET, SECRET]), "it has them itself");
    let request_id = kept.header("request-id").expect("a request id").to_owned();
    assert!(other.logged("run", &request_id).to_string().contains(SECRET), "and so has its log");

    for (what, code) in [
        ("globals", "[globalThis.secret, Object.values(globalThis).filter((value) => typeof value === 'string')]"),
        ("the environment", "[JSON.stringify(process.env), process.title, process.argv]"),
        ("files", "require('fs').readFileSync('/tmp/secret', 'utf8')"),
        ("the list of files", "require('fs').readdirSync('/tmp').map((name) => require('fs').readFileSync('/tmp/' + name, 'utf8'))"),
        ("the package", "require('/code/secret.js')"),
        ("the package by its relative path", "require('./secret.js')"),
        ("the package as a file", "require('fs').readFileSync('/code/secret.js', 'utf8')"),
        ("loaded modules", "JSON.stringify(Object.values(require.cache ?? {}).map((module) => module.exports))"),
        ("its own database", "ctx.mpserverless.db.collection('secrets').find({})"),
        ("the heap", "require('v8').getHeapSnapshot()"),
        ("the user", "ctx.mpserverless.user.getInfo()"),
    ] {
        nothing_is_told(&stage, what, code);
    }

    // With the other's id in every place where a service could look for one.
    let id = json!(other.space.id);
    for (what, code) in [
        (
            "a forged space",
            format!(
                "ctx.mpserverless.network.forward('serverless.db.default.execute', {{ spaceId: {id}, space: {id}, SpaceId: {id}, collection: 'secrets', command: 'find', query: {{}}, options: {{ spaceId: {id} }} }})"
            ),
        ),
        ("a forged collection", format!("ctx.mpserverless.db.collection({id} + '.secrets').find({{}})")),
        ("a collection with a path", format!("ctx.mpserverless.db.collection('../' + {id} + '/secrets').find({{}})")),
        (
            "a lookup",
            format!(
                "ctx.mpserverless.db.collection('none').aggregate([{{ $lookup: {{ from: {{ db: {id}, coll: 'secrets' }}, pipeline: [], as: 'all' }} }}])"
            ),
        ),
        (
            "a query with a space",
            format!("ctx.mpserverless.db.collection('secrets').find({{}}, {{ spaceId: {id}, db: {id}, namespace: {id}, database: {id} }})"),
        ),
        (
            "its function",
            format!(
                "ctx.mpserverless.network.forward('serverless.function.runtime.invoke', {{ spaceId: {id}, functionTarget: 'run', functionArgs: {{ code: '\"ran here: \" + ctx.env.MP_SPACE_ID' }} }})"
            ),
        ),
        ("its function by a path", format!("ctx.mpserverless.function.invoke({id} + '/run')")),
        ("the environment of the call", format!("(ctx.env.MP_SPACE_ID = {id}, ctx.mpserverless.db.collection('secrets').find({{}}))")),
    ] {
        nothing_is_told(&stage, what, &code);
    }

    // Methods that are for plugins and operators.
    for method in [
        "admin.ListFunction",
        "admin.DescribeFunction",
        "admin.ListFunctionLog",
        "admin.RunFunction",
        "admin.DeleteFunction",
        "core.endpoint",
        "core.domains.put",
        "core.domains.list",
        "core.certificates.put",
        "core.certificates.list",
        "storage.get",
        "storage.put",
        "storage.delete_folder",
        "db.admin",
        "serverless.db.admin.execute",
        "",
        "__proto__",
    ] {
        let code = format!(
            "ctx.mpserverless.network.forward({}, {{ SpaceId: {id}, Name: 'run', key: '', name: 'run', collection: 'functions', command: 'find' }})",
            json!(method)
        );
        assert_eq!(stage.hostile.run(&code).code(), THREW, "{method}");
    }
    let logs = stage.hostile.act("ListFunctionLog", &[("Name", "run"), ("LogRequestId", &request_id)]).json();
    assert_eq!(logs["DataList"], json!([]), "the log of the same name, of another space: {logs}");

    assert_eq!(other.run("").data(), json!([SECRET, SECRET, SECRET, SECRET]), "nothing of it was changed");
    stage.end("looks at another space");
}

#[test]
fn the_machine_of_the_server_is_not_there() {
    let stage = Stage::set("");
    stage.hostile.deploy_run();
    let data = stage.server.data().join("admin.json");
    assert!(data.exists(), "there is something to be found");
    let (_, secret) = stage.server.access_key();
    let data = json!(data.to_str());
    for path in [
        data.as_str().unwrap_or_default(),
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/maps",
        "/proc/1/cmdline",
        "/code/../etc/passwd",
        "/tmp/../etc/passwd",
        "../../etc/passwd",
        "//etc/passwd",
        "/dev/mem",
        "/dev/stdin",
    ] {
        let path = json!(path);
        for read in [
            format!("require('fs').readFileSync({path}, 'latin1')"),
            format!("require('fs').promises.readFile(new URL('file://' + {path}), 'latin1')"),
            format!("require({path})"),
            format!(
                "{{ const fs = require('fs'); fs.symlinkSync({path}, '/tmp/link' + Math.random()); fs.readdirSync('/tmp').filter((name) => name.startsWith('link')).map((name) => fs.readFileSync('/tmp/' + name, 'latin1')) }}"
            ),
            format!("require('fs').copyFileSync({path}, '/tmp/copy')"),
            format!("require('fs').openSync({path}, 'r')"),
        ] {
            assert_eq!(stage.hostile.run(&read).code(), THREW, "{read}");
        }
    }
    for write in [
        "require('fs').writeFileSync('/etc/x', '1')",
        "require('fs').writeFileSync('/code/index.js', '1')",
        "require('fs').mkdirSync('/tmp/../x')",
        "require('fs').renameSync('/tmp', '/elsewhere')",
        "require('fs').rmSync('/code', { recursive: true })",
        "require('fs').readSync(0, Buffer.alloc(1))",
    ] {
        assert_eq!(stage.hostile.run(write).code(), THREW, "{write}");
    }
    let environment = stage.hostile.run("JSON.stringify([process.env, process.argv, process.cwd(), process.execPath, require('os').hostname(), require('os').userInfo?.()])");
    let told = environment.data().to_string();
    println!("a function sees {told}");
    assert!(!told.contains(&secret) && !told.contains("CARGO") && !told.contains("mpcloud.toml"), "{told}");
    assert!(!told.contains(stage.server.data().to_str().expect("a UTF-8 path")), "{told}");

    // An error's text and its stack tell nothing of where the server lies.
    for code in ["null.x", "require('./gone')", "JSON.parse('{')", "new Error('x').stack"] {
        let told = stage.hostile.run(code).envelope().to_string();
        assert!(!told.contains("/root/") && !told.contains("/work/") && !told.contains(".rs:"), "{code}: {told}");
    }
    assert_eq!(stage.hostile.run("'fine'").data(), "fine");
    stage.end("looks at the machine");
}
