//! Orders: made, paid, asked for, ended.

use futures_util::future::join_all;

use super::desk::{Desk, TOTAL, number, stands, text};
use super::fixture::Fixture;
use crate::contract::cloudcall::{Effect, State, Subject};

pub(super) async fn they_are_made_and_paid<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Create) {
        let request = desk.request(api, &number(), TOTAL);
        let made = desk.done(&request).await;
        let known = made.known.clone().unwrap_or_else(|| panic!("{} tells of its order: {made:?}", api.name));
        assert!(stands(known.state) && ["", TOTAL].contains(&&*known.amount), "{}: {known:?}", api.name);
        assert_eq!(made.code, "10000", "{} was done", api.name);
        assert_eq!(desk.find(Subject::Order, &request).await.state, State::Pending, "{}: nobody has paid", api.name);
        let ours = text(&request, "outTradeNo");
        desk.fixture.pay(&ours);
        let found = desk.find(Subject::Order, &request).await;
        assert!(matches!(found.state, State::Done | State::Final), "{} is paid: {found:?}", api.name);
        assert!(found.amount == TOTAL && !found.number.is_empty(), "{}: of the whole amount, with a number: {found:?}", api.name);
        for query in desk.apis(Effect::Query) {
            let asked = desk.done(&desk.request(query, &ours, TOTAL)).await;
            let known = asked.known.unwrap_or_else(|| panic!("{} tells of the order", query.name));
            assert_eq!((known.state, &known.amount, &known.number), (found.state, &found.amount, &found.number), "{}", query.name);
        }
    }
}

pub(super) async fn payments_at_once<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Pay) {
        let request = desk.request(api, &number(), TOTAL);
        let paid = desk.done(&request).await.known.unwrap_or_else(|| panic!("{} tells of its order", api.name));
        assert!(stands(paid.state) && ["", TOTAL].contains(&&*paid.amount), "{}: {paid:?}", api.name);
        let found = desk.find(Subject::Order, &request).await;
        assert!(stands(found.state) && found.amount == TOTAL, "{}: {found:?}", api.name);
        assert_eq!(desk.fixture.count(Effect::Pay).done, 1, "{} takes one payment", api.name);
    }
}

pub(super) async fn amounts_are_exact<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Create) {
        for amount in ["0.01", "0.10", "0.29", "1.00", "1.15", "19.99", "1234567.89"] {
            let request = desk.request(api, &number(), amount);
            desk.done(&request).await;
            desk.fixture.pay(&text(&request, "outTradeNo"));
            assert_eq!(desk.find(Subject::Order, &request).await.amount, amount, "{}", api.name);
        }
    }
}

pub(super) async fn they_are_ended<F: Fixture>(desk: Desk<F>) {
    for effect in [Effect::Close, Effect::Cancel] {
        for api in desk.apis(effect) {
            let Some(request) = desk.prepared(api).await else { return };
            let before = desk.fixture.count(effect).done;
            let ended = desk.done(&request).await.known;
            assert!(ended.as_ref().is_none_or(|known| known.state == State::Closed), "{}: {ended:?}", api.name);
            assert_eq!(desk.fixture.count(effect).done, before + 1, "{} ends the order", api.name);
            let found = desk.find(Subject::Order, &request).await;
            assert_eq!(found.state, State::Closed, "{}: {found:?}", api.name);
        }
    }
}

pub(super) async fn what_is_not_there<F: Fixture>(desk: Desk<F>) {
    for effect in [Effect::Create, Effect::Pay] {
        for api in desk.apis(effect) {
            let found = desk.find(Subject::Order, &desk.request(api, &number(), TOTAL)).await;
            assert_eq!(found.state, State::Absent, "{}: {found:?}", api.name);
        }
    }
    for api in desk.apis(Effect::Query) {
        let answer = desk.call(&desk.request(api, &number(), TOTAL)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: that there is no order is an answer: {error:?}", api.name));
        let known = answer.known.as_ref().map(|known| known.state);
        assert!(!answer.sub_code.is_empty() && known.is_none_or(|state| state == State::Absent), "{}: {answer:?}", api.name);
    }
}

pub(super) async fn many_at_the_same_time<F: Fixture>(desk: Desk<F>) {
    let Some(api) = desk.apis(Effect::Create).first().copied().cloned() else { return };
    let one = |cents: usize| {
        let (desk, api) = (desk.clone(), api.clone());
        async move {
            let amount = format!("{cents}.{cents:02}");
            let request = desk.request(&api, &number(), &amount);
            desk.done(&request).await;
            desk.fixture.pay(&text(&request, "outTradeNo"));
            assert_eq!(desk.find(Subject::Order, &request).await.amount, amount, "each answer is about its own order");
        }
    };
    for ended in join_all((1..25).map(one).map(tokio::spawn)).await {
        ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}
