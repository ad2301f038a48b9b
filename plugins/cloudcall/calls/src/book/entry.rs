//! An entry of the order book: an order, a refund or a transfer.

use sdk_plugin::contract::cloudcall::{Effect, Known, State, Subject};
use serde::{Deserialize, Serialize};

use crate::amount::Amount;

/// When something is never due, in milliseconds since 1970. JSON has no larger number for sure.
pub const NEVER: u64 = (1 << 53) - 1;

/// What an entry is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The space.
    pub space: String,
    /// The platform.
    pub platform: String,
    /// The app's id there.
    pub app: String,
    /// What it is.
    pub subject: Subject,
    /// Our number of it.
    pub number: String,
}

impl Key {
    /// The entry's id. No part but the last can have a slash in it.
    pub fn id(&self) -> String {
        let subject = subject_name(self.subject);
        format!("{}/{}/{}/{subject}/{}", self.space, self.platform, self.app.replace('/', "_"), self.number)
    }
}

/// How a subject is written in records.
pub fn subject_name(subject: Subject) -> &'static str {
    match subject {
        Subject::Order => "order",
        Subject::Refund => "refund",
        Subject::Transfer => "transfer",
    }
}

/// An entry as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// [`Key::id`].
    #[serde(rename = "_id")]
    pub id: String,
    /// The space.
    pub space: String,
    /// The platform.
    pub platform: String,
    /// The app's id there.
    pub app: String,
    /// What it is.
    pub subject: Subject,
    /// Our number of it.
    pub number: String,
    /// Of a refund, our number of the order.
    pub order: String,
    /// The user of the space who made the order; empty for a function or server.
    pub owner: String,
    /// The platform's id of who pays or paid, or was paid; empty while that is not known.
    pub user: String,
    /// The whole amount; empty for orders that were made elsewhere.
    pub amount: String,
    /// How much of an order was given back.
    pub refunded: String,
    /// Where it stands, as far as is known.
    pub state: State,
    /// Whether an order was ever seen to be paid.
    pub paid: bool,
    /// The platform's number of it.
    pub their_number: String,
    /// The adapter that the last call was made with.
    pub adapter: String,
    /// The API that was called last to change it, or made it.
    pub api: String,
    /// What that API changes.
    pub effect: Effect,
    /// Whether that call's outcome is not known: it is under way, or was never heard of again.
    pub open: bool,
    /// When that call was made.
    pub asked: u64,
    /// Until when a call before that one, whose outcome was not known then, may still be on its way:
    /// it is looked at once more after that. 0 when there is none.
    pub late: u64,
    /// The sealed [`Asked`](super::Asked) of that call.
    #[serde(default)]
    pub question: String,
    /// The sealed answer to it; empty while there is none, and for one that is too long to be kept.
    #[serde(default)]
    pub answer: String,
    /// The function that is told of it, where it is not the one that is bound.
    pub function: String,
    /// When it was made.
    pub created: u64,
    /// When it was changed.
    pub modified: u64,
    /// When it is looked at next.
    pub next: u64,
    /// How often something else has changed it, such as a refund its order, so that it is to be
    /// looked at again.
    pub nudged: u64,
    /// How much of that was seen when it was last looked at.
    pub seen: u64,
    /// How often it was looked at since something was heard of it.
    pub looks: u32,
    /// Who works on it; empty when nobody does.
    pub holder: String,
    /// How often somebody has begun to.
    pub fence: u64,
    /// When whoever works on it is taken for dead.
    pub until: u64,
    /// How often it was written, so that no write is lost under another.
    pub version: u64,
}

impl Entry {
    /// An entry of which nothing is known.
    pub fn new(key: &Key, now: u64) -> Self {
        Self {
            id: key.id(),
            space: key.space.clone(),
            platform: key.platform.clone(),
            app: key.app.clone(),
            subject: key.subject,
            number: key.number.clone(),
            order: String::new(),
            owner: String::new(),
            user: String::new(),
            amount: String::new(),
            refunded: String::new(),
            state: State::Absent,
            paid: false,
            their_number: String::new(),
            adapter: String::new(),
            api: String::new(),
            effect: Effect::None,
            open: false,
            asked: 0,
            late: 0,
            question: String::new(),
            answer: String::new(),
            function: String::new(),
            created: now,
            modified: now,
            next: NEVER,
            nudged: 0,
            seen: 0,
            looks: 0,
            holder: String::new(),
            fence: 0,
            until: 0,
            version: 0,
        }
    }

