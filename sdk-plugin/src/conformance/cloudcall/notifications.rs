//! What a platform tells by itself.

use super::desk::{Desk, TOTAL};
use super::fixture::{Fixture, Sender};
use crate::contract::cloudcall::{Delivery, Notice, Received, State, Subject};

/// The most changes to a body that are tried.
const CHANGES: usize = 600;

/// The delivery that tells of a paid order, and the order's number.
async fn delivered<F: Fixture>(desk: &Desk<F>, sender: Sender) -> Option<(String, Delivery)> {
    let (_, number) = desk.paid_order().await?;
    let delivery = desk.fixture.notify(&number, sender)?;
    Some((number, delivery))
}

async fn notice<F: Fixture>(desk: &Desk<F>, delivery: &Delivery) -> (Notice, Received) {
    let received = desk.receive(delivery).await.unwrap_or_else(|error| panic!("a genuine notification: {error:?}"));
    let notice = received.notice.clone().unwrap_or_else(|| panic!("a genuine notification is told: {:?}", received.reply));
    (notice, received)
}

fn as_value(notice: &Notice) -> serde_json::Value {
    serde_json::to_value(notice).unwrap_or_default()
}

/// What is told of a delivery that is not as it was sent: nothing, or nothing else.
async fn told_otherwise<F: Fixture>(desk: &Desk<F>, genuine: &Notice, delivery: &Delivery) -> Option<Notice> {
    let received = desk.receive(delivery).await.ok()?;
    received.notice.filter(|notice| as_value(notice) != as_value(genuine))
}

pub(super) async fn genuine_ones_are_told<F: Fixture>(desk: Desk<F>) {
    let Some((number, delivery)) = delivered(&desk, Sender::Platform).await else { return };
    let (told, received) = notice(&desk, &delivery).await;
    let app = desk.fixture.app();
    assert_eq!((told.subject, &told.our_number, &told.app_id), (Subject::Order, &number, &app.app_id));
    let seller = app.setting(&desk.description.seller).unwrap_or_default();
    assert!(told.seller.is_empty() || seller.is_empty() || told.seller == seller, "the seller is ours: {told:?}");
    assert!(matches!(told.known.state, State::Done | State::Final) && told.known.amount == TOTAL, "{told:?}");
    assert!(!told.id.is_empty() && !told.known.number.is_empty() && !told.fields.is_empty(), "{told:?}");
    assert!((200..300).contains(&received.reply.status), "the platform hears that it was taken: {:?}", received.reply);
    assert_ne!(received.reply, received.refusal, "the platform hears when it was not taken");

    let (again, _) = notice(&desk, &delivery).await;
    assert_eq!(again.id, told.id, "the same delivery has the same id");
    let redelivery = desk.fixture.notify(&number, Sender::Platform).unwrap_or(delivery);
    assert_eq!(notice(&desk, &redelivery).await.0.id, told.id, "the same notification has the same id, delivered once more");
    let Some((_, other)) = delivered(&desk, Sender::Platform).await else { return };
    assert_ne!(notice(&desk, &other).await.0.id, told.id, "another order's has another");
}

pub(super) async fn forged_ones_are_not<F: Fixture>(desk: Desk<F>) {
    let Some((number, delivery)) = delivered(&desk, Sender::Stranger).await else { return };
    if let Ok(received) = desk.receive(&delivery).await {
        assert!(received.notice.is_none(), "anybody can send that: {received:?}");
        let genuine = desk.fixture.notify(&number, Sender::Platform);
        let genuine = desk.receive(genuine.as_ref().unwrap_or(&delivery)).await;
        assert_ne!(Some(received.reply), genuine.ok().map(|genuine| genuine.reply), "a stranger does not hear that it was taken");
    }
}

pub(super) async fn changed_ones_are_not<F: Fixture>(desk: Desk<F>) {
    let Some((_, delivery)) = delivered(&desk, Sender::Platform).await else { return };
    let (genuine, _) = notice(&desk, &delivery).await;
    let letters: Vec<char> = delivery.body.chars().collect();
    let step = letters.len().div_ceil(CHANGES).max(1);
    for place in (0..letters.len()).step_by(step) {
        let mut changed = letters.clone();
        if let Some(letter) = changed.get_mut(place).filter(|letter| **letter != '=') {
            *letter = if *letter == 'B' { 'C' } else { 'B' };
        }
        let changed = Delivery { body: changed.into_iter().collect(), ..delivery.clone() };
        let told = told_otherwise(&desk, &genuine, &changed).await;
        assert!(told.is_none(), "changed at {place} of {}: {told:?}", letters.len());
    }
    for name in delivery.headers.keys() {
        let (mut without, mut changed) = (delivery.clone(), delivery.clone());
        without.headers.remove(name);
        changed.headers.insert(name.clone(), "1".to_owned());
        for delivery in [without, changed] {
            let told = told_otherwise(&desk, &genuine, &delivery).await;
            assert!(told.is_none(), "with another {name}: {told:?}");
        }
    }
}

/// The service compares the app and the seller too, so what is told of others must say that it is.
pub(super) async fn ones_for_others_are_not<F: Fixture>(desk: Desk<F>) {
    let app = desk.fixture.app();
    let seller = app.setting(&desk.description.seller).unwrap_or_default();
    for sender in [Sender::OfAnotherApp, Sender::OfAnotherSeller] {
        let Some((_, delivery)) = delivered(&desk, sender).await else { return };
        let told = desk.receive(&delivery).await.ok().and_then(|received| received.notice);
        let foreign = told.as_ref().is_none_or(|told| told.app_id != app.app_id || (!told.seller.is_empty() && told.seller != seller));
        assert!(foreign, "{sender:?}: {told:?}");
    }
    let Some((_, mut delivery)) = delivered(&desk, Sender::Platform).await else { return };
    delivery.app.app_id.push('9');
    let told = desk.receive(&delivery).await.ok().and_then(|received| received.notice);
    assert!(told.as_ref().is_none_or(|told| told.app_id != delivery.app.app_id), "it came to another app's address: {told:?}");
}

pub(super) async fn broken_ones_are_refused<F: Fixture>(desk: Desk<F>) {
    let Some((_, delivery)) = delivered(&desk, Sender::Platform).await else { return };
    let half: String = delivery.body.chars().take(delivery.body.len() / 8 * 4).collect();
    for body in [String::new(), "no Base64!".to_owned(), half, "AAAA".repeat(50_000), "e30=".to_owned(), "W10=".to_owned()] {
        let broken = Delivery { body, ..delivery.clone() };
        let told = desk.receive(&broken).await.ok().and_then(|received| received.notice);
        assert!(told.is_none(), "{told:?}");
    }
}
