//! Asks platforms for what changes something, so that nothing is done twice and nothing is lost.
//!
//! The book says what is about to be asked before it is asked, and what was answered afterwards.
//! Where no answer came, the next step is always to find out, never to ask again. What is asked
//! again has the same number, which platforms do only once.

use std::sync::Arc;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::codes::INVALID_PARAM;
use sdk_plugin::contract::cloudcall::{Answer, Effect, Find, Known, OUTCOME_UNKNOWN, Request, State, Subject};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, Result, codes};
use serde_json::{Map, Value};

use crate::adapters::{Adapters, doubted};
use crate::amount::Amount;
use crate::book::{Asked, Book, Entry, Key, LEASE, Lease, NEVER};
use crate::clock::{DAY, HOUR, MINUTE, SECOND};
use crate::notify::Notices;

/// How long something that was asked may still be on its way to the platform. What the platform
/// does not know after that was not done.
pub const ON_ITS_WAY: u64 = 10 * MINUTE;
/// The longest answer that is kept, in bytes as it is sealed. Genuine ones have some thousand.
const MAX_ANSWER: usize = 64 << 10;
/// How long after it was made an order is looked at that nobody pays.
const PATIENCE: u64 = 3 * DAY;
/// How long anything else is looked at.
const LONG_PATIENCE: u64 = 60 * DAY;

/// What is to be asked.
pub struct Task {
    /// Of what.
    pub key: Key,
    /// By which adapter.
    pub adapter: String,
    /// For which app.
    pub app: App,
    /// Which API.
    pub api: String,
    /// What that changes.
    pub effect: Effect,
    /// With which arguments.
    pub asked: Asked,
    /// The amount; empty where there is none.
    pub amount: String,
    /// Of a refund, our number of the order.
    pub order: String,
    /// The user of the space who asks.
    pub owner: String,
    /// The platform's id of that user.
    pub user: String,
    /// Whether only what is the user's own may be touched.
    pub own: bool,
    /// The function that is told.
    pub function: String,
}

/// Asks platforms.
pub struct Desk<C> {
    /// The order book.
    pub book: Book<C>,
    /// The adapters.
    pub adapters: Arc<Adapters<C>>,
    /// What functions are told.
    pub notices: Notices<C>,
}

impl<C: Calls> Desk<C> {
    /// Asks, or finds out what became of it where that was asked before.
    ///
    /// # Errors
    /// `OUTCOME_UNKNOWN` when it is not known, and cannot be found out now, whether it was done;
    /// asking the same again is safe. `INVALID_PARAM` when the number is taken by something else.
    /// Other errors say that nothing was done.
    pub async fn ask(&self, task: &Task) -> Result<Answer> {
        let id = task.key.id();
        if self.book.get(&id).await?.is_none() {
            let makes = matches!(task.effect, Effect::Create | Effect::Pay | Effect::Refund | Effect::Transfer);
            if task.own && !makes {
                return Err(not_own());
            }
            self.book.make(&task.entry(self.book.clock.now())).await?;
        }
        let Some((lease, entry)) = self.book.take(&id, |entry| task.check(entry)).await? else {
            let message = "the same is being asked by another call: ask again for what became of it";
            return Err(Error::new(OUTCOME_UNKNOWN, message).retryable());
        };
        let answered = self.with_lease(task, &lease, entry).await;
        if answered.is_err()
            && let Err(error) = self.book.release(&id, &lease, |_, _| {}).await
        {
            // Whatever is known was written; without this the right ends by itself, only later.
            tracing::warn!(entry = id, ?error, "the right to work on an order could not be given up");
        }
        answered
    }

    async fn with_lease(&self, task: &Task, lease: &Lease, mut entry: Entry) -> Result<Answer> {
        if task.effect == Effect::Transfer && (entry.open || task.repeated(&entry)) {
            let same = entry.api == task.api && self.book.question(&entry)?.arguments == task.asked.arguments;
            if !same {
                let message = format!("the number {} is that of a transfer with other arguments", entry.number);
                return Err(Error::new(INVALID_PARAM, message));
            }
        }
        if entry.open {
            let known = self.find(task.app.clone(), &entry).await.map_err(unknown)?;
            let done = answers(entry.effect, known.state);
            if done {
                self.nudge(&entry).await?;
            }
            let now = self.book.clock.now();
            let change = |entry: &mut Entry| {
                if entry.is_news(entry.effect, &known) {
                    entry.ask_again(&known, now);
                } else {
                    entry.learn(&known);
                }
                entry.open &= !done;
            };
            if !self.book.hold(&entry.id, lease, change).await? {
                return Err(unknown(Error::new(codes::CONFLICT, "the lease was lost")));
            }
            change(&mut entry);
        }
        if task.repeated(&entry) {
            let tells = |answer: &Answer| {
                let now = answer.known.as_ref().is_none_or(|known| known.state == entry.state);
                now && answer.sub_code.is_empty() && entry.api == task.api
            };
            let answer = self.book.answer(&entry)?.filter(tells);
            let now = self.book.clock.now();
            let released = self.book.release(&entry.id, lease, |entry, holds| {
                if holds {
                    schedule(entry, now);
                }
            });
            released.await.map_err(unknown)?;
            return Ok(answer.unwrap_or_else(|| found(&entry)));
        }
        self.send(task, lease, entry).await
    }

