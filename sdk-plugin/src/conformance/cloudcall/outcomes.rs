//! What is said when the platform refuses, or nobody knows.

use std::time::Duration;

use super::desk::{CHANGES, Desk, code, stands, subject};
use super::fixture::{Behaviour, Fixture};
use crate::contract::cloudcall::{Api, Effect, OUTCOME_UNKNOWN, Request, State, Subject};

/// Ways to lose an answer.
const LOST: [Behaviour; 4] = [Behaviour::Busy, Behaviour::HangsUp, Behaviour::BadSignature, Behaviour::Garbage];
/// How long a caller waits for a platform that says nothing.
const SHORT: Duration = Duration::from_millis(1500);

/// All APIs that change something.
fn changing<F: Fixture>(desk: &Desk<F>) -> Vec<Api> {
    CHANGES.into_iter().flat_map(|effect| desk.apis(effect)).cloned().collect()
}

/// What is found fits what the platform did.
async fn found_as_it_is<F: Fixture>(desk: &Desk<F>, api: &Api, request: &Request, done: bool, after: Behaviour) {
    let state = desk.find(subject(api.effect), request).await.state;
    let true_state = match (api.effect, done) {
        (Effect::Close | Effect::Cancel, done) => (state == State::Closed) == done,
        (_, true) => stands(state),
        (_, false) => matches!(state, State::Absent | State::Failed),
    };
    assert!(true_state, "{} was {} ({after:?}), and {state:?} is found", api.name, if done { "done" } else { "not done" });
}

pub(super) async fn a_refusal_is_an_answer<F: Fixture>(desk: Desk<F>) {
    for api in changing(&desk) {
        let Some(request) = desk.prepared(&api).await else { continue };
        let before = desk.fixture.count(api.effect);
        desk.fixture.behave(Behaviour::Refuses);
        let answer = desk.call(&request).await.unwrap_or_else(|error| panic!("{}: a refusal is an answer: {error:?}", api.name));
        assert!(!answer.sub_code.is_empty() && answer.code != "10000", "{} tells why it was not done: {answer:?}", api.name);
        let claims = answer.known.as_ref().is_some_and(|known| match api.effect {
            Effect::Close | Effect::Cancel => known.state == State::Closed,
            _ => stands(known.state),
        });
        assert!(!claims, "{}: nothing was done: {answer:?}", api.name);
        desk.fixture.behave(Behaviour::Honest);
        let after = desk.fixture.count(api.effect);
        assert_eq!((after.asked, after.done), (before.asked + 1, before.done), "{} is asked for once, and was not done", api.name);
        found_as_it_is(&desk, &api, &request, false, Behaviour::Refuses).await;
    }
}

pub(super) async fn lost_answers_are_unknown_and_found<F: Fixture>(desk: Desk<F>) {
    for api in changing(&desk) {
        for behaviour in LOST {
            let Some(request) = desk.prepared(&api).await else { continue };
            let before = desk.fixture.count(api.effect);
            desk.fixture.behave(behaviour);
            let outcome = desk.call(&request).await;
            assert_eq!(code(outcome), OUTCOME_UNKNOWN, "{} with {behaviour:?}", api.name);
            desk.fixture.behave(Behaviour::Honest);
            let after = desk.fixture.count(api.effect);
            assert_eq!(after.asked, before.asked + 1, "{} is never asked for again by itself ({behaviour:?})", api.name);
            assert!(behaviour != Behaviour::Busy || after.done == before.done, "a busy platform does nothing");
            found_as_it_is(&desk, &api, &request, after.done > before.done, behaviour).await;
        }
    }
}

pub(super) async fn silence_is_unknown_and_found<F: Fixture>(desk: Desk<F>) {
    for api in changing(&desk) {
        let Some(request) = desk.prepared(&api).await else { continue };
        let before = desk.fixture.count(api.effect);
        desk.fixture.behave(Behaviour::Silent);
        // The host drops a call whose deadline is over; what it then says counts as unknown too.
        if let Ok(outcome) = tokio::time::timeout(SHORT, desk.call_within(&request, SHORT)).await {
            assert_eq!(code(outcome), OUTCOME_UNKNOWN, "{} without an answer", api.name);
        }
        desk.fixture.behave(Behaviour::Honest);
        let after = desk.fixture.count(api.effect);
        assert_eq!(after.asked, before.asked + 1, "{} is never asked for again by itself", api.name);
        found_as_it_is(&desk, &api, &request, after.done > before.done, Behaviour::Silent).await;
    }
}

pub(super) async fn asking_again_is_safe<F: Fixture>(desk: Desk<F>) {
    for effect in [Effect::Refund, Effect::Transfer] {
        for api in desk.apis(effect) {
            let Some(request) = desk.prepared(api).await else { continue };
            let before = desk.fixture.count(effect).done;
            desk.fixture.behave(Behaviour::HangsUp);
            assert_eq!(code(desk.call(&request).await), OUTCOME_UNKNOWN, "{}", api.name);
            desk.fixture.behave(Behaviour::Honest);
            let again = desk.call(&request).await;
            assert!(again.is_ok(), "{}: {again:?}", api.name);
            assert_eq!(desk.fixture.count(effect).done, before + 1, "{} moves money once", api.name);
            found_as_it_is(&desk, api, &request, true, Behaviour::HangsUp).await;
        }
    }
}

pub(super) async fn nobody_guesses<F: Fixture>(desk: Desk<F>) {
    let Some((order, number)) = desk.paid_order().await else { return };
    for behaviour in LOST {
        desk.fixture.behave(behaviour);
        let found = desk.try_find(Subject::Order, &order).await;
        assert!(found.is_err(), "with {behaviour:?} nothing is found, also not that it is absent: {found:?}");
        for api in desk.apis(Effect::Query) {
            // A platform's "try again" is an answer too, as long as it tells nothing of the order.
            let asked = desk.call(&desk.request(api, &number, "1.00")).await;
            let silent = asked.as_ref().map_or(true, |answer| answer.known.is_none() && !answer.sub_code.is_empty());
            assert!(silent, "{} with {behaviour:?}: {asked:?}", api.name);
        }
    }
}
