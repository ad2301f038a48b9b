//! Running a function from the console.

use std::borrow::Cow;

use sdk_plugin::contract::management;
use sdk_plugin::{Call, Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::required;
use crate::service::{Edge, Service};

/// The parameters of `RunFunction`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunParams {
    /// JSON text: the function's name and its arguments.
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, alias = "name")]
    function_target: Cow<'a, str>,
    #[serde(borrow, default, alias = "args")]
    function_args: Option<&'a RawValue>,
}

impl<E: Edge> Service<E> {
    /// `RunFunction`: the return value as JSON text, and what it took.
    ///
    /// # Errors
    /// As [`invoke`](Service::invoke), and `InvalidParameter` for another body.
    pub async fn run_function(&self, call: Call, params: RunParams) -> Result<Value> {
        required("Body", &params.body)?;
        let body: Body = serde_json::from_str(&params.body).map_err(|e| {
            Error::new(management::INVALID_PARAMETER, format!("Body must be JSON with functionTarget and functionArgs: {e}"))
        })?;
        let args = body.function_args.map_or("{}", RawValue::get).to_owned();
        let finished = self.run(call, &body.function_target, args).await?;
        let result = finished.outcome.result?;
        let millis = finished.duration.as_secs_f64() * 1000.0;
        Ok(json!({
            "Result": result,
            "RuntimeMeta": {
                "InvocationDuration": millis.round() as u64,
                // The hosted cloud billed begun milliseconds.
                "BillingDuration": millis.ceil() as u64,
                "MaxMemoryUsage": finished.outcome.memory.div_ceil(1024 * 1024),
            },
        }))
    }
}
