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

#[tokio::test]
async fn arguments_of_cloud_calls_pass_as_they_are() {
    let f = Function::js(
        "module.exports = async ({ cloud }) => {
            const { payment: { common }, mini } = cloud;
            await common.query({ outTradeNo: 7, total_amount: 0.1 });
            await common.query('七', 7, '0.10', null, { a: [1] });
            await common.query({ outTradeNo: '7' }, { appAuthToken: 't', notify: { url: 'u' } });
            await common.query();
            for (const name of ['sendTemplateMessage', 'detectRiskContent']) await mini[name]({ content: 'x' }).catch(() => {});
            return await common.query('7');
        }",
    );
    assert_eq!(f.ok(json!(0)).await, json!({"requestId": "request-1", "success": true, "result": {"tradeNo": "9"}, "tradeNo": "9"}));
    let asked: Vec<Value> = f.asked().into_iter().map(|(_, _, _, params)| params).collect();
    let query = |args: Value| json!({"api": "payment.common.query", "args": args});
    let expected = [
        query(json!([{"outTradeNo": 7, "total_amount": 0.1}])),
        query(json!(["七", 7, "0.10", null, {"a": [1]}])),
        query(json!([{"outTradeNo": "7"}, {"appAuthToken": "t", "notify": {"url": "u"}}])),
        query(json!([])),
        json!({"api": "marketing.templateMessage.send", "args": [{"content": "x"}]}),
        json!({"api": "security.textRisk.detect", "args": [{"content": "x"}]}),
        query(json!(["7"])),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn errors_of_cloud_calls_have_their_code_and_message() {
    let f = Function::js(
        "module.exports = async ({ cloud }) => {
            const shown = (e) => [e instanceof Error, e.code, e.message];
            const ring = {};
            ring.ring = ring;
            const common = cloud.payment.common;
            return [await common.refund('1', 2).catch(shown), await common.query(1n).catch(shown), (await common.query(ring).catch(shown))[1]];
        }",
    );
    let seen = f.ok(json!(0)).await;
    assert_eq!(seen[0], json!([true, "OUTCOME_UNKNOWN", "the platform's answer did not come"]));
    assert_eq!((&seen[1][1], &seen[2]), (&json!("INVALID_PARAM"), &json!("INVALID_PARAM")));
    assert!(seen[1][2].as_str().unwrap().starts_with("the arguments of ctx.cloud.payment.common.query are no JSON: "), "{seen}");
    let uncaught = Function::js("module.exports = ({ cloud }) => cloud.payment.common.refund('1', 2)").call(json!(0)).await.unwrap_err();
    assert!(uncaught.message().contains("the platform's answer did not come"), "{uncaught}");
}

#[tokio::test]
async fn a_look_at_ctx_cloud_calls_nothing() {
    let f = Function::js(
        "module.exports = async (ctx) => {
            const seen = [await ctx.cloud === ctx.cloud, typeof (await ctx.cloud.payment), `${ctx.cloud.payment}`.includes('function')];
            JSON.stringify({ ctx, part: ctx.cloud.payment });
            require('util').inspect(ctx, { depth: 5, showProxy: false });
            console.log(ctx.cloud, ctx.cloud.payment);
            for (const spread of [() => [...ctx.cloud], () => { for (const x of ctx.cloud.payment); }])
                try { spread(); seen.push(false); } catch (error) { seen.push(error instanceof TypeError); }
            Object.keys(ctx.cloud.payment);
            await new Promise((resolve) => setTimeout(resolve, 1));
            return seen;
        }",
    );
    assert_eq!(f.ok(json!(0)).await, json!([true, "function", true, true, true]));
    assert_eq!(f.asked(), []);
}
