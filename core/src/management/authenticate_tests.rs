//! Requests that the official SDK made (PyPI `alibabacloud-mpserverless20190615` 2.0.0, recorded by
//! a listening server), and the same requests spoiled in every way that matters.

use http::{HeaderMap, HeaderName, HeaderValue};
use sdk_plugin::Result;
use serde::Deserialize;

use super::access_keys::{AccessKeys, FILE};
use super::authenticate::{MAX_SKEW_MS, Verified, authenticate};
use super::nonces::Nonces;
use super::{ManagementRequest, codes, timestamp};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    access_key_id: String,
    access_key_secret: String,
    requests: Vec<Request>,
}

#[derive(Clone, Deserialize)]
struct Request {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Changes a request after it was signed.
type Spoil = fn(&mut Request);

impl Request {
    fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)).unwrap().1
    }

    fn time(&self) -> i64 {
        let date = self.headers.iter().find(|(n, _)| n == "x-acs-date").map(|(_, v)| v.clone());
        let date =
            date.or_else(|| super::canonical::pairs(&self.query).unwrap().into_iter().find(|(n, _)| n == "Timestamp").map(|(_, v)| v));
        timestamp::parse(&date.unwrap()).unwrap()
    }

    fn to_request(&self) -> ManagementRequest {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        ManagementRequest {
            method: self.method.parse().unwrap(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers,
            body: self.body.clone().into(),
            ip: "127.0.0.1".into(),
            request_id: String::new(),
        }
    }
}

fn recorded() -> (tempfile::TempDir, AccessKeys, Vec<Request>) {
    let recorded: Recorded = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let data = tempfile::tempdir().unwrap();
    let file = serde_json::json!({"accessKeyId": recorded.access_key_id, "accessKeySecret": recorded.access_key_secret});
    std::fs::write(data.path().join(FILE), file.to_string()).unwrap();
    let keys = AccessKeys::open(data.path(), "").unwrap();
    (data, keys, recorded.requests)
}

async fn check(keys: &AccessKeys, request: &Request, now_ms: i64) -> Result<Verified> {
    authenticate(keys, &Nonces::new(), &request.to_request(), now_ms).await
}

async fn refused(keys: &AccessKeys, request: &Request) -> String {
    check(keys, request, request.time()).await.unwrap_err().code().to_owned()
}

fn of_scheme(requests: &[Request], scheme: &str) -> Request {
    requests.iter().find(|r| r.name.starts_with(scheme)).unwrap().clone()
}

