//! What `ctx.mpserverless.file` and `ctx.cloud` ask of services, and what functions get of the answers.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::tests::Function;

#[tokio::test]
async fn files_are_deleted_and_described_by_their_service() {
    let f = Function::js(
        "module.exports = async ({ mpserverless: { file } }) =>
            [await file.deleteFile('u'), await file.deleteFile({ fileUrl: 'v' }), await file.info(['a', 'b'], { maxAge: 5 })]",
    );
    let reply = |result: Value| json!({"success": true, "result": result});
    assert_eq!(
        f.ok(json!(0)).await,
        json!([reply(json!({"id": "u"})), reply(json!({"id": "v"})), reply(json!({"maxAge": 5, "id": "a,b"}))])
    );
}

#[tokio::test]
async fn files_are_uploaded_from_the_functions_own_and_from_buffers() {
    let f = Function::js(
        "module.exports = async ({ mpserverless: { file } }) => {
            require('fs').writeFileSync('/tmp/a.txt', 'from /tmp 图');
            const headers = { contentDisposition: 'attachment', contentType: 'text/plain' };
            const named = await file.uploadFile({ filePath: '/tmp/a.txt', cloudPath: 'x/b.txt', headers, meta: { m: '1' } });
            const held = await file.uploadFile({ fileBuffer: Buffer.from('xheldx').subarray(1, 5), fileName: 'c.txt', env: 'private' });
            const failed = [];
            for (const wrong of [undefined, {}, { filePath: '/tmp/nothing' }, { fileBuffer: 'text', fileName: 'a' }, { fileBuffer: Buffer.alloc(1) }])
                failed.push(await file.uploadFile(wrong).catch((error) => error.code));
            return { named, held, failed };
        }",
    );
    let done = f.ok(json!(0)).await;
    assert_eq!(done["named"]["text"], "from /tmp 图");
    assert_eq!(
        done["named"]["params"],
        json!({
            "env": "public", "filename": "a.txt", "size": 13, "fileId": "x/b.txt", "contentType": "text/plain",
            "headers": {"contentDisposition": "attachment"}, "meta": {"m": "1"},
        })
    );
    assert_eq!((&done["held"]["text"], &done["held"]["params"]["env"]), (&json!("held"), &json!("private")));
    let invalid = "ValidationFailed";
    assert_eq!(done["failed"], json!([invalid, invalid, "UploadFileError", invalid, invalid]));
}

#[tokio::test]
async fn cloud_calls_are_a_plugins() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const cloud = await ctx.cloud;
            return [typeof cloud.payment.common.create, await cloud.payment.common.create({ a: 1 }, { b: 2 }).catch((e) => [e.code, e.message])];
        }",
    );
    let expected = json!([
        "function",
        ["FEATURE_NOT_SUPPORT", "ctx.cloud.payment.common.create needs a plugin for cloud calls, and this server has none"]
    ]);
    assert_eq!(f.ok(json!(0)).await, expected);
    let asked = f.asked();
    assert_eq!(
        (asked[0].0.as_str(), &asked[0].3),
        ("serverless.cloudcall.invoke", &json!({"api": "payment.common.create", "args": [{"a": 1}, {"b": 2}]}))
    );
}
