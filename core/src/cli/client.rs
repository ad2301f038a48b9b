//! The command line's side of the management API.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri};
use serde_json::Value;
use uuid::Uuid;

use super::Failure;
use crate::management::access_keys::{AccessKey, AdminFile, FILE};
use crate::management::canonical::{self, ACS3, Acs3};
use crate::management::{VERSION, timestamp};

/// How long a request may take in all; functions may run for a minute.
const TIMEOUT: Duration = Duration::from_secs(150);

/// How long a file may take to be uploaded or downloaded.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(6 * 3600);

/// How large a reply may be.
const MAX_REPLY: u64 = 64 << 20;

/// Talks to a server with an access key.
pub struct Client {
    agent: ureq::Agent,
    /// Where the management API answers, with a trailing slash.
    url: Uri,
    key: AccessKey,
}

impl Client {
    /// The server of a data folder, where environment variables do not say otherwise.
    ///
    /// # Errors
    /// When neither names a server and a key.
    pub fn find(data: Option<&Path>) -> Result<Self, Failure> {
        Self::choose(data.unwrap_or(Path::new("data")), |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn choose(data: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let (url, id, secret) = (variable("MPCLOUD_URL"), variable("MPCLOUD_ACCESS_KEY_ID"), variable("MPCLOUD_ACCESS_KEY_SECRET"));
        if id.is_some() != secret.is_some() {
            return Err(Failure::usage("MPCLOUD_ACCESS_KEY_ID and MPCLOUD_ACCESS_KEY_SECRET go together; only one of them is set"));
        }
        let all_set = url.is_some() && id.is_some();
        let file = if all_set { None } else { AdminFile::read(data)? };
        let file = match file {
            Some(file) => file,
            None if all_set => AdminFile { url: String::new(), access_key_id: String::new(), access_key_secret: String::new() },
            None => {
                let data = data.display();
                return Err(Failure::new(format!("there is no {data}/{FILE}")).advise(format!(
                    "Start the server once with `mpcloud serve --data {data}`, name its data folder with --data DIR,\nor set MPCLOUD_URL, MPCLOUD_ACCESS_KEY_ID and MPCLOUD_ACCESS_KEY_SECRET."
                )));
            }
        };
        let key = AccessKey { id: id.unwrap_or(file.access_key_id), secret: secret.unwrap_or(file.access_key_secret) };
        Self::new(&url.unwrap_or(file.url), key)
    }

    fn new(url: &str, key: AccessKey) -> Result<Self, Failure> {
        let with_slash = format!("{}/", url.trim_end_matches('/'));
        let uri: Uri = with_slash.parse().map_err(|e| Failure::usage(format!("`{url}` is not a URL: {e}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
            return Err(Failure::usage(format!("`{url}` is not a URL that begins with http:// or https://")));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT)).build();
        Ok(Self { agent: config.into(), url: uri, key })
    }

    /// `http` or `https`, as the server is reached.
    pub fn scheme(&self) -> &str {
        self.url.scheme_str().unwrap_or("http")
    }

    /// All items of an action that lists them in pages, which count from 1.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn all(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        for page in 1.. {
            let page = page.to_string();
            let paged: Vec<(&str, &str)> = parameters.iter().copied().chain([("PageNum", page.as_str()), ("PageSize", "100")]).collect();
            let reply = self.call(action, &paged)?;
            let items = reply.get("DataList").and_then(Value::as_array).cloned().unwrap_or_default();
            let total = reply.get("Paginator").and_then(|p| p.get("Total")).and_then(Value::as_u64);
            let none = items.is_empty();
            all.extend(items);
            if none || total.is_none_or(|total| all.len() as u64 >= total) {
                break;
            }
        }
        Ok(all)
    }

    /// Runs an action and gives its reply.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached.
    pub fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let body = canonical::form(parameters.iter().copied());
        let headers = self.sign(action, body.as_bytes(), &timestamp::format(timestamp::now_ms()), &Uuid::new_v4().simple().to_string())?;
        let mut request = self.agent.post(&self.url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let mut response = request.send(body.as_bytes()).map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        let text = response.body_mut().with_config().limit(MAX_REPLY).read_to_vec().map_err(|e| self.unreachable(&e))?;
        let reply: Value = serde_json::from_slice(&text).map_err(|_| {
            Failure::new(format!("{} answered {status} with something that is not JSON", self.url))
                .advise("Is this the address of an mpcloud server? Check MPCLOUD_URL, or `url` in admin.json.")
        })?;
        if status.is_success() { Ok(reply) } else { Err(refused(&reply)) }
    }

    fn sign(&self, action: &str, body: &[u8], date: &str, nonce: &str) -> Result<HeaderMap, Failure> {
        let body_hash = canonical::body_hash(body);
        let host = self.url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", host),
            ("x-acs-action", action),
            ("x-acs-content-sha256", &body_hash),
            ("x-acs-date", date),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-version", VERSION),
        ] {
            headers.insert(name, header_value(value)?);
        }
        let mut signed_headers: Vec<String> = headers.keys().map(ToString::to_string).collect();
        signed_headers.sort_unstable();
        let signed_headers: Vec<&str> = signed_headers.iter().map(String::as_str).collect();
        let acs3 = Acs3 {
            method: "POST",
            path: self.url.path(),
            query: &[],
            headers: &headers,
            signed_headers: &signed_headers,
            body_hash: &body_hash,
        };
        let string_to_sign = canonical::acs3_string_to_sign(&acs3.canonical_request());
        let signature = hex::encode(canonical::acs3_signature(&self.key.secret, &string_to_sign));
        let authorization = format!("{ACS3} Credential={},SignedHeaders={},Signature={signature}", self.key.id, signed_headers.join(";"));
        headers.insert("authorization", header_value(&authorization)?);
        Ok(headers)
    }