    /// Writes what is asked, asks, and writes what is known after that.
    async fn send(&self, task: &Task, lease: &Lease, entry: Entry) -> Result<Answer> {
        let id = &entry.id;
        // A call before this one may still be on its way: that this one was refused says nothing of it.
        let before = entry.open;
        let order = match task.key.subject {
            Subject::Refund => self.book.get(&task.order_key().id()).await?.map(|order| order.known()),
            _ => Some(entry.known()),
        };
        let request = Request {
            app: task.app.clone(),
            api: task.api.clone(),
            arguments: task.asked.arguments.clone(),
            app_auth_token: task.asked.app_auth_token.clone(),
            notify_url: task.asked.notify_url.clone(),
            user: task.user.clone(),
            user_id: task.owner.clone(),
            client: task.own,
            order: order.filter(|order| order.state != State::Absent),
        };
        let question = self.book.seal.close_json(id, &task.asked)?;
        let now = self.book.clock.now();
        let begin = |entry: &mut Entry| {
            if entry.open {
                entry.late = entry.late.max(entry.asked + ON_ITS_WAY);
            }
            entry.open = true;
            entry.asked = now;
            entry.looks = 0;
            entry.next = now + LEASE;
            entry.question.clone_from(&question);
            entry.answer.clear();
            entry.api.clone_from(&task.api);
            entry.effect = task.effect;
            entry.adapter.clone_from(&task.adapter);
            if !task.amount.is_empty() && task.effect != Effect::Cancel {
                entry.amount.clone_from(&task.amount);
            }
        };
        if !self.book.hold(id, lease, begin).await? {
            return Err(unknown(Error::new(codes::CONFLICT, "the lease was lost")));
        }
        let answered = self.adapters.call(&task.adapter, &task.key.space, &request).await.map_err(doubted);
        let answer = match answered {
            Ok(answer) => answer,
            Err(error) if error.code() == OUTCOME_UNKNOWN => return self.find_out(task, lease, id, error).await,
            Err(error) => {
                self.settle(id, lease, before, None, |entry| {
                    if entry.state == State::Absent {
                        entry.state = State::Failed;
                    }
                })
                .await?;
                return Err(error);
            }
        };
        let sealed = self.book.seal.close_json(id, &answer).map_err(unknown)?;
        let kept = if sealed.len() <= MAX_ANSWER { sealed.as_str() } else { "" };
        let refused = !answer.sub_code.is_empty();
        if !refused {
            self.nudge(&entry).await?;
        }
        self.settle(id, lease, before && refused, Some(kept), |entry| {
            // An order that waits for its payer still does when making it again is refused.
            let counts = |known: &&Known| !(refused && known.state == State::Failed && entry.state == State::Pending);
            match answer.known.as_ref().filter(counts) {
                Some(known) if entry.is_news(task.effect, known) => entry.ask_again(known, now),
                Some(known) => entry.learn(known),
                None if entry.state == State::Absent && refused => entry.state = State::Failed,
                None if matches!(entry.state, State::Absent | State::Failed) && !refused => entry.state = State::Pending,
                None => {}
            }
        })
        .await?;
        Ok(answer)
    }

    /// Looks right away what became of a call that was not answered.
    async fn find_out(&self, task: &Task, lease: &Lease, id: &str, error: Error) -> Result<Answer> {
        let Some(entry) = self.book.get(id).await? else { return Err(error) };
        let now = self.book.clock.now();
        let known = match self.find(task.app.clone(), &entry).await {
            Ok(known) => known,
            Err(problem) => {
                tracing::warn!(entry = id, error = ?problem, "not known whether a platform did what was asked");
                self.book
                    .release(id, lease, |entry, holds| {
                        if holds {
                            schedule(entry, now);
                        }
                    })
                    .await
                    .map_err(unknown)?;
                return Err(error);
            }
        };
        let done = answers(task.effect, known.state);
        if done {
            self.nudge(&entry).await?;
        }
        let written = self.book.release(id, lease, |entry, holds| {
            entry.learn(&known);
            if holds {
                entry.open &= !done;
                schedule(entry, now);
            }
        });
        // Of an order without a number nothing can be paid: making it again tells how.
        let useless = task.effect == Effect::Create && known.number.is_empty();
        match written.await.map_err(unknown)? {
            Some(entry) if done && !useless => Ok(found(&entry)),
            _ => Err(error),
        }
    }

