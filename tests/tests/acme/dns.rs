//! A DNS server that has every name at 127.0.0.1, and the texts that a test gives it.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use simple_dns::rdata::{A, RData, TXT};
use simple_dns::{CLASS, Packet, QTYPE, ResourceRecord, TYPE};

#[derive(Default)]
struct Zone {
    texts: HashMap<String, String>,
    addresses: HashMap<String, Ipv4Addr>,
}

/// A server; it ends with the process.
pub struct Dns {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl Dns {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = socket.local_addr().expect("its address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let served = zone.clone();
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Some(answer) = answer(&buffer[..length], &served.lock().expect("the zone")) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, zone }
    }

    pub fn text(&self, name: &str, text: &str) {
        self.zone.lock().expect("the zone").texts.insert(name.to_owned(), text.to_owned());
    }

    /// Removes the text of a name.
    pub fn no_text(&self, name: &str) {
        self.zone.lock().expect("the zone").texts.remove(name);
    }

    /// Has a name lead elsewhere.
    pub fn lead(&self, name: &str, to: Ipv4Addr) {
        self.zone.lock().expect("the zone").addresses.insert(name.to_owned(), to);
    }
}

fn answer(question: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let mut reply = Packet::parse(question).ok()?.into_reply();
    let asked = reply.questions.first()?.clone();
    let name = asked.qname.to_string().to_lowercase();
    let text = zone.texts.get(&name).cloned().unwrap_or_default();
    let data = match asked.qtype {
        QTYPE::TYPE(TYPE::A) => Some(RData::A(A::from(*zone.addresses.get(&name).unwrap_or(&Ipv4Addr::LOCALHOST)))),
        QTYPE::TYPE(TYPE::TXT) if !text.is_empty() => Some(RData::TXT(TXT::try_from(text.as_str()).ok()?.into_owned())),
        _ => None,
    };
    reply.answers.extend(data.map(|data| ResourceRecord::new(asked.qname, CLASS::IN, 1, data)));
    reply.build_bytes_vec().ok()
}
