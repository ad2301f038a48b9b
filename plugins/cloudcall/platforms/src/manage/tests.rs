//! The actions over a database and adapters in memory.
#![allow(clippy::unwrap_used)]

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::contract::platforms::{APP, APP_NOT_FOUND, App, DINGTALK, WECHAT, Which};
use sdk_plugin::{Call, Caller, CallerKind, Error, Result, codes};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::Config;
use crate::installed::NOT_INSTALLED;
use crate::manage::services::NO_EXTENSION;
use crate::mask::mask;
use crate::service::{APP_EXISTS, Saves, Service, TOO_MANY};
use crate::testing::Memory;

fn params<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn code<T>(result: Result<T>) -> String {
    result.err().unwrap().code().to_owned()
}

fn call(space: &str) -> Call {
    Call::new(space, APP, "{}")
}

async fn app(service: &Service<Memory>, space: &str, platform: &str, id: &str) -> Result<App> {
    service.app(&call(space), Which { platform: platform.into(), app_id: id.into() }).await
}

async fn set(service: &Service<Memory>, platform: &str, id: &str, settings: Value) -> Result<Value> {
    service.save_app("s", params(json!({"Platform": platform, "AppId": id, "Settings": settings.to_string()}))).await
}

#[tokio::test]
async fn what_is_saved_is_what_plugins_read_and_nobody_else() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    let saved = set(&service, "alipay", "2021", json!({"privateKey": "SECRET-1\n", "publicKey": "PUBLIC"})).await.unwrap();
    assert_eq!(
        saved["App"]["Settings"],
        json!([
            {"Name": "privateKey", "Secret": true, "Value": mask("SECRET-1")},
            {"Name": "publicKey", "Secret": false, "Value": "PUBLIC"},
        ])
    );
    let read = app(&service, "s", "alipay", "2021").await.unwrap();
    assert_eq!((read.app_id.as_str(), read.setting("privateKey")), ("2021", Some("SECRET-1")));
    assert_eq!(app(&service, "s", "alipay", "").await.unwrap(), read, "it is the only one");
    assert!(!memory.records().contains("SECRET"), "{}", memory.records());
    let which = || Which { platform: "alipay".into(), app_id: "2021".into() };
    let mut direct = call("s");
    direct.caller = Caller::of(CallerKind::Admin);
    assert_eq!(code(service.app(&direct, which()).await), codes::PERMISSION_DENIED);
    assert!(service.app(&direct.follow(APP, "{}"), which()).await.is_ok(), "a plugin asks for an administrator");
    for (space, platform, id) in [("t", "alipay", "2021"), ("t", "alipay", ""), ("s", "wechat", "2021"), ("s", "alipay", "2022")] {
        assert_eq!(code(app(&service, space, platform, id).await), APP_NOT_FOUND, "{space} {platform} {id}");
    }
    set(&service, "alipay", "2022", json!({"privateKey": "SECRET-2", "publicKey": "P"})).await.unwrap();
    let several = app(&service, "s", "alipay", "").await.unwrap_err();
    assert_eq!(several.code(), APP_NOT_FOUND);
    assert!(several.message().contains("several"), "{several}");
}

#[tokio::test]
async fn a_change_is_merged_and_checked_as_a_whole() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    let refused = set(&service, "alipay", "1", json!({"privateKey": "SECRET-1"})).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (INVALID_PARAMETER, "Alipay: the app has no setting publicKey"));
    assert_eq!(memory.records(), "", "nothing is kept of it");
    set(&service, "alipay", "1", json!({"privateKey": "SECRET-1", "publicKey": "P"})).await.unwrap();
    assert_eq!(code(set(&service, "alipay", "1", json!({"publicKey": ""})).await), INVALID_PARAMETER);
    set(&service, "alipay", "1", json!({"publicKey": "", "signMode": "cert", "rootCert": "R", "privateKey": mask("SECRET-1")}))
        .await
        .unwrap();
    let read = app(&service, "s", "alipay", "1").await.unwrap();
    assert_eq!((read.setting("privateKey"), read.setting("publicKey"), read.setting("rootCert")), (Some("SECRET-1"), None, Some("R")));
    for settings in [json!(null), json!([]), json!({"sellerId": 2088}), json!({"nothing": "x"}), json!({"privateKey": mask("x")})] {
        let error = set(&service, "alipay", "1", settings).await.unwrap_err();
        assert!(matches!(error.code(), INVALID_PARAMETER | MISSING_PARAMETER), "{error}");
    }
    for (platform, id, expected) in [
        ("", "1", MISSING_PARAMETER),
        ("alipay", "", MISSING_PARAMETER),
        ("Alipay", "1", INVALID_PARAMETER),
        ("alipay", "1/2", INVALID_PARAMETER),
    ] {
        assert_eq!(code(set(&service, platform, id, json!({"publicKey": "P"})).await), expected, "{platform} {id}");
    }
}

