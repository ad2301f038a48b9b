//! What becomes of calls when V8 would end the process.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sdk_plugin::codes;
use serde_json::json;

use super::tests::{Function, MB};

/// How long after its error a thread may be taken for one that works: the machine may be busy.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_has_no_exception_for_ends_one_call() {
    for bomb in ["'x'.repeat(5e8).split('').length", "'x'.repeat(4e8).match(/x/g).length"] {
        let code = format!("module.exports = async (ctx) => ctx.args === 'bomb' ? {bomb} : 'fine';");
        let f = Function::with(&[("index.js", &code)], 128 * MB, 1);
        let began = Instant::now();
        let (code, message) = f.error(json!("bomb")).await;
        assert_eq!(code, codes::FUNCTION_RESOURCE, "{bomb}: {message}");
        assert!(began.elapsed() < SOON, "{bomb}: told after {:?}", began.elapsed());
        assert_eq!(f.ok(json!("fine")).await, json!("fine"), "{bomb}: a new isolate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_for_a_lost_instance_run_elsewhere_and_those_it_began_do_not() {
    let code = "module.exports = async ({ args, mpserverless: { network } }) => {
        if (args === 'begin') { await network.forward('test.echo', {}); await network.forward('test.never', {}); }
        if (args !== 'bomb') return 'fine';
        const end = Date.now() + 300;
        while (Date.now() < end);
        return 'x'.repeat(5e8).split('').length;
    }";
    let f = Arc::new(Function::with(&[("index.js", code)], 128 * MB, 1));
    let call = |args: &'static str| {
        let f = f.clone();
        tokio::spawn(async move { f.call(json!(args)).await })
    };
    let begun = call("begin");
    while f.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    let bomb = async { f.error(json!("bomb")).await };
    // They come while the bomb runs, and there is no other instance.
    let behind = async {
        let calls: Vec<_> = (0..20).map(|_| call("fine")).collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), json!("fine"));
        }
    };
    let (bombed, ()) = tokio::join!(bomb, behind);
    assert_eq!(bombed.0, codes::FUNCTION_RESOURCE, "{}", bombed.1);
    assert_eq!(begun.await.unwrap().unwrap_err().code(), codes::FUNCTION_RESOURCE, "it was not begun again");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(f.asked().len(), 2);
    assert_eq!(f.engine().instances(), 1, "the lost one is none any more");
}
