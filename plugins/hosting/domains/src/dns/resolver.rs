//! Asks servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{self, Answer, Kind, Record};

/// Where the system says which servers to ask.
const SYSTEM: &str = "/etc/resolv.conf";
/// How long a server has for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often all servers are asked.
const ROUNDS: usize = 2;
/// How many servers are asked, as in the C library.
const MAX_SERVERS: usize = 3;
/// The largest answer over UDP to a question without EDNS.
const MAX_DATAGRAM: usize = 512;

/// Looks up names.
#[derive(Clone, Debug)]
pub struct Resolver {
    server: Option<SocketAddr>,
    patience: Duration,
}

impl Resolver {
    /// One that asks a server, or those that the system names.
    pub fn new(server: Option<SocketAddr>) -> Self {
        Self { server, patience: PATIENCE }
    }

    /// The texts of a name; none where there is no such name.
    ///
    /// # Errors
    /// `ServiceUnavailable` when no server could tell.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>> {
        let records = self.look_up(name, Kind::Txt).await?;
        let text = |record| match record {
            Record::Text(text) => Some(text),
            Record::Address(_) => None,
        };
        Ok(records.into_iter().filter_map(text).collect())
    }

    /// The addresses of a name, IPv4 before IPv6; none where there is no such name.
    ///
    /// # Errors
    /// `ServiceUnavailable` when no server could tell.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>> {
        let (v4, v6) = tokio::join!(self.look_up(name, Kind::A), self.look_up(name, Kind::Aaaa));
        // Some servers fail for types that they do not know.
        let records = match (v4, v6) {
            (Ok(v4), Ok(v6)) => [v4, v6].concat(),
            // One that has nothing does not speak for one that could not be asked.
            (Ok(only), Err(error)) | (Err(error), Ok(only)) if only.is_empty() => return Err(error),
            (Ok(only), Err(_)) | (Err(_), Ok(only)) => only,
            (Err(error), Err(_)) => return Err(error),
        };
        let address = |record| match record {
            Record::Address(address) => Some(address),
            Record::Text(_) => None,
        };
        Ok(records.into_iter().filter_map(address).collect())
    }

    async fn look_up(&self, name: &str, kind: Kind) -> Result<Vec<Record>> {
        let mut reason = "there is no DNS server to ask".to_owned();
        let servers = self.servers().await;
        for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
            match ask(*server, name, kind, self.patience).await {
                Ok(Answer::Found(records)) => return Ok(records),
                Ok(Answer::Failed(code)) => reason = format!("the DNS server answered {code}"),
                Ok(Answer::Truncated | Answer::Unrelated) => reason = "the DNS server's answer cannot be read".to_owned(),
                Err(error) => {
                    tracing::debug!(%server, name, %error, "no answer from a DNS server");
                    reason = "the DNS server did not answer".to_owned();
                }
            }
        }
        Err(Error::new(codes::UNAVAILABLE, format!("`{name}` could not be looked up: {reason}")).retryable())
    }

    async fn servers(&self) -> Vec<SocketAddr> {
        if let Some(server) = self.server {
            return vec![server];
        }
        let file = tokio::fs::read(SYSTEM).await.unwrap_or_default();
        let named = resolv_conf::Config::parse(file).map(|config| config.nameservers).unwrap_or_default();
        named.into_iter().take(MAX_SERVERS).map(|server| SocketAddr::new(server.into(), 53)).collect()
    }
}

/// Asks a server over UDP, and over TCP when the answer does not fit.
async fn ask(server: SocketAddr, name: &str, kind: Kind, patience: Duration) -> std::io::Result<Answer> {
    let id: u16 = rand::random();
    let no_name = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "no name");
    let question = message::question(id, name, kind).ok_or_else(no_name)?;
    match timeout(patience, over_udp(server, &question, |bytes| message::answer(bytes, id, name, kind))).await?? {
        Answer::Truncated => {
            let bytes = timeout(patience, over_tcp(server, &question)).await??;
            Ok(message::answer(&bytes, id, name, kind))
        }
        answer => Ok(answer),
    }
}

/// Sends from a new socket, so that the port cannot be guessed, and waits for what answers.
async fn over_udp(server: SocketAddr, question: &[u8], read: impl Fn(&[u8]) -> Answer) -> std::io::Result<Answer> {
    let own: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = [0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match read(buffer.get(..length).unwrap_or_default()) {
            Answer::Unrelated => {}
            answer => return Ok(answer),
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use simple_dns::rdata::{RData, TXT};
    use simple_dns::{CLASS, Packet, PacketFlag, ResourceRecord};
    use tokio::net::TcpListener;

    use super::*;

    const NAME: &str = "verification.a.com";

    /// A reply with a text, to a question.
    fn reply(question: &[u8], text: &str, change: impl FnOnce(&mut Packet<'_>)) -> Vec<u8> {
        let mut packet = Packet::parse(question).unwrap().into_reply();
        let name = packet.questions[0].qname.clone();
        packet.answers.push(ResourceRecord::new(name, CLASS::IN, 60, RData::TXT(TXT::try_from(text).unwrap())));
        change(&mut packet);
        packet.build_bytes_vec().unwrap()
    }

    #[tokio::test]
    async fn forged_answers_are_passed_over() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolver = Resolver::new(Some(server.local_addr().unwrap()));
        let serve = async {
            let mut buffer = [0; 512];
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            let question = &buffer[..length];
            let id = Packet::parse(question).unwrap().id();
            for forged in [b"".to_vec(), b"\0".repeat(40), reply(question, "forged", |packet| packet.set_id(id ^ 1))] {
                server.send_to(&forged, from).await.unwrap();
            }
            server.send_to(&reply(question, "real", |_| {}), from).await.unwrap();
        };
        let (texts, ()) = tokio::join!(resolver.texts(NAME), serve);
        assert_eq!(texts.unwrap(), ["real"]);
    }

    #[tokio::test]
    async fn what_does_not_fit_comes_over_tcp() {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).await.unwrap();
        let long = "x".repeat(2000);
        let serve = async {
            let mut buffer = [0; 512];
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            let cut = reply(&buffer[..length], "", |packet| packet.set_flags(PacketFlag::TRUNCATION));
            udp.send_to(&cut, from).await.unwrap();
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut question).await.unwrap();
            let whole = reply(&question, &long, |_| {});
            stream.write_u16(whole.len() as u16).await.unwrap();
            stream.write_all(&whole).await.unwrap();
        };
        let resolver = Resolver::new(Some(address));
        let (texts, ()) = tokio::join!(resolver.texts(NAME), serve);
        assert_eq!(texts.unwrap(), [long.as_str()]);
    }

    #[tokio::test]
    async fn a_silent_server_is_given_up() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolver = Resolver { server: Some(server.local_addr().unwrap()), patience: Duration::from_millis(20) };
        let error = resolver.texts(NAME).await.unwrap_err();
        assert_eq!(error.code(), codes::UNAVAILABLE);
        assert!(error.is_retryable());
    }
}
