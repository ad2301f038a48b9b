//! What the gateway is asked for an API's arguments.

use sdk_plugin::contract::cloudcall::codes::{INVALID_JSON_OBJECT, INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{Kind, Request};
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value, json};

use super::names::{camel, snake, snake_keys};
use super::table::{Api, Way, transfer_product};
use crate::amount::Amount;
use crate::gateway::Ask;

/// What a request asks of the gateway.
///
/// # Errors
/// `NOT_FOUND_PARAM`, `INVALID_PARAM` and `INVALID_JSON_OBJECT` with the argument.
pub fn ask(api: &Api, request: &Request) -> Result<Ask> {
    let arguments = checked(api, &request.arguments)?;
    let mut ask = Ask { method: api.method.to_owned(), ..Ask::default() };
    let merchant = if request.app_auth_token.is_empty() { request.app.setting("appAuthToken") } else { Some(&*request.app_auth_token) };
    ask.options.push(("app_auth_token", merchant.unwrap_or_default().to_owned()));
    ask.options.push(("notify_url", request.notify_url.clone()));
    match api.way {
        Way::Login(grant) => {
            ask.fields.push(("grant_type", grant.to_owned()));
            for (name, key) in [("code", "code"), ("refreshToken", "refresh_token")] {
                ask.fields.push((key, text(&arguments, name).to_owned()));
            }
        }
        Way::Generic => generic(&mut ask, arguments)?,
        Way::Page | Way::Content => {
            let arguments = adapted(api, request, arguments)?;
            ask.content = Some(Value::Object(arguments.into_iter().map(|(name, value)| (snake(&name), value)).collect()));
        }
    }
    Ok(ask)
}

/// The arguments in their kinds and with names in `camelCase`; absent ones, and empty ones that may
/// be absent, are left out.
fn checked(api: &Api, arguments: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut checked = Map::new();
    for (name, value) in arguments.iter().filter(|(_, value)| !value.is_null()) {
        // Otherwise another one would be sent than was checked.
        if checked.insert(camel(name), value.clone()).is_some() {
            return Err(invalid(name, "is given twice"));
        }
    }
    for param in api.params() {
        let name = param.name;
        let Some(value) = checked.remove(&name).filter(|value| value.as_str() != Some("")) else {
            if param.required {
                return Err(missing(&name));
            }
            continue;
        };
        let value = match (param.kind, value) {
            (Kind::Text, Value::Number(number)) => Value::String(number.to_string()),
            (Kind::Text, value @ Value::String(_)) | (Kind::Object, value @ Value::Object(_)) => value,
            (Kind::Amount, Value::String(text)) => match Amount::read(&text) {
                Some(amount) => Value::String(amount.to_string()),
                None => return Err(invalid(&name, "is no amount with at most two decimal places")),
            },
            (Kind::Json, Value::String(text)) => match serde_json::from_str::<Value>(&text) {
                Ok(_) => Value::String(text),
                Err(_) => return Err(Error::new(INVALID_JSON_OBJECT, format!("{name} is not JSON"))),
            },
            (Kind::Json, value @ Value::Object(_)) => Value::String(value.to_string()),
            _ => return Err(invalid(&name, "has a wrong type")),
        };
        checked.insert(name, value);
    }
    Ok(checked)
}

/// The longest number of ours that Alipay takes, in bytes.
const MAX_NUMBER: usize = 64;

