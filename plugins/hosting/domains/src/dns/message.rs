//! Messages of DNS. What comes from the network is read as if it were meant to do harm.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};

/// How many aliases lead from a name to its records at the most.
const MAX_ALIASES: usize = 8;
/// The size of a message's header.
const HEADER: usize = 12;
/// The least that a record takes: an empty name, type, class, life and length.
const MIN_RECORD: usize = 11;

/// What is asked of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its texts.
    Txt,
    /// Its IPv4 addresses.
    A,
    /// Its IPv6 addresses.
    Aaaa,
}

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does not answer the question.
    Unrelated,
    /// It was cut short; TCP gives all of it.
    Truncated,
    /// The server could not find out.
    Failed(String),
    /// The records; none where the name does not exist.
    Found(Vec<Record>),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A text.
    Text(String),
    /// An address.
    Address(IpAddr),
}

impl Kind {
    fn code(self) -> TYPE {
        match self {
            Self::Txt => TYPE::TXT,
            Self::A => TYPE::A,
            Self::Aaaa => TYPE::AAAA,
        }
    }

    fn read(self, data: &RData<'_>) -> Option<Record> {
        match (self, data) {
            // Not everything is text; such a record is none that is waited for.
            (Self::Txt, RData::TXT(texts)) => String::try_from(texts.clone()).ok().map(Record::Text),
            (Self::A, RData::A(v4)) => Some(Record::Address(Ipv4Addr::from(v4.address).into())),
            (Self::Aaaa, RData::AAAA(v6)) => Some(Record::Address(Ipv6Addr::from(v6.address).into())),
            _ => None,
        }
    }
}

/// A question; none when the name cannot be one.
pub fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(Name::new(name).ok()?, QTYPE::TYPE(kind.code()), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().ok()
}

/// Reads the answer to a question.
pub fn answer(bytes: &[u8], id: u16, name: &str, kind: Kind) -> Answer {
    if !counts_fit(bytes) {
        return Answer::Unrelated;
    }
    let Ok(packet) = Packet::parse(bytes) else { return Answer::Unrelated };
    let [asked] = packet.questions.as_slice() else { return Answer::Unrelated };
    let ours = packet.id() == id
        && packet.has_flags(PacketFlag::RESPONSE)
        && same(&asked.qname, name)
        && asked.qtype == QTYPE::TYPE(kind.code())
        && asked.qclass == QCLASS::CLASS(CLASS::IN);
    if !ours {
        return Answer::Unrelated;
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Answer::Truncated;
    }
    match packet.rcode() {
        RCODE::NoError => Answer::Found(records(&packet.answers, name, kind)),
        RCODE::NameError => Answer::Found(Vec::new()),
        code => Answer::Failed(format!("{code:?}")),
    }
}

/// Whether a message could hold as many records as it says: memory is taken for them at once.
fn counts_fit(bytes: &[u8]) -> bool {
    let Some(counts) = bytes.get(4..HEADER) else { return false };
    let records: usize = counts.chunks_exact(2).skip(1).map(|pair| pair.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))).sum();
    records * MIN_RECORD <= bytes.len()
}