    async fn settle(&self, id: &str, lease: &Lease, open: bool, answer: Option<&str>, learn: impl Fn(&mut Entry)) -> Result<()> {
        let now = self.book.clock.now();
        let written = self.book.release(id, lease, |entry, holds| {
            learn(entry);
            if holds {
                entry.open = open;
                if let Some(answer) = answer {
                    answer.clone_into(&mut entry.answer);
                }
                schedule(entry, now);
            }
        });
        // What the platform has done cannot be told as not done because it was not written down.
        written.await.map(drop).map_err(unknown)
    }

    /// Has the order of a refund looked at again, before what became of the refund is written: how
    /// much of the order was given back only the platform tells.
    ///
    /// # Errors
    /// `OUTCOME_UNKNOWN` when the database does not take it.
    pub async fn nudge(&self, entry: &Entry) -> Result<()> {
        if entry.subject != Subject::Refund {
            return Ok(());
        }
        let order = Key {
            space: entry.space.clone(),
            platform: entry.platform.clone(),
            app: entry.app.clone(),
            subject: Subject::Order,
            number: entry.order.clone(),
        };
        let (id, now) = (order.id(), self.book.clock.now());
        let nudged = self.book.change(&id, |order| {
            order.nudged += 1;
            order.looks = 0;
            order.next = order.next.min(now);
        });
        nudged.await.map(drop).map_err(unknown)
    }

    /// What the platform says of an entry.
    async fn find(&self, app: App, entry: &Entry) -> Result<Known> {
        let Asked { arguments, app_auth_token, .. } = self.book.question(entry)?;
        let find = Find { app, subject: entry.subject, api: entry.api.clone(), arguments, app_auth_token };
        Ok(self.adapters.find(&entry.adapter, &entry.space, &find).await?.known)
    }

    /// Looks what became of an entry that is due, and has its function told when that is news.
    ///
    /// # Errors
    /// What the database answers, and then it is due again.
    pub async fn look_at(&self, id: &str) -> Result<()> {
        let now = self.book.clock.now();
        let Some((lease, entry)) = self.book.take(id, |_| Ok(())).await? else { return Ok(()) };
        if entry.next > now {
            return self.book.release(id, &lease, |_, _| {}).await.map(drop);
        }
        let found = async {
            let app = self.adapters.app(&entry.space, &entry.platform, &entry.app).await?;
            self.find(app, &entry).await
        };
        let known = match found.await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(entry = id, ?error, "what became of a call could not be found out");
                return self
                    .book
                    .release(id, &lease, |entry, holds| {
                        if holds {
                            schedule(entry, now);
                        }
                    })
                    .await
                    .map(drop);
            }
        };
        let seen = entry.nudged;
        let mut after = entry.clone();
        looked(&mut after, &known, now, seen);
        if after.state != entry.state {
            self.nudge(&entry).await?;
        }
        let news = after.state != entry.state && !matches!(after.state, State::Absent | State::Pending);
        if news || after.refunded != entry.refunded {
            // Stored first: after a crash the entry is still due, and this is stored only once.
            self.notices.add(&after, Map::new()).await?;
        }
        self.book
            .release(id, &lease, |entry, holds| if holds { looked(entry, &known, now, seen) } else { entry.learn(&known) })
            .await
            .map(drop)
    }
}

/// What an entry is after it was found out what the platform knows.
fn looked(entry: &mut Entry, known: &Known, now: u64, seen: u64) {
    entry.learn(known);
    entry.seen = seen;
    if now >= entry.late {
        entry.late = 0;
    }
    if entry.open && (answers(entry.effect, known.state) || now >= entry.asked + ON_ITS_WAY) {
        entry.open = false;
        if entry.state == State::Absent {
            entry.state = State::Failed;
        }
    }
    schedule(entry, now);
}

/// Whether a state that was found tells the outcome of a call. Another one may tell what was before
/// the call, which may still be on its way.
fn answers(effect: Effect, state: State) -> bool {
    match effect {
        Effect::Close | Effect::Cancel => state == State::Closed,
        _ => state != State::Absent,
    }
}