/// What is peculiar to an API.
fn adapted(api: &Api, request: &Request, mut arguments: Map<String, Value>) -> Result<Map<String, Value>> {
    for name in ["outTradeNo", "outRequestNo", "outBizNo"] {
        let number = text(&arguments, name);
        if number.len() > MAX_NUMBER || !number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(invalid(name, "must be of at most 64 letters, digits and underscores"));
        }
    }
    match api.name {
        "payment.common.create" | "payment.huabei.create" => {
            order(&arguments)?;
            buyer(request, &mut arguments)?;
            if request.app.setting("tradeCreate") == Some("jsapi") {
                arguments.insert("productCode".to_owned(), "JSAPI_PAY".into());
                arguments.insert("opAppId".to_owned(), request.app.app_id.clone().into());
            }
            if let Some(extend) = arguments.remove("extendParams") {
                let extend = texts(snake_keys(extend));
                if api.name == "payment.huabei.create" {
                    instalments(&extend)?;
                }
                arguments.insert("extendParams".to_owned(), extend);
            }
        }
        "payment.faceToFace.pay" => {
            order(&arguments)?;
            let code = text(&arguments, "authCode");
            let begins = code.get(..2).and_then(|two| two.parse::<u8>().ok()).is_some_and(|two| (25..=30).contains(&two));
            if !((16..=24).contains(&code.len()) && begins && code.bytes().all(|byte| byte.is_ascii_digit())) {
                return Err(invalid("authCode", "must be of 16 to 24 digits and begin with 25 to 30"));
            }
            arguments.insert("scene".to_owned(), "bar_code".into());
        }
        "payment.common.refund" => at_least(&arguments, "refundAmount", CENT)?,
        "marketing.templateMessage.send" | "marketing.templateMessge.send" => {
            let to = arguments.remove("toUserId").and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
            if is_user_id(&to) {
                arguments.insert("toUserId".to_owned(), to.into());
            } else if !to.is_empty() {
                arguments.insert("toOpenId".to_owned(), to.into());
            } else if !arguments.contains_key("toOpenId") {
                return Err(missing("toUserId"));
            }
        }
        "member.identification.init" => identification(&mut arguments)?,
        name if name.starts_with("fund.") => fund(name, &mut arguments)?,
        _ => {}
    }
    Ok(arguments)
}

const CENT: Amount = Amount::hundredths(1);
const TEN_CENTS: Amount = Amount::hundredths(10);
const MOST: Amount = Amount::hundredths(10_000_000_000);

fn order(arguments: &Map<String, Value>) -> Result<()> {
    let subject = text(arguments, "subject");
    if subject.chars().count() > 256 || subject.contains(['/', '=', '&']) {
        return Err(invalid("subject", "must be of at most 256 characters without `/`, `=` and `&`"));
    }
    at_least(arguments, "totalAmount", CENT)
}

fn at_least(arguments: &Map<String, Value>, name: &str, least: Amount) -> Result<()> {
    match Amount::read(text(arguments, name)) {
        Some(amount) if (least..=MOST).contains(&amount) => Ok(()),
        _ => Err(invalid(name, &format!("must be from {least} to {MOST}"))),
    }
}

/// Whether this is a user's older kind of id.
fn is_user_id(id: &str) -> bool {
    id.len() == 16 && id.starts_with("2088") && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The buyer is who asks, unless another one is named, which mini programs may not.
fn buyer(request: &Request, arguments: &mut Map<String, Value>) -> Result<()> {
    let named = arguments.remove("buyerId").and_then(|value| value.as_str().map(str::to_owned));
    let open = arguments.remove("buyerOpenId");
    let named = named.or_else(|| open.and_then(|value| value.as_str().map(str::to_owned)));
    let user = &request.user;
    if request.client && named.as_ref().is_some_and(|named| !user.is_empty() && is_user_id(named) == is_user_id(user) && named != user) {
        return Err(invalid("buyerId", "is not the user who asks"));
    }
    let buyer = named.unwrap_or_else(|| user.clone());
    if !buyer.is_empty() {
        let name = if is_user_id(&buyer) { "buyerId" } else { "buyerOpenId" };
        arguments.insert(name.to_owned(), buyer.into());
    }
    Ok(())
}

fn instalments(extend: &Value) -> Result<()> {
    for (name, values) in [("hb_fq_num", &["3", "6", "12"][..]), ("hb_fq_seller_percent", &["0", "100"])] {
        match extend.get(name).and_then(Value::as_str) {
            None => return Err(missing(&format!("extendParams.{name}"))),
            Some(value) if values.contains(&value) => {}
            Some(_) => return Err(invalid(&format!("extendParams.{name}"), &format!("must be one of {}", values.join(", ")))),
        }
    }
    Ok(())
}

fn identification(arguments: &mut Map<String, Value>) -> Result<()> {
    let number = text(arguments, "outerOrderNo");
    if number.len() > 32 || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid("outerOrderNo", "must be of at most 32 letters and digits"));
    }
    if !["FACE", "CERT_PHOTO", "CERT_PHOTO_FACE", "SMART_FACE"].contains(&text(arguments, "bizCode")) {
        return Err(invalid("bizCode", "must be FACE, CERT_PHOTO, CERT_PHOTO_FACE or SMART_FACE"));
    }
    let mut identity = snake_keys(arguments.remove("identityParam").unwrap_or_default());
    if let Some(fields) = identity.as_object_mut() {
        fields.entry("identity_type").or_insert_with(|| "CERT_INFO".into());
        fields.entry("cert_type").or_insert_with(|| "IDENTITY_CARD".into());
        for name in ["cert_name", "cert_no"] {
            if fields.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
                return Err(missing(&format!("identityParam.{name}")));
            }
        }
    }
    arguments.insert("identityParam".to_owned(), identity);
    let config = snake_keys(arguments.remove("merchantConfig").unwrap_or_default());
    arguments.insert("merchantConfig".to_owned(), config);
    Ok(())
}