    /// Puts bytes to a link that the server gave.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached.
    pub fn put(&self, link: &str, length: u64, mut body: impl Read) -> Result<(), Failure> {
        let request = self.agent.put(link).header("content-type", "application/zip").header("content-length", length.to_string());
        let mut response = request.send(ureq::SendBody::from_reader(&mut body)).map_err(|e| self.unreachable(&e))?;
        if response.status().is_success() {
            return Ok(());
        }
        let status = response.status();
        let text = response.body_mut().with_config().limit(4096).read_to_string().unwrap_or_default();
        Err(Failure::new(format!("the upload was refused with {status}: {}", text.trim())))
    }

    /// Puts a file to a link that the server gave. It is read while it is sent.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached.
    pub fn put_file(&self, link: &str, length: u64, mut file: impl Read) -> Result<(), Failure> {
        let request = self.agent.put(link).config().timeout_global(Some(TRANSFER_TIMEOUT)).build();
        let request = request.header("content-type", "application/octet-stream").header("content-length", length.to_string());
        let response = request.send(ureq::SendBody::from_reader(&mut file)).map_err(|e| self.unreachable(&e))?;
        accepted(response, "upload").map(drop)
    }

    /// Posts a form with a file as its last field to a link that the server gave. The file is read
    /// while it is sent.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached.
    pub fn post_form(&self, link: &str, fields: &[(&str, &str)], length: u64, file: impl Read) -> Result<(), Failure> {
        let boundary = Uuid::new_v4().simple().to_string();
        let mut head = String::new();
        for (name, value) in fields {
            head.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }
        head.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"));
        head.push_str("Content-Type: application/octet-stream\r\n\r\n");
        let tail = format!("\r\n--{boundary}--\r\n");
        let whole = head.len() as u64 + length + tail.len() as u64;
        let mut body = head.as_bytes().chain(file).chain(tail.as_bytes());
        let request = self.agent.post(link).config().timeout_global(Some(TRANSFER_TIMEOUT)).build();
        let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        let request = request.header("content-length", whole.to_string());
        let response = request.send(ureq::SendBody::from_reader(&mut body)).map_err(|e| self.unreachable(&e))?;
        accepted(response, "upload").map(drop)
    }

    /// Puts bytes, which are read while they are sent, to a link that the server gave; gives what
    /// it answers.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached.
    pub fn put_answered(&self, link: &str, length: u64, mut body: impl Read) -> Result<Value, Failure> {
        let request = self.agent.put(link).config().timeout_global(Some(TRANSFER_TIMEOUT)).build();
        let request = request.header("content-type", "application/octet-stream").header("content-length", length.to_string());
        let response = request.send(ureq::SendBody::from_reader(&mut body)).map_err(|e| self.unreachable(&e))?;
        let mut response = accepted(response, "upload")?;
        let text = response.body_mut().with_config().limit(MAX_REPLY).read_to_vec().map_err(|e| self.unreachable(&e))?;
        serde_json::from_slice(&text).map_err(|_| Failure::new(format!("{link} answered with something that is not JSON")))
    }

    /// Writes what a link gives.
    ///
    /// # Errors
    /// What the server answers, why it could not be reached, or that `out` cannot be written to.
    pub fn download(&self, link: &str, out: &mut impl Write) -> Result<u64, Failure> {
        let request = self.agent.get(link).config().timeout_global(Some(TRANSFER_TIMEOUT)).build();
        let response = accepted(request.call().map_err(|e| self.unreachable(&e))?, "download")?;
        let expected = response.body().content_length();
        let copied = std::io::copy(&mut response.into_body().into_reader(), out);
        let copied = copied.map_err(|e| Failure::new(format!("the download broke off: {e}")))?;
        if expected.is_some_and(|expected| expected != copied) {
            return Err(Failure::new(format!("the download ended after {copied} bytes, before its end")));
        }
        Ok(copied)
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let url = &self.url;
        match error {
            ureq::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => Failure::new(format!("nothing listens at {url}"))
                .advise("Is the server running? Start it with `mpcloud serve`; if it is elsewhere, set MPCLOUD_URL."),
            ureq::Error::Timeout(_) => Failure::new(format!("{url} did not answer within {} seconds", TIMEOUT.as_secs())),
            other => Failure::new(format!("cannot reach {url}: {other}")),
        }
    }
}

