//! How many new devices are let in. Each costs memory and disk for good, and who holds a copy of the
//! mini program can make them up.
//!
//! A device that is [known](super::known) costs nothing. One that is not takes from the rates of its
//! application and of its address, once in ten minutes at the most: by then the fold has made it
//! known. While the node has not loaded the application, every device counts as new so.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
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
    /// How many devices the application has, when that was last heard.
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

    /// Whether it is to be asked how many devices an application has that is not loaded: once a
    /// minute. Whoever is told so asks.
    pub fn asks(&self, app: &str) -> bool {
        self.with(app, |arrivals| {
            let due = arrivals.asked.is_none_or(|asked| asked.elapsed() >= MINUTE);
            if due {
                arrivals.asked = Some(Instant::now());
            }
            due
        })
    }

    /// So many devices an application has.
    pub fn heard(&self, app: &str, users: u64) {
        self.with(app, |arrivals| arrivals.users = users);
    }

    /// Lets a device in that is not known.
    ///
    /// # Errors
    /// The limit that it exceeds.
    pub fn enter(&self, app: &str, device: DeviceKey, from: Option<IpAddr>) -> Result<(), Exceeded> {
        self.with(app, |arrivals| {
            if arrivals.met.iter().any(|met| met.has(device) == Some(true)) {
                return Ok(());
            }
            if arrivals.users >= self.most {
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
/// that are not public: what comes from them was passed on without saying for whom.
fn network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() => None,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified() => None,
        IpAddr::V6(ip) => Some(IpAddr::V6((ip.to_bits() >> 64 << 64).into())),
        ip => Some(ip),
    }
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
            assert_eq!(newcomers.enter("a", device(n), None), Ok(()));
        }
        assert_eq!(newcomers.enter("a", device(100), None), Err(Exceeded::Rate));
        (0..100).for_each(|n| assert_eq!(newcomers.enter("a", device(n), None), Ok(())));
        assert_eq!(newcomers.enter("b", device(100), None), Ok(()));
    }

    #[test]
    fn an_address_has_a_rate_of_its_own_unless_it_is_a_proxy() {
        let newcomers = newcomers(serde_json::json!({"max_new_devices_per_address": 1}));
        let from = |text: &str| Some(text.parse().unwrap());
        for n in 0..10 {
            assert_eq!(newcomers.enter("a", device(n), from(&format!("2001:db8::{n}"))), Ok(()));
        }
        assert_eq!(newcomers.enter("a", device(10), from("2001:db8::ffff:1")), Err(Exceeded::Address));
        assert_eq!(newcomers.enter("a", device(1), from("2001:db8::1")), Ok(()));
        assert_eq!(newcomers.enter("a", device(10), from("2001:db8:0:1::1")), Ok(()));
        for n in 20..60 {
            let local = ["127.0.0.1", "10.1.2.3", "::ffff:192.168.1.1", "fd00::1"][n as usize % 4];
            assert_eq!(newcomers.enter("a", device(n), from(local)), Ok(()));
        }
        assert_eq!(network("::ffff:8.8.8.8".parse().unwrap()), from("8.8.8.8"));
    }

    #[test]
    fn an_application_has_a_bounded_number_of_devices() {
        let newcomers = newcomers(serde_json::json!({"max_devices": 2}));
        assert!(newcomers.asks("a") && !newcomers.asks("a") && newcomers.asks("b"));
        newcomers.heard("a", 1);
        assert_eq!(newcomers.enter("a", device(1), None), Ok(()));
        newcomers.heard("a", 2);
        assert_eq!(newcomers.enter("a", device(2), None), Err(Exceeded::Devices));
        assert_eq!(newcomers.enter("a", device(1), None), Ok(()));
    }

    #[test]
    fn who_was_let_in_is_remembered_for_a_while() {
        let newcomers = newcomers(serde_json::json!({"max_new_devices_per_minute": 1}));
        (0..10).for_each(|n| assert_eq!(newcomers.enter("a", device(n), None), Ok(())));
        newcomers.with("a", Arrivals::turn);
        assert_eq!(newcomers.enter("a", device(1), None), Ok(()));
        newcomers.with("a", Arrivals::turn);
        assert_eq!(newcomers.enter("a", device(1), None), Err(Exceeded::Rate));
    }
}
