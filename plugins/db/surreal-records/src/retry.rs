//! Changes that lost against others are made again.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::is_conflict;

/// How often a change is made again after a conflict with others.
const MAX_CONFLICTS: u32 = 64;

/// Makes a change, again when it lost against others. Each attempt is a transaction.
///
/// # Errors
/// What the last attempt answered: a conflict when others kept changing the same.
pub async fn again<T, F: Future<Output = surrealdb::Result<T>>>(change: impl Fn() -> F) -> surrealdb::Result<T> {
    let mut conflicts = 0;
    loop {
        match change().await {
            Err(error) if is_conflict(&error) && conflicts < MAX_CONFLICTS => {
                conflicts += 1;
                sleep(Duration::from_micros(200 * u64::from(conflicts.min(20)))).await;
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use surrealdb::types::QueryError;

    use super::*;

    /// How many attempts were made, and whether the last one succeeded, when the first `failures` end with an error.
    async fn attempts(failures: u32, error: fn() -> surrealdb::Error) -> (u32, bool) {
        let made = Cell::new(0);
        let change = || {
            made.set(made.get() + 1);
            let outcome = if made.get() > failures { Ok(()) } else { Err(error()) };
            async { outcome }
        };
        let succeeded = again(change).await.is_ok();
        (made.get(), succeeded)
    }

    #[tokio::test]
    async fn only_conflicts_are_tried_again_and_not_forever() {
        let conflict = || surrealdb::Error::query("conflict".to_owned(), QueryError::TransactionConflict);
        assert_eq!(attempts(0, conflict).await, (1, true));
        assert_eq!(attempts(3, conflict).await, (4, true));
        assert_eq!(attempts(u32::MAX, conflict).await, (1 + MAX_CONFLICTS, false));
        assert_eq!(attempts(3, || surrealdb::Error::internal("other".to_owned())).await, (1, false));
    }
}
