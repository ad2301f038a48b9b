//! A call of `demo.hello` through the plugin ABI, against the same handler called directly.

use std::future::Future;
use std::hint::black_box;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use sdk_plugin::abi::host::{HostFrame, HostServices};
use sdk_plugin::abi::load::{PluginInstance, PluginLibrary};
use sdk_plugin::{Call, Error, Event, HostInfo, Reply, codes};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::Result;
use crate::rounds::Series;

const CALLS: u32 = 200_000;
const PARAMS: &[u8] = br#"{"name":"bench"}"#;

/// Nanoseconds a call: direct, and through the ABI.
pub async fn measure(rounds: usize) -> Result<[Series; 2]> {
    let folder = tempfile::tempdir()?;
    let plugin = load(folder.path().to_owned()).await?;
    let direct: Handler = Box::new(|call| Box::pin(hello(Arc::from("Hello"), call)));
    let mut series = [Series::new("direct call"), Series::new("plugin call")];
    for round in 0..=rounds {
        let took = [time(&direct).await?, time(|call| plugin.call(call)).await?];
        // The first round warms up.
        if round > 0 {
            for (series, nanoseconds) in series.iter_mut().zip(took) {
                series.figures.push(nanoseconds);
            }
        }
    }
    plugin.stop().await?;
    plugin.release()?;
    Ok(series)
}

async fn time<F: Future<Output = sdk_plugin::Result<Reply>>>(mut call: impl FnMut(Call) -> F) -> Result<f64> {
    let begun = Instant::now();
    for _ in 0..CALLS {
        let reply = call(Call::new("bench", "demo.hello", PARAMS)).await?;
        if black_box(&reply.data).as_ref() != br#""Hello, bench!""# {
            return Err("demo.hello answered something else".into());
        }
    }
    Ok(begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS))
}

#[derive(Deserialize)]
struct Params {
    name: String,
}

type Handler = Box<dyn Fn(Call) -> Pin<Box<dyn Future<Output = sdk_plugin::Result<Reply>> + Send>> + Send + Sync>;

/// What `examples/hello-plugin` does, and the SDK around it.
async fn hello(greeting: Arc<str>, call: Call) -> sdk_plugin::Result<Reply> {
    let params: Params = call.decode()?;
    Reply::json(&format!("{greeting}, {}!", params.name))
}

async fn load(data_dir: PathBuf) -> Result<PluginInstance> {
    let path = e2e::plugin_library("hello_plugin");
    let library = tokio::task::spawn_blocking(move || PluginLibrary::open(&path)).await?.map_err(|refusal| refusal.to_string())?;
    let info = HostInfo { plugin: "hello".into(), data_dir, config: Value::Object(serde_json::Map::new()), log_level: "error".into() };
    let runtime = Handle::current();
    let plugin = library.create(HostFrame::new(Arc::new(Nobody), runtime.clone()), &info, runtime)?;
    plugin.start().await?;
    plugin.ready().await?;
    Ok(plugin)
}

/// A host that does nothing: the plugin asks for nothing.
struct Nobody;

impl HostServices for Nobody {
    fn call(self: Arc<Self>, _: Call) -> BoxFuture<'static, sdk_plugin::Result<Reply>> {
        Box::pin(async { Err(Error::new(codes::INVALID_METHOD, "nobody is there")) })
    }

    fn emit(self: Arc<Self>, _: Event) -> BoxFuture<'static, sdk_plugin::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn schedule(self: Arc<Self>, _: String, _: String) -> BoxFuture<'static, sdk_plugin::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn secret(&self, _: &str) -> sdk_plugin::Result<Vec<u8>> {
        Err(Error::new(codes::CONFIG, "nobody has secrets"))
    }

    fn log(&self, _: tracing::Level, _: &str, _: &str, _: Value) {}
}