/// Says when an entry is looked at next.
fn schedule(entry: &mut Entry, now: u64) {
    let stale = entry.nudged != entry.seen;
    let patience = if stale {
        u64::MAX / 2
    } else if entry.subject == Subject::Order && !entry.open {
        PATIENCE
    } else {
        LONG_PATIENCE
    };
    entry.next = if entry.settled() || now > entry.created.max(entry.asked) + patience {
        NEVER
    } else {
        now + ((15 * SECOND) << entry.looks.min(10)).min(HOUR)
    };
    entry.looks = if entry.next == NEVER { 0 } else { entry.looks + 1 };
}

/// An answer made of what was found.
fn found(entry: &Entry) -> Answer {
    let (ours, theirs) = match entry.subject {
        Subject::Order => ("outTradeNo", "tradeNo"),
        Subject::Refund => ("outRequestNo", "refundNo"),
        Subject::Transfer => ("outBizNo", "payFundOrderId"),
    };
    let mut fields = Map::new();
    fields.insert(ours.to_owned(), entry.number.as_str().into());
    if !entry.their_number.is_empty() {
        fields.insert(theirs.to_owned(), entry.their_number.as_str().into());
    }
    match entry.subject {
        Subject::Order => {}
        Subject::Refund => {
            fields.insert("outTradeNo".to_owned(), entry.order.as_str().into());
            fields.insert("refundFee".to_owned(), entry.amount.as_str().into());
        }
        Subject::Transfer => {
            let status = if entry.state == State::Pending { "DEALING" } else { "SUCCESS" };
            fields.insert("status".to_owned(), status.into());
        }
    }
    let closed_without = entry.state == State::Closed && !matches!(entry.effect, Effect::Close | Effect::Cancel);
    let (code, msg, sub_code) = match entry.state {
        State::Failed => ("40004", "Business Failed", "NOT_DONE"),
        _ if closed_without => ("40004", "Business Failed", "CLOSED"),
        State::Pending if entry.effect == Effect::Pay => ("10003", "order success pay inprocess", ""),
        _ => ("10000", "Success", ""),
    };
    Answer { code: code.into(), msg: msg.into(), sub_code: sub_code.into(), fields, known: Some(entry.known()), ..Answer::default() }
}

fn unknown(error: Error) -> Error {
    if error.code() == OUTCOME_UNKNOWN {
        return error;
    }
    Error::new(OUTCOME_UNKNOWN, "it is not known what became of it: ask again").retryable().with_source(error)
}

/// The error for an order that is not the user's, or is not there: which of both is nobody's business.
pub fn not_own() -> Error {
    Error::new(codes::PERMISSION_DENIED, "the user has no such order")
}

impl Task {
    fn entry(&self, now: u64) -> Entry {
        let mut entry = Entry::new(&self.key, now);
        entry.order.clone_from(&self.order);
        entry.function.clone_from(&self.function);
        entry.adapter.clone_from(&self.adapter);
        entry.api.clone_from(&self.api);
        entry.effect = self.effect;
        entry.owner.clone_from(&self.owner);
        entry.amount.clone_from(&self.amount);
        entry
    }

    /// The key of a refund's order.
    pub fn order_key(&self) -> Key {
        Key { subject: Subject::Order, number: self.order.clone(), ..self.key.clone() }
    }

    /// Whether it can be asked of what is in the book under its number.
    fn check(&self, entry: &Entry) -> Result<()> {
        if self.own && entry.owner != self.owner {
            return Err(not_own());
        }
        let taken = |what: &str| Err(Error::new(INVALID_PARAM, format!("the number {} is that of {what}", self.key.number)));
        if entry.order != self.order {
            return taken("a refund of another order");
        }
        let begun = entry.open || !matches!(entry.state, State::Absent | State::Failed);
        if begun && !self.amount.is_empty() && !entry.amount.is_empty() && !Amount::same(&self.amount, &entry.amount) {
            return taken("another amount");
        }
        Ok(())
    }

    /// Whether what is in the book says that it was done, or is being done. Making an order and
    /// ending one can be asked of platforms again: they do it once, and tell what callers need.
    fn repeated(&self, entry: &Entry) -> bool {
        match self.effect {
            Effect::Pay | Effect::Refund | Effect::Transfer => !matches!(entry.state, State::Absent | State::Failed),
            Effect::Close | Effect::Cancel => entry.state == State::Closed && entry.effect == self.effect,
            _ => false,
        }
    }
}

/// A refund's number where none was passed: the same for the same amount of the same order, so that
/// asking twice gives back once. Who wants the same amount twice passes numbers.
pub fn refund_number(order: &str, amount: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(format!("{order}\n{amount}"));
    hex::encode(digest.get(..16).unwrap_or_default())
}

/// The value as text, for what is not text too.
pub fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
