//! The service over a platform in memory.
#![allow(clippy::unwrap_used)]

mod calls;
mod crashes;
mod model;
mod notifications;

use std::sync::Arc;

use sdk_plugin::contract::cloudcall::{INVOKE, Invoke};
use sdk_plugin::{Call, Caller, CallerKind, Result};
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Config;
use crate::service::Service;
use crate::testing::Memory;

/// What is configured, the platform, and nodes that share the records.
struct Cloud {
    memory: Memory,
    clock: Clock,
    node: Arc<Service<Memory>>,
}

impl Cloud {
    fn new() -> Self {
        let (memory, clock) = (Memory::default(), Clock::set_to(1_700_000_000_000));
        let node = node(&memory, &clock);
        Self { memory, clock, node }
    }

    /// A node that has just started.
    fn restart(&mut self) {
        self.node = node(&self.memory, &self.clock);
    }

    async fn function(&self, api: &str, args: Value) -> Result<Value> {
        self.node.make_call(call(CallerKind::Function, ""), invoke(api, args)).await
    }

    async fn client(&self, user: &str, api: &str, args: Value) -> Result<Value> {
        self.node.make_call(call(CallerKind::Client, user), invoke(api, args)).await
    }

    /// An entry of the book.
    fn entry(&self, subject: &str, number: &str) -> crate::book::Entry {
        self.find(subject, number).unwrap()
    }

    fn find(&self, subject: &str, number: &str) -> Option<crate::book::Entry> {
        let id = format!("space/bank/app/{subject}/{number}");
        let all = self.memory.documents("cloudcallOrders");
        let found = all.into_iter().find(|entry| entry.get_str("_id").unwrap() == id)?;
        Some(serde_json::from_str(&mql::json::to_string(&bson::Bson::Document(found))).unwrap())
    }

    fn done(&self, number: &str) -> u32 {
        self.memory.platform(|platform| platform.done.get(number).copied().unwrap_or_default())
    }
}

fn node(memory: &Memory, clock: &Clock) -> Arc<Service<Memory>> {
    Service::new(Config::default(), memory.clone(), clock.clone(), &[7; 32]).unwrap()
}

fn call(kind: CallerKind, user: &str) -> Call {
    let mut call = Call::new("space", INVOKE, "{}");
    let app = if user.is_empty() { "" } else { "app" };
    call.caller = Caller { kind, user: user.to_owned(), app: app.to_owned(), ..Caller::default() };
    call.request_id = "request".to_owned();
    call
}

fn invoke(api: &str, args: Value) -> Invoke {
    Invoke { api: api.to_owned(), args: serde_json::from_value(args).unwrap() }
}