/// A reply that is no refusal.
fn accepted(mut response: http::Response<ureq::Body>, what: &str) -> Result<http::Response<ureq::Body>, Failure> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let text = response.body_mut().with_config().limit(4096).read_to_string().unwrap_or_default();
    let reply: Value = serde_json::from_str(&text).unwrap_or_default();
    let reply = reply.get("error").unwrap_or(&reply);
    let field = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
    if field("message").is_empty() {
        return Err(Failure::new(format!("the {what} was refused with {status}: {}", text.trim())));
    }
    Err(Failure::new(field("message")).with_code(field("code")))
}

fn header_value(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|_| Failure::usage(format!("`{text}` cannot be sent as a header")))
}

fn refused(reply: &Value) -> Failure {
    let field = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = field("RequestId");
    let advice = match (field("Recommend"), field("Code")) {
        ("", "InvalidSpaceId.NotFound" | "InvalidSpace.NotFound" | "InvalidSpace.Deleted") => {
            "List the spaces with `mpcloud space list`.".to_owned()
        }
        ("", _) => format!("Request id: {id}"),
        (recommend, _) => format!("{recommend}\nRequest id: {id}"),
    };
    Failure::new(field("Message")).with_code(field("Code")).advise(advice)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::management::ManagementRequest;
    use crate::management::access_keys::AccessKeys;
    use crate::management::authenticate::authenticate;
    use crate::management::nonces::Nonces;

    fn no_variable(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn the_data_folder_names_server_and_key_and_variables_go_before() {
        let data = tempfile::tempdir().unwrap();
        assert!(Client::choose(data.path(), no_variable).err().unwrap().to_string().contains("mpcloud serve"));
        let keys = AccessKeys::open(data.path(), "http://127.0.0.1:7").unwrap();
        let client = Client::choose(data.path(), no_variable).unwrap();
        assert_eq!((client.url.to_string().as_str(), &client.key.id), ("http://127.0.0.1:7/", &keys.administrator().id));

        let other = |name: &str| (name == "MPCLOUD_URL").then(|| "https://cloud.example.com".to_owned());
        assert_eq!(Client::choose(data.path(), other).unwrap().url.to_string(), "https://cloud.example.com/");

        fs::remove_file(data.path().join(FILE)).unwrap();
        let all = |name: &str| Some(if name == "MPCLOUD_URL" { "http://h".to_owned() } else { name.to_owned() });
        assert_eq!(Client::choose(data.path(), all).unwrap().key.secret, "MPCLOUD_ACCESS_KEY_SECRET");
        let half = |name: &str| (name == "MPCLOUD_ACCESS_KEY_ID").then(|| "id".to_owned());
        assert_eq!(Client::choose(data.path(), half).err().unwrap().exit_code(), 2);
    }

    #[tokio::test]
    async fn the_server_accepts_what_is_signed_here() {
        let data = tempfile::tempdir().unwrap();
        let keys = AccessKeys::open(data.path(), "http://127.0.0.1:7").unwrap();
        let client = Client::choose(data.path(), no_variable).unwrap();
        let body = canonical::form([("Name", "小 a+b*~"), ("Desc", "")]);
        let headers = client.sign("CreateSpace", body.as_bytes(), "2026-11-23T10:09:45Z", "nonce").unwrap();
        let request = ManagementRequest {
            method: http::Method::POST,
            path: "/".into(),
            query: String::new(),
            headers,
            body: body.into(),
            ip: String::new(),
            request_id: String::new(),
        };
        let now = timestamp::parse("2026-11-23T10:10:00Z").unwrap();
        let verified = authenticate(&keys, &Nonces::new(), &request, now).await.unwrap();
        assert_eq!(verified.action, "CreateSpace");
        assert_eq!(verified.parameters.to_json().unwrap(), r#"{"Desc":"","Name":"小 a+b*~"}"#.as_bytes());
    }

    #[test]
    fn only_http_urls_are_taken() {
        for bad in ["", "127.0.0.1:80", "ftp://h", "/x"] {
            let key = AccessKey { id: "i".into(), secret: "s".into() };
            assert!(Client::new(bad, key).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_shows_code_message_and_what_to_do() {
        let reply = serde_json::json!({"Code": "InvalidSpaceId.NotFound", "Message": "no such space", "RequestId": "R", "Recommend": ""});
        let text = refused(&reply).to_string();
        assert_eq!(text, "error: no such space (InvalidSpaceId.NotFound)\nList the spaces with `mpcloud space list`.");
    }
}