fn fund(name: &str, arguments: &mut Map<String, Value>) -> Result<()> {
    let product = transfer_product(name).unwrap_or_default();
    if name.ends_with(".query") {
        if !text(arguments, "payFundOrderId").is_empty() {
            return Ok(());
        }
        if text(arguments, "outBizNo").is_empty() {
            return Err(missing("payFundOrderId"));
        }
    } else {
        at_least(arguments, "transAmount", if name == "fund.b2cRedPacket.send" { CENT } else { TEN_CENTS })?;
        let payee = payee(name, snake_keys(arguments.remove("payee").unwrap_or_default()))?;
        arguments.insert("payeeInfo".to_owned(), payee);
    }
    arguments.insert("productCode".to_owned(), product.into());
    arguments.insert("bizScene".to_owned(), "DIRECT_TRANSFER".into());
    Ok(())
}

fn payee(api: &str, payee: Value) -> Result<Value> {
    let Value::Object(mut payee) = texts(payee) else { return Err(invalid("payee", "has a wrong type")) };
    let given = |payee: &Map<String, Value>, name: &str| !text(payee, name).is_empty();
    if !given(&payee, "identity") {
        return Err(missing("payee.identity"));
    }
    if api == "fund.transferBankcard.transfer" {
        payee.insert("identity_type".to_owned(), "BANKCARD_ACCOUNT".into());
        payee.entry("bankcard_ext_info").or_insert_with(|| json!({"account_type": "2"}));
    }
    let named = match text(&payee, "identity_type") {
        "ALIPAY_USER_ID" | "ALIPAY_OPEN_ID" => false,
        "ALIPAY_LOGON_ID" | "BANKCARD_ACCOUNT" => true,
        "" => return Err(missing("payee.identity_type")),
        _ => return Err(invalid("payee.identity_type", "must be ALIPAY_USER_ID, ALIPAY_OPEN_ID or ALIPAY_LOGON_ID")),
    };
    if named && !given(&payee, "name") {
        return Err(missing("payee.name"));
    }
    Ok(Value::Object(payee))
}

fn generic(ask: &mut Ask, mut arguments: Map<String, Value>) -> Result<()> {
    let method = text(&arguments, "method");
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'_';
    if method.len() > 128 || !method.bytes().all(fits) {
        return Err(invalid("method", "is none of the gateway's"));
    }
    method.clone_into(&mut ask.method);
    let options = snake_keys(arguments.remove("options").unwrap_or_default());
    ask.options.push(("auth_token", options.get("auth_token").and_then(Value::as_str).unwrap_or_default().to_owned()));
    ask.content = Some(snake_keys(arguments.remove("params").unwrap_or_default()));
    Ok(())
}

/// The same with numbers at its first level written out.
fn texts(mut value: Value) -> Value {
    for field in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Value::Number(number) = field {
            *field = Value::String(number.to_string());
        }
    }
    value
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn missing(name: &str) -> Error {
    Error::new(NOT_FOUND_PARAM, format!("{name} is missing"))
}

fn invalid(name: &str, what: &str) -> Error {
    Error::new(INVALID_PARAM, format!("{name} {what}"))
}