#[tokio::test]
async fn errors_show_no_value() {
    let memory = Memory::with_platforms();
    memory.adapter("talkative", "talkative", &[("key", true)], &[], |app| {
        Err(Error::new(codes::CONFIG, format!("the key {} is bad", app.setting("key").unwrap())).with_context("key", "SECRET"))
    });
    memory.adapter("broken", "broken", &[("key", true)], &[], |app| Err(Error::internal(app.setting("key").unwrap().to_owned())));
    let service = memory.service();
    for platform in ["talkative", "broken"] {
        let error = set(&service, platform, "1", json!({"key": "SECRET-1"})).await.unwrap_err();
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }
    let text = r#"{"key": "SECRET"#;
    for settings in [json!(text), json!("\"SECRET\""), json!({"key": ["SECRET"]})] {
        let error = service.save_app("s", params(json!({"Platform": "broken", "AppId": "1", "Settings": settings}))).await.unwrap_err();
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }
}

#[tokio::test]
async fn a_platform_without_plugin_is_refused_with_what_to_install() {
    let memory = Memory::default();
    let service = memory.service();
    let error = set(&service, "alipay", "1", json!({"privateKey": "SECRET"})).await.unwrap_err();
    assert_eq!(error.code(), NOT_INSTALLED);
    assert!(error.message().contains("cloudcall_alipay") && error.message().ends_with("installed are: none"), "{error}");
    let error = memory_with_one().service().save("s", "acme", "1", Saves::Any, &crate::apps::Settings::new().into()).await.unwrap_err();
    assert!(error.message().contains("`acme`") && error.message().ends_with("installed are: other"), "{error}");
}

fn memory_with_one() -> Memory {
    let memory = Memory::default();
    memory.adapter("other", "other", &[("key", true)], &[], |_| Ok(()));
    memory
}

#[tokio::test]
async fn settings_of_an_adapter_that_is_gone_are_all_masked_and_can_be_deleted() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    set(&service, "wechat", "wx1", json!({"appSecret": "SECRET", "mchId": "1900000001"})).await.unwrap();
    memory.remove_adapter("wechat");
    let listed = service.list_apps("s", params(json!({}))).await.unwrap();
    assert!(!listed.to_string().contains("1900000001") && !listed.to_string().contains("SECRET"), "{listed}");
    assert!(listed["Apps"][0]["Problem"].as_str().unwrap().contains("installed"), "{listed}");
    let named = json!({"Platform": "wechat", "AppId": "wx1"});
    service.delete_app("s", params(named.clone())).await.unwrap();
    assert_eq!(code(service.delete_app("s", params(named)).await), APP_NOT_FOUND);
    assert_eq!(memory.records(), "");
}

#[tokio::test]
async fn settings_of_another_key_are_told_from_others_and_replaced_by_none() {
    let memory = Memory::with_platforms();
    set(&memory.service(), "wechat", "wx1", json!({"appSecret": "SECRET"})).await.unwrap();
    let other = Service::new(Config::default(), memory.clone(), &[8; 32]).unwrap();
    assert_eq!(code(app(&other, "s", WECHAT, "wx1").await), codes::CONFIG);
    assert_eq!(code(set(&other, "wechat", "wx1", json!({"mchId": "1"})).await), codes::CONFIG);
    let listed = other.list_apps("s", params(json!({"Platform": "wechat"}))).await.unwrap();
    assert!(listed["Apps"][0]["Problem"].as_str().unwrap().contains("master key"), "{listed}");
    // Nor can they be put at another app's place.
    let mut moved = memory.documents();
    moved[0].insert("_id", "s/wechat/wx2");
    moved[0].insert("appId", "wx2");
    memory.put_documents(moved);
    assert_eq!(code(app(&memory.service(), "s", WECHAT, "wx2").await), codes::CONFIG);
}

#[tokio::test]
async fn changes_at_the_same_time_lose_nothing() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    set(&service, "wechat", "wx1", json!({"appSecret": "SECRET-1"})).await.unwrap();
    let older = memory.documents();
    set(&service, "wechat", "wx1", json!({"appSecret": "SECRET-2"})).await.unwrap();
    let newer = memory.documents();
    // Another node writes the newer record after this one has read the older.
    memory.put_documents(older);
    memory.before_update(move |documents| *documents = newer);
    set(&service, "wechat", "wx1", json!({"mchId": "7"})).await.unwrap();
    let read = app(&service, "s", WECHAT, "wx1").await.unwrap();
    assert_eq!((read.setting("appSecret"), read.setting("mchId")), (Some("SECRET-2"), Some("7")));
}

