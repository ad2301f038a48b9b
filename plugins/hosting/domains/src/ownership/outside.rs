//! What tests have instead of the world outside: a DNS server, and a web server that all names lead
//! to.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use sdk_plugin::contract::Calls;
use simple_dns::rdata::{A, RData, TXT};
use simple_dns::{CLASS, Packet, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket};

use super::file;
use crate::acme::Tokens;
use crate::config::Config;

/// What the web server does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Web {
    /// It is another one.
    #[default]
    Elsewhere,
    /// It is another one, with a file.
    File(String),
    /// It is this server.
    Here,
    /// Something before it answers with this status.
    Status(u16),
    /// It ends connections.
    Away,
}

/// The DNS server and the web server.
#[derive(Clone)]
pub struct Outside {
    dns: SocketAddr,
    port: u16,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    texts: HashMap<String, String>,
    no_dns: bool,
    no_addresses: bool,
    questions: usize,
    web: Web,
}

impl Outside {
    /// Starts both; `tokens` are what this server answers.
    pub async fn start<C: Calls>(tokens: Tokens<C>) -> Self {
        let (socket, listener) = (UdpSocket::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (dns, port) = (socket.local_addr().unwrap(), listener.local_addr().unwrap().port());
        let outside = Self { dns, port, told: Arc::default() };
        tokio::spawn(outside.clone().names(socket));
        tokio::spawn(outside.clone().files(listener, tokens));
        outside
    }

    /// A configuration that asks them.
    pub fn config(&self) -> Config {
        Config { resolver: Some(self.dns), file_port: self.port, allow_private: true, ..Config::default() }
    }

    pub fn text(&self, name: &str, text: &str) {
        self.told.lock().unwrap().texts.insert(name.to_owned(), text.to_owned());
    }

    pub fn no_texts(&self) {
        self.told.lock().unwrap().texts.clear();
    }

    /// Has the DNS server fail, or not.
    pub fn no_dns(&self, away: bool) {
        self.told.lock().unwrap().no_dns = away;
    }

    /// Has the DNS server fail for IPv4 addresses alone, or not.
    pub fn no_addresses(&self, away: bool) {
        self.told.lock().unwrap().no_addresses = away;
    }

    pub fn web(&self, web: Web) {
        self.told.lock().unwrap().web = web;
    }

    /// How often the DNS server was asked.
    pub fn questions(&self) -> usize {
        self.told.lock().unwrap().questions
    }

    async fn names(self, socket: UdpSocket) {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let mut reply = Packet::parse(&buffer[..length]).unwrap().into_reply();
            let (name, kind) = (reply.questions[0].qname.clone(), reply.questions[0].qtype);
            let (text, away) = {
                let mut told = self.told.lock().unwrap();
                told.questions += 1;
                let away = told.no_dns || (told.no_addresses && kind == QTYPE::TYPE(TYPE::A));
                (told.texts.get(&name.to_string()).cloned(), away)
            };
            let data = match kind {
                QTYPE::TYPE(TYPE::A) => Some(RData::A(A::from(Ipv4Addr::LOCALHOST))),
                QTYPE::TYPE(TYPE::TXT) => text.as_deref().map(|text| RData::TXT(TXT::try_from(text).unwrap().into_owned())),
                _ => None,
            };
            if away {
                *reply.rcode_mut() = RCODE::ServerFailure;
            } else {
                reply.answers.extend(data.map(|data| ResourceRecord::new(name, CLASS::IN, 1, data)));
            }
            let bytes = reply.build_bytes_vec().unwrap();
            socket.send_to(&bytes, from).await.unwrap();
        }
    }

    async fn files<C: Calls>(self, listener: TcpListener, tokens: Tokens<C>) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut lines = BufReader::new(stream).lines();
            let (mut path, mut host) = (String::new(), String::new());
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(rest) = line.strip_prefix("GET ") {
                    path = rest.split(' ').next().unwrap().to_owned();
                }
                if let Some(value) = line.strip_prefix("host: ") {
                    host = value.rsplit_once(':').unwrap().0.to_owned();
                }
                if line.is_empty() {
                    break;
                }
            }
            let web = self.told.lock().unwrap().web.clone();
            let status = if let Web::Status(status) = web { status } else { 404 };
            let body = match web {
                Web::Away => continue,
                Web::Elsewhere | Web::Status(_) => None,
                Web::File(text) => Some(text).filter(|_| path == file::PATH),
                Web::Here => tokens.answer(&host, &path).await.unwrap(),
            };
            let answer = match body {
                Some(body) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
                None => format!("HTTP/1.1 {status} No\r\nlocation: https://elsewhere/\r\ncontent-length: 0\r\n\r\n"),
            };
            let _ = lines.into_inner().into_inner().write_all(answer.as_bytes()).await;
        }
    }
}
