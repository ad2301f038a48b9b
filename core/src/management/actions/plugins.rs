//! Actions that plugins provide as methods named `admin.…`.

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER, PREFIX};
use sdk_plugin::{Error, codes as common};
use serde_json::{Map, Value};

use super::super::{Context, codes};
use super::Answer;

/// Actions that belong to no space.
const WITHOUT_SPACE: [&str; 3] = ["EnableExtension", "ListExtensions", "QuerySpaceSpecDetail"];

pub async fn run(context: &Context<'_>, action: &str) -> Answer {
    let method = format!("{PREFIX}{action}");
    if !context.state.router.provides(&method) {
        return Err(Error::new(codes::UNKNOWN_ACTION, format!("the action `{action}` does not exist")));
    }
    let space = match context.parameters.text("SpaceId") {
        None if WITHOUT_SPACE.contains(&action) => String::new(),
        _ => context.space().await?,
    };
    let reply = context.call(&space, &method, context.parameters.to_json()?).await.map_err(as_management)?;
    let mut reply = match reply.decode()? {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        _ => return Err(Error::internal("the reply is not an object").with_operation(method)),
    };
    make_absolute(&mut reply, &context.state.url);
    Ok(reply)
}

/// Parameters that a plugin could not decode have a code of their own in this API.
fn as_management(error: Error) -> Error {
    if error.code() != common::INVALID_PARAMS {
        return error;
    }
    let code = if error.message().contains("missing field") { MISSING_PARAMETER } else { INVALID_PARAMETER };
    Error::new(code, error.message().to_owned()).with_source(error)
}

fn make_absolute(map: &mut Map<String, Value>, base: &str) {
    for (key, value) in map {
        match value {
            Value::String(link) if key.ends_with("Url") && link.starts_with('/') => *link = format!("{base}{link}"),
            Value::Object(map) => make_absolute(map, base),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(|map| make_absolute(map, base)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::object;
    use super::*;

    #[test]
    fn links_become_absolute_and_nothing_else_does() {
        let mut map = object(json!({
            "UploadSignedUrl": "/up?x=1",
            "Path": "/a",
            "Deployment": {"DownloadSignedUrl": "/down", "OtherUrl": "https://x/y"},
            "DataList": [{"DownloadSignedUrl": "/z"}, "/w"],
        }));
        make_absolute(&mut map, "http://h");
        assert_eq!(
            Value::Object(map),
            json!({
                "UploadSignedUrl": "http://h/up?x=1",
                "Path": "/a",
                "Deployment": {"DownloadSignedUrl": "http://h/down", "OtherUrl": "https://x/y"},
                "DataList": [{"DownloadSignedUrl": "http://h/z"}, "/w"],
            })
        );
    }

    #[test]
    fn undecodable_parameters_have_the_codes_of_this_api() {
        let code = |message: &str| as_management(Error::invalid_params(message)).code().to_owned();
        assert_eq!(code("params of admin.X: missing field `Name` at line 1 column 2"), MISSING_PARAMETER);
        assert_eq!(code("params of admin.X: `a`: invalid digit"), INVALID_PARAMETER);
        assert_eq!(as_management(Error::new("FunctionNotFound", "x")).code(), "FunctionNotFound");
    }
}
