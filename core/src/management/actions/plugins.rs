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
    match reply.decode()? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(Error::internal("the reply is not an object").with_operation(method)),
    }
}

/// Parameters that a plugin could not decode have a code of their own in this API.
fn as_management(error: Error) -> Error {
    if error.code() != common::INVALID_PARAMS {
        return error;
    }
    let code = if error.message().contains("missing field") { MISSING_PARAMETER } else { INVALID_PARAMETER };
    Error::new(code, error.message().to_owned()).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecodable_parameters_have_the_codes_of_this_api() {
        let code = |message: &str| as_management(Error::invalid_params(message)).code().to_owned();
        assert_eq!(code("params of admin.X: missing field `Name` at line 1 column 2"), MISSING_PARAMETER);
        assert_eq!(code("params of admin.X: `a`: invalid digit"), INVALID_PARAMETER);
        assert_eq!(as_management(Error::new("FunctionNotFound", "x")).code(), "FunctionNotFound");
    }
}
