//! How many new devices are let in. Each costs memory and disk for good, and who holds a copy of the
//! mini program can make them up.
//!
//! A device that is [known](super::known) costs nothing. One that is not takes from the rates of its
//! application and of its address, once in ten minutes at the most: by then the fold has made it
//! known. While the node has not loaded the application, every device counts as new so. That lasts
//! until somebody is refused, which has it [loaded](super::loading): most never need that.

use std::collections::HashMap;
use std::mem;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use analytics_engine::DeviceKey;

use super::known::Known;
use super::rate::{Bucket, Buckets, Rate};
use crate::config::Config;

const MINUTE: Duration = Duration::from_secs(60);
/// How long what may come is saved up.
const AT_ONCE: Duration = Duration::from_secs(600);
/// How long a device is remembered that was let in: once to twice this.
const MET: Duration = Duration::from_secs(600);
/// How many applications are counted before those are forgotten that nobody new comes to.
const MOST: usize = 10_000;

/// The new devices of all applications.
#[derive(Debug)]
pub struct Newcomers {
    most: u64,
    rate: Rate,
    apps: Mutex<HashMap<String, Arrivals>>,
    addresses: Buckets,
}

#[derive(Debug)]
struct Arrivals {
    bucket: Bucket,
    /// Who was let in of late, and before that.
    met: [Known; 2],
    since: Instant,
    /// How many devices the application has by its manifest, when that was last heard.
    users: u64,
    asked: Option<Instant>,
}

/// A limit that a new device exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The application has as many devices as it may have.
    Devices,
    /// Too many came to the application.
    Rate,
    /// Too many came from the address.
    Address,
}

impl Newcomers {
    /// Limits of new devices.
    pub fn new(config: &Config) -> Self {
        Self {
            most: config.max_devices,
            rate: Rate::new(config.max_new_devices_per_minute, MINUTE, AT_ONCE),
            apps: Mutex::default(),
            addresses: Buckets::new(Rate::new(config.max_new_devices_per_address, MINUTE, AT_ONCE)),
        }
    }

    fn with<T>(&self, app: &str, work: impl FnOnce(&mut Arrivals) -> T) -> T {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        if apps.len() >= MOST && !apps.contains_key(app) {
            apps.retain(|_, arrivals| arrivals.since.elapsed() < 2 * MET);
            if apps.len() > MOST / 2 {
                apps.clear();
            }
        }
        let arrivals = apps.entry(app.to_owned()).or_insert_with(|| Arrivals::new(self.rate));
        if arrivals.since.elapsed() >= MET {
            arrivals.turn();
        }
        work(arrivals)
    }

    /// Whether it is to be asked how many devices an application's manifest has: once a minute.
    /// Whoever is told so asks.
    pub fn asks(&self, app: &str) -> bool {
        self.with(app, |arrivals| {
            let due = arrivals.asked.is_none_or(|asked| asked.elapsed() >= MINUTE);
            if due {
                arrivals.asked = Some(Instant::now());
            }
            due
        })
    }

    /// So many devices an application's manifest has.
    pub fn heard(&self, app: &str, users: u64) {
        self.with(app, |arrivals| arrivals.users = users);
    }

    /// Lets a device in that is not known. `users` are the devices that are; 0 when the application is
    /// not loaded.
    ///
    /// # Errors
    /// The limit that it exceeds.
    pub fn enter(&self, app: &str, device: DeviceKey, from: Option<IpAddr>, users: u64) -> Result<(), Exceeded> {
        self.with(app, |arrivals| {
            if arrivals.met.iter().any(|met| met.has(device) == Some(true)) {
                return Ok(());
            }
            if arrivals.users.max(users) >= self.most {
                return Err(Exceeded::Devices);
            }
            if let Some(network) = from.and_then(network)
                && !self.addresses.take(network, 1)
            {
                return Err(Exceeded::Address);
            }
            if !arrivals.bucket.take(self.rate, 1) {
                return Err(Exceeded::Rate);
            }
            arrivals.met[0].add(device);
            Ok(())
        })
    }

    /// Forgets an application.
    pub fn forget(&self, app: &str) {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner).remove(app);
    }
}

impl Arrivals {
    fn new(rate: Rate) -> Self {
        let arrivals = Self { bucket: Bucket::new(rate), met: Default::default(), since: Instant::now(), users: 0, asked: None };
        arrivals.met[0].fill(&[]);
        arrivals
    }