/// The records of a name, or of the name that it is an alias of.
fn records(answers: &[ResourceRecord<'_>], name: &str, kind: Kind) -> Vec<Record> {
    let mut name = name.to_owned();
    for _ in 0..MAX_ALIASES {
        let of_name = || answers.iter().filter(|record| record.class == CLASS::IN && same(&record.name, &name));
        let found: Vec<Record> = of_name().filter_map(|record| kind.read(&record.rdata)).collect();
        if !found.is_empty() {
            return found;
        }
        let alias = of_name().find_map(|record| match &record.rdata {
            RData::CNAME(to) => Some(to.0.to_string()),
            _ => None,
        });
        match alias {
            Some(to) => name = to,
            None => break,
        }
    }
    Vec::new()
}

fn same(name: &Name<'_>, text: &str) -> bool {
    name.to_string().trim_end_matches('.').eq_ignore_ascii_case(text.trim_end_matches('.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};
    use simple_dns::rdata::{A, CNAME, TXT};

    use super::*;

    const NAME: &str = "verification.a.com";

    fn reply(id: u16, name: &str, change: impl FnOnce(&mut Packet<'_>)) -> Vec<u8> {
        let mut packet = Packet::new_reply(id);
        packet.questions.push(Question::new(Name::new(name).unwrap(), QTYPE::TYPE(TYPE::TXT), QCLASS::CLASS(CLASS::IN), false));
        change(&mut packet);
        packet.build_bytes_vec().unwrap()
    }

    fn txt(name: &'static str, text: &'static str) -> ResourceRecord<'static> {
        ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, RData::TXT(TXT::try_from(text).unwrap()))
    }

    fn alias(name: &'static str, to: &'static str) -> ResourceRecord<'static> {
        ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, RData::CNAME(CNAME(Name::new(to).unwrap())))
    }

    #[test]
    fn answers_belong_to_their_question() {
        let good = reply(7, NAME, |packet| packet.answers.push(txt(NAME, "token")));
        assert_eq!(answer(&good, 7, NAME, Kind::Txt), Answer::Found(vec![Record::Text("token".to_owned())]));
        assert_eq!(answer(&good, 7, "Verification.A.com", Kind::Txt), answer(&good, 7, NAME, Kind::Txt), "names have no case");
        assert_eq!(answer(&good, 8, NAME, Kind::Txt), Answer::Unrelated, "another id");
        assert_eq!(answer(&good, 7, "verification.b.com", Kind::Txt), Answer::Unrelated, "another name");
        assert_eq!(answer(&good, 7, NAME, Kind::A), Answer::Unrelated, "another type");
        let asked = question(7, NAME, Kind::Txt).unwrap();
        assert_eq!(answer(&asked, 7, NAME, Kind::Txt), Answer::Unrelated, "a question is no answer");
    }

    #[test]
    fn only_records_of_the_name_or_its_alias_count() {
        let foreign = reply(1, NAME, |packet| packet.answers.push(txt("verification.b.com", "token")));
        assert_eq!(answer(&foreign, 1, NAME, Kind::Txt), Answer::Found(vec![]));
        let aliased = reply(1, NAME, |packet| {
            packet.answers.push(txt("x.b.com", "token"));
            packet.answers.push(alias(NAME, "x.b.com"));
        });
        assert_eq!(answer(&aliased, 1, NAME, Kind::Txt), Answer::Found(vec![Record::Text("token".to_owned())]));
        let endless = reply(1, NAME, |packet| {
            packet.answers.push(alias(NAME, "x.b.com"));
            packet.answers.push(alias("x.b.com", NAME));
        });
        assert_eq!(answer(&endless, 1, NAME, Kind::Txt), Answer::Found(vec![]));
        let another_kind = reply(1, NAME, |packet| {
            let address = RData::A(A { address: 1 });
            packet.answers.push(ResourceRecord::new(Name::new(NAME).unwrap(), CLASS::IN, 60, address));
        });
        assert_eq!(answer(&another_kind, 1, NAME, Kind::Txt), Answer::Found(vec![]));
    }

    #[test]
    fn a_missing_name_has_no_records_and_a_fault_is_one() {
        let missing = reply(1, NAME, |packet| *packet.rcode_mut() = RCODE::NameError);
        assert_eq!(answer(&missing, 1, NAME, Kind::Txt), Answer::Found(vec![]));
        let broken = reply(1, NAME, |packet| *packet.rcode_mut() = RCODE::ServerFailure);
        assert_eq!(answer(&broken, 1, NAME, Kind::Txt), Answer::Failed("ServerFailure".to_owned()));
        let cut = reply(1, NAME, |packet| packet.set_flags(PacketFlag::TRUNCATION));
        assert_eq!(answer(&cut, 1, NAME, Kind::Txt), Answer::Truncated);
    }

    #[test]
    fn long_texts_are_joined() {
        let long: &'static str = "x".repeat(700).leak();
        let packet = reply(1, NAME, |packet| packet.answers.push(txt(NAME, long)));
        assert_eq!(answer(&packet, 1, NAME, Kind::Txt), Answer::Found(vec![Record::Text(long.to_owned())]));
    }

    #[test]
    fn hostile_messages_are_nobodys_answer() {
        let good = reply(7, NAME, |packet| packet.answers.push(txt(NAME, "token")));
        for length in 0..good.len() {
            assert_eq!(answer(&good[..length], 7, NAME, Kind::Txt), Answer::Unrelated, "{length} bytes of it");
        }
        let mut many = good.clone();
        many[6..12].fill(0xff);
        assert_eq!(answer(&many, 7, NAME, Kind::Txt), Answer::Unrelated, "it cannot hold so many records");
        // A name that points at itself.
        let mut circle = good.clone();
        let end = circle.len();
        circle.extend([0xc0, end as u8, 0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
        circle[7] += 1;
        assert_eq!(answer(&circle, 7, NAME, Kind::Txt), Answer::Unrelated);
        let seed: u64 = rand::rng().random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..random.random_range(1..8) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            // It ends, and does not panic.
            let _ = answer(&bytes, 7, NAME, Kind::Txt);
        }
    }
}
