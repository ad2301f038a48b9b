use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;

use super::*;
use crate::clock::DAY;
use crate::ownership::outside::{Outside, Web};
use crate::testing::Memory;

const NOW: u64 = 1_000 * DAY;

async fn world() -> (Again<Memory>, Outside) {
    let (memory, clock) = (Memory::default(), Clock::set_to(NOW));
    let records = |name| Collection::new(memory.clone(), SYSTEM_SPACE, name);
    let tokens = Tokens::new(records("acmeTokens"), clock.clone());
    let outside = Outside::start(tokens.clone()).await;
    let config = outside.config();
    let owners = Owners::new(records("domainOwners"), b"secret".to_vec());
    (Again { owners, tokens, resolver: Resolver::new(config.resolver), config, clock }, outside)
}

async fn look(again: &Again<Memory>) -> Standing {
    again.look("s", "www.a.com", 0).await.unwrap()
}

fn is_gone(standing: &Standing) -> bool {
    matches!(standing, Standing::Gone(_))
}

#[tokio::test]
async fn a_proof_is_looked_for_again_when_it_has_grown_old() {
    let (again, outside) = world().await;
    again.owners.remember("s", "a.com", NOW).await.unwrap();
    again.clock.advance(30 * DAY - 1);
    assert_eq!((look(&again).await, outside.questions()), (Standing::Fresh, 0), "it is not old");
    again.clock.advance(1);
    assert!(is_gone(&look(&again).await));
    outside.text("verification.a.com", &again.owners.token("t", "a.com").unwrap());
    assert!(is_gone(&look(&again).await), "the token is another space's");
    outside.text("verification.a.com", &again.owners.token("s", "a.com").unwrap());
    assert_eq!(look(&again).await, Standing::Confirmed);
    outside.no_texts();
    assert_eq!(look(&again).await, Standing::Fresh, "it was seen now");
    again.clock.advance(30 * DAY);
    outside.web(Web::File(again.owners.token("s", "a.com").unwrap()));
    assert_eq!(look(&again).await, Standing::Confirmed, "the file shows it as well");
}

#[tokio::test]
async fn a_record_may_be_removed_while_the_domain_leads_here_and_nobody_else_has_shown_it() {
    let (again, outside) = world().await;
    again.owners.remember("s", "a.com", NOW - 40 * DAY).await.unwrap();
    outside.web(Web::Here);
    assert_eq!(look(&again).await, Standing::Confirmed);
    assert_eq!(again.look("s", "www.a.com", NOW).await.unwrap(), Standing::Fresh, "for as long as a proof");
    assert_eq!(look(&again).await, Standing::Confirmed, "that is no proof of what is above it");
    again.owners.remember("t", "a.com", NOW - 50 * DAY).await.unwrap();
    assert_eq!(look(&again).await, Standing::Confirmed, "the other has shown it before");
    again.owners.remember("t", "a.com", NOW - 10 * DAY).await.unwrap();
    let gone = look(&again).await;
    assert!(
        matches!(&gone, Standing::Gone(reason) if reason.contains("another space") && reason.contains("verification.www.a.com")),
        "{gone:?}"
    );
    outside.text("verification.www.a.com", &again.owners.token("s", "www.a.com").unwrap());
    assert_eq!(look(&again).await, Standing::Confirmed, "each can show it");
}

#[tokio::test]
async fn what_cannot_be_told_is_no_reason() {
    let (again, outside) = world().await;
    again.owners.remember("s", "a.com", NOW - 40 * DAY).await.unwrap();
    outside.no_dns(true);
    assert_eq!(look(&again).await, Standing::Unclear);
    again.owners.remember("t", "a.com", NOW).await.unwrap();
    assert_eq!(look(&again).await, Standing::Unclear, "its record may be there");
    again.owners.forget_space("t").await.unwrap();
    outside.no_dns(false);
    outside.web(Web::Away);
    assert_eq!(look(&again).await, Standing::Unclear);
    // A proxy sends all to HTTPS, takes the server for a robot, or has a fault.
    for status in [301, 308, 401, 403, 429, 500] {
        outside.web(Web::Status(status));
        assert_eq!(look(&again).await, Standing::Unclear, "{status}");
    }
    outside.web(Web::Elsewhere);
    outside.no_addresses(true);
    assert_eq!(look(&again).await, Standing::Unclear, "that there is no IPv6 says nothing of IPv4");
    outside.no_addresses(false);
    assert!(is_gone(&look(&again).await));
    outside.web(Web::Status(410));
    assert!(is_gone(&look(&again).await));
    again.owners.remember("t", "a.com", NOW).await.unwrap();
    outside.web(Web::Away);
    assert!(is_gone(&look(&again).await), "the DNS was asked, and another has shown it");
}