#[tokio::test]
async fn a_space_can_have_so_many_apps_and_is_forgotten() {
    let memory = Memory::with_platforms();
    let service = memory.service_with(Config { max_apps_per_space: 2 });
    for id in ["wx1", "wx2", "wx2"] {
        set(&service, "wechat", id, json!({"appSecret": "SECRET"})).await.unwrap();
    }
    assert_eq!(code(set(&service, "dingtalk", "d1", json!({"appSecret": "SECRET"})).await), TOO_MANY);
    service.save_secret("t", DINGTALK, Saves::New, params(json!({"AppId": "d1", "AppSecret": "x"}))).await.unwrap();
    service.remove_space("s").await.unwrap();
    assert_eq!(service.list_apps("s", params(json!({}))).await.unwrap(), json!({"Apps": []}));
    assert_eq!(service.list_dingtalk("t").await.unwrap()["Configs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_vendors_actions_set_the_same_settings() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    let ant = json!({"AppId": "2021", "PrivateKey": "SECRET-A", "PublicKey": "P", "SignMode": "KEY"});
    service.save_ant("s", params(ant)).await.unwrap();
    let certificates = json!({"AppId": "2021", "SignMode": "Cert", "AppCert": "A", "PublicCert": "B", "RootCert": "C"});
    service.save_ant("s", params(certificates)).await.unwrap();
    service.save_secret("s", WECHAT, Saves::Any, params(json!({"AppId": "wx1", "AppSecret": "SECRET-W"}))).await.unwrap();
    let ding = |secret: &str| params(json!({"AppId": "d1", "AppSecret": secret}));
    assert_eq!(code(service.save_secret("s", DINGTALK, Saves::Known, ding("SECRET-D")).await), APP_NOT_FOUND);
    service.save_secret("s", DINGTALK, Saves::New, ding("SECRET-D")).await.unwrap();
    assert_eq!(code(service.save_secret("s", DINGTALK, Saves::New, ding("SECRET-D")).await), APP_EXISTS);
    service.save_secret("s", DINGTALK, Saves::Known, ding("SECRET-E")).await.unwrap();
    assert_eq!(code(service.save_secret("s", DINGTALK, Saves::Known, ding("")).await), MISSING_PARAMETER);

    let read = app(&service, "s", "alipay", "2021").await.unwrap();
    for (name, value) in
        [("privateKey", "SECRET-A"), ("publicKey", "P"), ("signMode", "cert"), ("appCert", "A"), ("publicCert", "B"), ("rootCert", "C")]
    {
        assert_eq!(read.setting(name), Some(value), "{name}");
    }
    let configs =
        async |platform: &str| service.list_configs("s", params(json!({"Platform": platform}))).await.unwrap()["SecretList"].clone();
    let alipay = json!({
        "SpaceId": "s", "Platform": "alipay", "AppId": "2021", "AppSecret": "", "PrivateKey": mask("SECRET-A"), "PublicKey": "P",
        "SignMode": "cert", "AppCert": "A", "PublicCert": "B", "RootCert": "C",
    });
    assert_eq!(configs("ANT").await, json!([alipay]));
    assert_eq!(configs("weixin").await[0]["AppSecret"], mask("SECRET-W"));
    let all = configs("").await;
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert!(!all.to_string().contains("SECRET-"), "{all}");
    let dingtalk = service.list_dingtalk("s").await.unwrap()["Configs"][0].clone();
    assert_eq!((&dingtalk["AppId"], &dingtalk["AppSecret"]), (&json!("d1"), &json!(mask("SECRET-E"))));
    assert!(dingtalk["CreateTime"].as_str().unwrap().ends_with('Z'), "{dingtalk}");

    for platform in ["alipay", WECHAT, DINGTALK] {
        let id = json!({"AppId": match platform { "alipay" => "2021", WECHAT => "wx1", _ => "d1" }});
        service.delete_config("s", platform, params(id.clone())).await.unwrap();
        assert_eq!(code(service.delete_config("s", platform, params(id)).await), APP_NOT_FOUND);
    }
    assert_eq!(memory.records(), "");
}

#[tokio::test]
async fn a_third_party_acts_for_one_mini_program() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    let token = async |merchant: &str, third: &str, token: &str| {
        service.save_token("s", params(json!({"AppId": merchant, "IsvAppId": third, "AppAuthToken": token}))).await
    };
    assert_eq!(code(token("2021", "2099", "SECRET-T").await), APP_NOT_FOUND, "its keys come first");
    service.save_ant("s", params(json!({"AppId": "2099", "PrivateKey": "SECRET-A", "PublicKey": "P"}))).await.unwrap();
    token("2021", "2099", "SECRET-T").await.unwrap();
    let acting = app(&service, "s", "alipay", "2021").await.unwrap();
    assert_eq!((acting.app_id.as_str(), acting.setting("appAuthToken")), ("2099", Some("SECRET-T")));
    assert_eq!(app(&service, "s", "alipay", "").await.unwrap(), acting);
    assert_eq!(app(&service, "s", "alipay", "2099").await.unwrap(), acting, "whichever name it is asked for by");
    token("2021", "2099", "SECRET-U").await.unwrap();
    let refused = token("2022", "2099", "SECRET-V").await.unwrap_err();
    assert!(refused.code() == INVALID_PARAMETER && refused.message().contains("2021"), "{refused}");
    let listed = service.list_apps("s", params(json!({}))).await.unwrap();
    assert_eq!(listed["Apps"][0]["MerchantAppId"], "2021");
    assert!(!listed.to_string().contains("SECRET"), "{listed}");
    set(&service, "alipay", "2099", json!({"appAuthToken": ""})).await.unwrap();
    assert_eq!(code(app(&service, "s", "alipay", "2021").await), APP_NOT_FOUND);
    token("2099", "", "SECRET-W").await.unwrap();
    assert_eq!(app(&service, "s", "alipay", "2099").await.unwrap().setting("appAuthToken"), Some("SECRET-W"));
    assert_eq!(code(token("2099", "", "").await), MISSING_PARAMETER);
}

#[tokio::test]
async fn platforms_are_described_and_two_adapters_of_one_are_one() {
    let memory = Memory::with_platforms();
    memory.adapter("alipay2", "alipay", &[("publicKey", true), ("extra", false)], &["extra.do"], |app| match app.setting("extra") {
        Some("bad") => Err(Error::new(codes::CONFIG, "extra is bad")),
        _ => Ok(()),
    });
    memory.adapter("odd", "Odd/name", &[("key", true)], &[], |_| Ok(()));
    let service = memory.service();
    let platforms = service.list_platforms().await.unwrap()["Platforms"].clone();
    let names: Vec<&str> = platforms.as_array().unwrap().iter().map(|platform| platform["Platform"].as_str().unwrap()).collect();
    assert_eq!(names, ["alipay", "dingtalk", "wechat"]);
    assert_eq!(platforms[0]["Adapters"], json!(["alipay", "alipay2"]));
    assert_eq!(platforms[0]["Apis"], json!(["payment.common.create", "extra.do"]));
    let settings = platforms[0]["Settings"].as_array().unwrap();
    assert!(settings.contains(&json!({"Name": "publicKey", "About": "About publicKey.", "Secret": true})), "one says it is secret");
    assert!(settings.contains(&json!({"Name": "extra", "About": "About extra.", "Secret": false})));
    let refused = set(&service, "alipay", "1", json!({"privateKey": "k", "publicKey": "p", "extra": "bad"})).await.unwrap_err();
    assert_eq!(refused.message(), "extra is bad");
}

#[tokio::test]
async fn extensions_and_services_are_there_when_their_plugins_are() {
    let memory = Memory::with_platforms();
    let service = memory.service();
    let extensions = service.list_extensions(params(json!({"PageNumber": "2", "PageSize": "1"}))).await.unwrap();
    assert_eq!(extensions["TotalCount"], 2, "dingtalk has no API: {extensions}");
    assert_eq!(
        (&extensions["Extensions"][0]["ExtensionId"], &extensions["Extensions"][0]["Enabled"]),
        (&json!("cloudcall-wechat"), &json!("true"))
    );
    assert_eq!(code(service.list_extensions(params(json!({"PageNumber": "0"}))).await), INVALID_PARAMETER);
    service.enable_extension(params(json!({"ExtensionId": "cloudcall-alipay"}))).await.unwrap();
    for id in ["cloudcall-acme", "alipay"] {
        assert_eq!(code(service.enable_extension(params(json!({"ExtensionId": id}))).await), NO_EXTENSION);
    }

    let status =
        async |name: &str| service.service_status(&call("s"), params(json!({"ServiceName": name}))).await.unwrap()["ServiceStatus"].clone();
    let open = async |name: &str| service.open_service(&call("s"), params(json!({"ServiceName": name}))).await;
    assert_eq!(status("db").await, "NotOpened");
    assert_eq!(code(open("db").await), codes::UNAVAILABLE);
    memory.provide("serverless.db.default.execute");
    memory.provide(super::SITE_STATUS);
    assert_eq!((status("DB").await, status("webhosting").await), (json!("Opened"), json!("NotOpened")));
    open("db").await.unwrap();
    open("webHosting").await.unwrap();
    assert_eq!(status("hosting").await, "Opened");
    assert_eq!(code(service.service_status(&call("s"), params(json!({"ServiceName": "tea"}))).await), INVALID_PARAMETER);
    assert_eq!(code(open("").await), MISSING_PARAMETER);
}