    fn turn(&mut self) {
        let [late, before] = &mut self.met;
        mem::swap(late, before);
        late.fill(&[]);
        self.since = Instant::now();
    }
}

/// What counts as one address: an IPv6 network of 64 bits is one customer's. Nothing for addresses
/// of proxies of the operator's own network: what comes from them was passed on without saying for
/// whom. Only for those: what the crate `public-address` takes for not public has addresses that a
/// customer can give himself, such as ISATAP's.
fn network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || is_shared(ip) => None,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified() => None,
        IpAddr::V6(ip) => Some(IpAddr::V6((ip.to_bits() >> 64 << 64).into())),
        ip => Some(ip),
    }
}

/// Whether an address is of `100.64.0.0/10`, which load balancers and carriers have (RFC 6598).
fn is_shared(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [100, 64..=127, ..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn newcomers(config: serde_json::Value) -> Newcomers {
        Newcomers::new(&serde_json::from_value(config).unwrap())
    }

    fn device(n: u32) -> DeviceKey {
        DeviceKey::of(&n.to_string())
    }

    #[test]
    fn ten_minutes_of_new_devices_may_come_at_once_and_each_is_one() {
        let newcomers = newcomers(serde_json::json!({"max_new_devices_per_minute": 10}));
        for n in 0..100 {
            assert_eq!(newcomers.enter("a", device(n), None, 0), Ok(()));
        }
        assert_eq!(newcomers.enter("a", device(100), None, 0), Err(Exceeded::Rate));
        (0..100).for_each(|n| assert_eq!(newcomers.enter("a", device(n), None, 0), Ok(())));
        assert_eq!(newcomers.enter("b", device(100), None, 0), Ok(()));
    }

    #[test]
    fn an_address_has_a_rate_of_its_own_unless_it_is_a_proxy() {
        let newcomers = newcomers(serde_json::json!({"max_new_devices_per_address": 1}));
        let from = |text: &str| Some(text.parse().unwrap());
        for n in 0..10 {
            assert_eq!(newcomers.enter("a", device(n), from(&format!("2001:db8::{n}")), 0), Ok(()));
        }
        assert_eq!(newcomers.enter("a", device(10), from("2001:db8::ffff:1"), 0), Err(Exceeded::Address));
        assert_eq!(newcomers.enter("a", device(1), from("2001:db8::1"), 0), Ok(()));
        assert_eq!(newcomers.enter("a", device(10), from("2001:db8:0:1::1"), 0), Ok(()));
        for n in 20..140 {
            let local = ["127.0.0.1", "10.1.2.3", "::ffff:192.168.1.1", "fd00::1", "100.64.0.1", "100.127.255.255"][n as usize % 6];
            assert_eq!(newcomers.enter("a", device(n), from(local), 0), Ok(()));
        }
        for public in ["100.63.255.255", "100.128.0.1"] {
            assert_eq!(network(public.parse().unwrap()), from(public));
        }
        assert_eq!(network("::ffff:8.8.8.8".parse().unwrap()), from("8.8.8.8"));
    }

    #[test]
    fn an_application_has_a_bounded_number_of_devices() {
        let newcomers = newcomers(serde_json::json!({"max_devices": 2}));
        assert!(newcomers.asks("a") && !newcomers.asks("a") && newcomers.asks("b"));
        newcomers.heard("a", 1);
        assert_eq!(newcomers.enter("a", device(1), None, 0), Ok(()));
        newcomers.heard("a", 2);
        assert_eq!(newcomers.enter("a", device(2), None, 0), Err(Exceeded::Devices));
        assert_eq!(newcomers.enter("a", device(1), None, 0), Ok(()));
        // The state in memory may have heard of more.
        assert_eq!(newcomers.enter("b", device(1), None, 1), Ok(()));
        assert_eq!(newcomers.enter("b", device(2), None, 2), Err(Exceeded::Devices));
    }

    #[test]
    fn who_was_let_in_is_remembered_for_a_while() {
        let newcomers = newcomers(serde_json::json!({"max_new_devices_per_minute": 1}));
        (0..10).for_each(|n| assert_eq!(newcomers.enter("a", device(n), None, 0), Ok(())));
        newcomers.with("a", Arrivals::turn);
        assert_eq!(newcomers.enter("a", device(1), None, 0), Ok(()));
        newcomers.with("a", Arrivals::turn);
        assert_eq!(newcomers.enter("a", device(1), None, 0), Err(Exceeded::Rate));
    }
}