#[tokio::test]
async fn what_the_sdk_signed_is_accepted_with_its_parameters() {
    let (_data, keys, requests) = recorded();
    let mut seen = 0;
    for request in requests.iter().filter(|r| !r.name.ends_with("with a security token")) {
        let verified = check(&keys, request, request.time()).await.unwrap_or_else(|e| panic!("{}: {e}", request.name));
        let expected = match request.name.split_once(' ').unwrap().1 {
            "CreateSpace, text that needs encoding" => r#"{"Desc":"小程序 a+b*c~d/e?f=g&h%20\"{}\"\n","Name":"demo1"}"#,
            "DescribeFCOpenStatus, no parameters" => "{}",
            "CheckMpServerlessRoleExists, parameters in the query" => r#"{"RoleName":"A role*~"}"#,
            "ListFile, parameters in query and body" => r#"{"NextToken":"a b+c/=","PageSize":"5","Prefix":"图片/","SpaceId":"mp-1"}"#,
            "ListSpace, a list" => r#"{"PageNum":"0","PageSize":"20","SpaceIds":"mp-1,mp-2"}"#,
            "RunDBCommand, JSON" => {
                r#"{"Body":"{\"command\":\"findOne\",\"collection\":\"c\",\"query\":{\"name\":\"tome\",\"$or\":[]}}","SpaceId":"mp-1"}"#
            }
            other => panic!("no expectation for {other}"),
        };
        assert_eq!(String::from_utf8(verified.parameters.to_json().unwrap()).unwrap(), expected, "{}", request.name);
        assert!(request.name.contains(&verified.action), "{}", request.name);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[tokio::test]
async fn temporary_credentials_are_refused_clearly() {
    let (_data, keys, requests) = recorded();
    let with_token: Vec<&Request> = requests.iter().filter(|r| r.name.ends_with("with a security token")).collect();
    assert_eq!(with_token.len(), 2);
    for request in with_token {
        assert_eq!(refused(&keys, request).await, codes::SECURITY_TOKEN, "{}", request.name);
    }
}

#[tokio::test]
async fn a_request_serves_once_and_for_fifteen_minutes() {
    let (_data, keys, requests) = recorded();
    for scheme in ["ACS3", "RPC"] {
        let request = of_scheme(&requests, scheme);
        let now = request.time();
        for (now, code) in [
            (now + MAX_SKEW_MS, None),
            (now - MAX_SKEW_MS, None),
            (now + MAX_SKEW_MS + 1, Some(codes::TIMESTAMP_EXPIRED)),
            (now - MAX_SKEW_MS - 1, Some(codes::TIMESTAMP_EXPIRED)),
        ] {
            assert_eq!(check(&keys, &request, now).await.err().map(|e| e.code().to_owned()).as_deref(), code, "{scheme}");
        }
        let nonces = Nonces::new();
        authenticate(&keys, &nonces, &request.to_request(), now).await.unwrap();
        let again = authenticate(&keys, &nonces, &request.to_request(), now).await.unwrap_err();
        assert_eq!(again.code(), codes::NONCE_USED, "{scheme}");
    }
}

#[tokio::test]
async fn a_bad_signature_does_not_use_up_the_nonce() {
    let (_data, keys, requests) = recorded();
    let good = of_scheme(&requests, "ACS3");
    let mut bad = good.clone();
    bad.header("x-acs-action").push('x');
    let nonces = Nonces::new();
    assert_eq!(authenticate(&keys, &nonces, &bad.to_request(), good.time()).await.unwrap_err().code(), codes::SIGNATURE);
    authenticate(&keys, &nonces, &good.to_request(), good.time()).await.unwrap();
}

#[tokio::test]
async fn acs3_covers_every_part() {
    let (_data, keys, requests) = recorded();
    let good = of_scheme(&requests, "ACS3");
    let time = good.time();
    let spoilers: [(&str, Spoil); 9] = [
        ("method", |r| r.method = "GET".into()),
        ("path", |r| r.path = "/x".into()),
        ("query", |r| r.query = "SpaceId=other".into()),
        ("body", |r| r.body.push_str("&SpaceId=other")),
        ("action", |r| *r.header("x-acs-action") = "DeleteSpace".into()),
        ("host", |r| *r.header("host") = "elsewhere".into()),
        ("user agent", |r| r.header("user-agent").push('x')),
        ("signature", |r| *r.header("authorization") = r.header("authorization").replace("Signature=8", "Signature=9")),
        ("an unsigned header", |r| r.headers.push(("x-acs-more".into(), "1".into()))),
    ];
    for (what, spoil) in spoilers {
        let mut request = good.clone();
        spoil(&mut request);
        let error = check(&keys, &request, time).await.unwrap_err();
        assert_eq!(error.code(), codes::SIGNATURE, "{what}");
    }
    let mut request = good.clone();
    request.header("user-agent").push('x');
    let message = check(&keys, &request, time).await.unwrap_err().message().to_owned();
    assert!(message.contains("server string to sign is [ACS3-HMAC-SHA256\n") && message.contains("x-acs-action:CreateSpace"), "{message}");
}

#[tokio::test]
async fn rpc_covers_every_part() {
    let (_data, keys, requests) = recorded();
    let good = of_scheme(&requests, "RPC");
    let time = good.time();
    let spoilers: [(&str, Spoil); 5] = [
        ("method", |r| r.method = "GET".into()),
        ("query", |r| r.query.push_str("&SpaceId=other")),
        ("body", |r| r.body.push_str("&SpaceId=other")),
        ("action", |r| r.query = r.query.replace("Action=CreateSpace", "Action=DeleteSpace")),
        ("signature", |r| r.query = r.query.replace("Signature=", "Signature=AAAA")),
    ];
    for (what, spoil) in spoilers {
        let mut request = good.clone();
        spoil(&mut request);
        let error = check(&keys, &request, time).await.unwrap_err();
        assert_eq!(error.code(), codes::SIGNATURE, "{what}");
        assert!(error.message().contains("server string to sign is:"), "{what}");
    }
}

#[tokio::test]
async fn other_refusals_have_the_vendors_codes() {
    let (_data, keys, requests) = recorded();
    let acs3 = of_scheme(&requests, "ACS3");
    let rpc = of_scheme(&requests, "RPC");

    let mut request = acs3.clone();
    *request.header("authorization") = request.header("authorization").replace("MPTESTACCESSKEY00001", "MPOTHER");
    assert_eq!(refused(&keys, &request).await, codes::UNKNOWN_KEY);

    let mut request = rpc.clone();
    request.query = request.query.replace("MPTESTACCESSKEY00001", "MPOTHER");
    assert_eq!(refused(&keys, &request).await, codes::UNKNOWN_KEY);

    let mut request = acs3.clone();
    *request.header("x-acs-version") = "2018-01-01".into();
    assert_eq!(refused(&keys, &request).await, codes::INVALID_VERSION);

    let mut request = acs3.clone();
    *request.header("x-acs-date") = "yesterday".into();
    assert_eq!(check(&keys, &request, acs3.time()).await.unwrap_err().code(), codes::TIMESTAMP_FORMAT);

    let mut request = acs3.clone();
    *request.header("authorization") = request.header("authorization").replace("HMAC-SHA256", "HMAC-SM3");
    assert_eq!(refused(&keys, &request).await, codes::SIGNATURE_METHOD);

    let mut request = rpc.clone();
    request.query = request.query.replace("HMAC-SHA1", "HMAC-MD5");
    assert_eq!(refused(&keys, &request).await, codes::SIGNATURE_METHOD);

    for missing in ["x-acs-signature-nonce", "x-acs-action", "x-acs-content-sha256", "x-acs-version", "x-acs-date"] {
        let mut request = acs3.clone();
        request.headers.retain(|(name, _)| name != missing);
        assert_eq!(check(&keys, &request, acs3.time()).await.unwrap_err().code(), "MissingParameter", "{missing}");
    }

    let mut request = acs3.clone();
    request.headers.retain(|(name, _)| name != "Authorization");
    assert_eq!(check(&keys, &request, acs3.time()).await.unwrap_err().code(), codes::UNSIGNED);
}