    /// What adapters and applications are told of it.
    pub fn known(&self) -> Known {
        Known {
            state: self.state,
            number: self.their_number.clone(),
            amount: self.amount.clone(),
            refunded: self.refunded.clone(),
            user: self.user.clone(),
        }
    }

    /// Adds what the platform says. What was heard may be old, since notifications and answers
    /// overtake each other: nothing goes back to an earlier state.
    pub fn learn(&mut self, known: &Known) {
        use State::{Absent, Closed, Done, Failed, Final, Pending};
        // What was refused and asked for again is another one to the platform.
        if matches!(self.state, Absent | Failed) && !known.number.is_empty() {
            self.their_number.clear();
        }
        self.state = match (self.state, known.state) {
            (old, Absent) => old,
            (Absent | Failed | Pending, new) => new,
            (Done, new @ (Final | Closed)) => new,
            // A refund or transfer that came back was not done after all.
            (Done, Failed) if self.subject != Subject::Order => Failed,
            (Done, _) => Done,
            (Final, Closed) => Closed,
            (Final, _) => Final,
            // Somebody had paid before it was closed, or this is late news from before that: the
            // platform is asked which.
            (Closed, new @ (Done | Final)) if !self.paid => {
                self.nudged += 1;
                self.next = 0;
                new
            }
            (Closed, _) => Closed,
        };
        self.paid |= matches!(known.state, Done | Final);
        let fill = |field: &mut String, value: &str| {
            if field.is_empty() {
                value.clone_into(field);
            }
        };
        fill(&mut self.their_number, &known.number);
        fill(&mut self.user, &known.user);
        if let Some(amount) = Amount::parse(&known.amount) {
            fill(&mut self.amount, &amount.to_string());
        }
        self.refunded = Amount::larger(&self.refunded, &known.refunded).to_owned();
    }

    /// Whether what a platform says of an order on the way of a call is news that a function has to be
    /// told: somebody has paid it. Whoever pays by the call hears that as its answer.
    pub fn is_news(&self, effect: Effect, known: &Known) -> bool {
        self.subject == Subject::Order && effect != Effect::Pay && !self.paid && matches!(known.state, State::Done | State::Final)
    }

    /// Has the platform asked soon, and what it says told. Until then it counts as made.
    pub fn ask_again(&mut self, known: &Known, now: u64) {
        self.learn(&Known { state: State::Pending, ..known.clone() });
        self.nudged += 1;
        self.looks = 0;
        self.next = self.next.min(now);
    }

    /// Whether nothing more can become of it by itself.
    pub fn settled(&self) -> bool {
        !self.open && self.late == 0 && self.state != State::Pending && self.nudged == self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(state: State) -> Known {
        Known { state, number: "n".into(), amount: "1".into(), refunded: String::new(), user: String::new() }
    }

    fn after(subject: Subject, states: &[State]) -> State {
        let key = Key { space: "s".into(), platform: "p".into(), app: "a".into(), subject, number: "1".into() };
        let mut entry = Entry::new(&key, 0);
        states.iter().for_each(|state| entry.learn(&known(*state)));
        entry.state
    }

    #[test]
    fn late_news_takes_nothing_back() {
        use State::{Absent, Closed, Done, Failed, Final, Pending};
        for (states, state) in [
            (&[Pending, Done, Pending][..], Done),
            (&[Pending, Done, Failed], Done),
            (&[Pending, Done, Absent], Done),
            (&[Done, Closed, Done], Closed),
            (&[Done, Final, Done], Final),
            (&[Final, Closed], Closed),
            (&[Pending, Closed, Done], Done),
            (&[Pending, Closed, Pending], Closed),
            (&[Failed, Pending], Pending),
        ] {
            assert_eq!(after(Subject::Order, states), state, "{states:?}");
        }
        assert_eq!(after(Subject::Transfer, &[Done, Failed]), Failed);
        assert_eq!(after(Subject::Transfer, &[Done, Pending]), Done);
    }

    #[test]
    fn what_is_told_later_fills_gaps_and_the_amount_given_back_only_grows() {
        let key = Key { space: "s".into(), platform: "p".into(), app: "a".into(), subject: Subject::Order, number: "1".into() };
        let mut entry = Entry::new(&key, 0);
        entry.learn(&Known { refunded: "2.00".into(), ..known(State::Done) });
        entry.learn(&Known { refunded: "1.00".into(), amount: "5.00".into(), number: "m".into(), user: "u".into(), ..known(State::Done) });
        assert_eq!((entry.amount.as_str(), entry.refunded.as_str()), ("1.00", "2.00"));
        assert_eq!((entry.their_number.as_str(), entry.user.as_str()), ("n", "u"));
    }
}
