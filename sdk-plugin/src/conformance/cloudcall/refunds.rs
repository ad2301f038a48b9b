//! Refunds.

use super::desk::{Desk, PART, number, stands, text};
use super::fixture::Fixture;
use crate::contract::cloudcall::{Effect, State, Subject};

pub(super) async fn they_tell_of_themselves<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Refund) {
        let Some(request) = desk.prepared(api).await else { return };
        let refunded = desk.done(&request).await.known.unwrap_or_else(|| panic!("{} tells of its refund", api.name));
        assert!(stands(refunded.state), "{}: {refunded:?}", api.name);
        assert!(["", PART].contains(&&*refunded.amount), "{} tells the refund's amount, not the order's: {refunded:?}", api.name);
        let found = desk.find(Subject::Refund, &request).await;
        assert!(stands(found.state) && ["", PART].contains(&&*found.amount), "{}: {found:?}", api.name);
        let order = desk.find(Subject::Order, &request).await;
        assert!(matches!(order.state, State::Done | State::Final), "a part was given back, and the order stays paid: {order:?}");
        assert_eq!(desk.fixture.count(Effect::Refund).done, 1, "{} gives back once", api.name);
    }
}

pub(super) async fn a_number_moves_money_once<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Refund) {
        let Some(request) = desk.prepared(api).await else { return };
        let before = desk.fixture.count(Effect::Refund).done;
        for _ in 0..3 {
            // The platform may say so, or answer as it did.
            let outcome = desk.call(&request).await;
            assert!(outcome.is_ok(), "{}: {outcome:?}", api.name);
        }
        assert_eq!(desk.fixture.count(Effect::Refund).done, before + 1, "{}: the number is the adapter's to pass on", api.name);
        assert!(stands(desk.find(Subject::Refund, &request).await.state));
        let mut second = request.clone();
        second.arguments.insert("outRequestNo".into(), number().into());
        desk.done(&second).await;
        assert_eq!(desk.fixture.count(Effect::Refund).done, before + 2, "{}: another number is another refund", api.name);
        assert_ne!(text(&request, "outRequestNo"), text(&second, "outRequestNo"));
    }
}

pub(super) async fn what_is_not_there<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Refund) {
        let Some(request) = desk.prepared(api).await else { return };
        let found = desk.find(Subject::Refund, &request).await;
        assert_eq!(found.state, State::Absent, "{}: nothing was given back of a paid order: {found:?}", api.name);
        let mut nothing = request.clone();
        nothing.arguments.insert("outTradeNo".into(), number().into());
        assert_eq!(desk.find(Subject::Refund, &nothing).await.state, State::Absent, "{}: there is not even an order", api.name);
    }
}
