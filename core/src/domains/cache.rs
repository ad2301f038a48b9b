//! What is known of hosts, for as long as nobody else may have changed it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::domains::FRESH_MS;
use sdk_plugin::{Error, Result, codes};

/// How long the last answer of a host is remembered that nobody asks for.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Answers by host, also of hosts that there are none for.
///
/// An answer is taken for true for [`FRESH_MS`]. The last one is kept for longer: it spares work
/// when it turns out to be true still, and stands in while the database cannot be asked.
pub struct Answers<T> {
    fresh: Cache<Key, T>,
    last: Cache<String, T>,
    /// Counts changes. What was read before a change is not found after it, even when reading it
    /// ends later.
    changes: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    changes: u64,
    host: String,
}

/// Counts a change when it is dropped, whatever became of the change.
pub struct Changing<'c>(&'c AtomicU64);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<T: Clone + Send + Sync + 'static> Answers<T> {
    /// None yet, and never more than `most`.
    pub fn new(most: u64) -> Self {
        Self {
            fresh: Cache::builder().max_capacity(most).time_to_live(Duration::from_millis(FRESH_MS)).build(),
            last: Cache::builder().max_capacity(most).time_to_idle(REMEMBERED).build(),
            changes: AtomicU64::new(0),
        }
    }

    /// The answer of a host. However many ask at the same time, it is read once.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it cannot be read, and never was.
    pub async fn get(&self, host: &str, read: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let key = Key { changes: self.changes.load(Ordering::SeqCst), host: host.to_owned() };
        let read = async {
            let answer = read.await?;
            self.last.insert(host.to_owned(), answer.clone()).await;
            Ok(answer)
        };
        match self.fresh.try_get_with(key, read).await {
            Ok(answer) => Ok(answer),
            Err(error) => self.in_place_of(host, error).await,
        }
    }

    async fn in_place_of(&self, host: &str, error: Arc<Error>) -> Result<T> {
        // A fault that waiting does not mend is for whoever asks to see.
        if error.code() == codes::CONFIG {
            return Err(Error::new(codes::CONFIG, error.message().to_owned()).with_source(error));
        }
        self.last.get(host).await.ok_or_else(|| {
            let message = "what is known of the host cannot be read now";
            Error::new(codes::UNAVAILABLE, message).retryable().with_source(error)
        })
    }

    /// The last answer, which may not be true any more.
    pub async fn last(&self, host: &str) -> Option<T> {
        self.last.get(host).await
    }

    /// Begins a change of a host. When the value is dropped, every answer is read anew.
    pub async fn change(&self, host: &str) -> Changing<'_> {
        self.last.invalidate(host).await;
        Changing(&self.changes)
    }

    /// Begins a change of many hosts.
    pub fn change_all(&self) -> Changing<'_> {
        self.last.invalidate_all();
        Changing(&self.changes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn ask(answers: &Answers<u32>, read: Result<u32>) -> Result<u32> {
        answers.get("a.com", async { read }).await
    }

    fn down() -> Result<u32> {
        Err(Error::new("Anything", "down"))
    }

    #[tokio::test]
    async fn an_answer_holds_until_the_next_change() {
        let answers = Answers::new(10);
        assert_eq!(ask(&answers, Ok(1)).await.unwrap(), 1);
        assert_eq!(ask(&answers, Ok(2)).await.unwrap(), 1);
        drop(answers.change("a.com").await);
        assert_eq!(ask(&answers, Ok(3)).await.unwrap(), 3);
        drop(answers.change_all());
        assert_eq!(ask(&answers, Ok(4)).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_found_after_it() {
        let answers = Answers::new(10);
        let (go, wait) = tokio::sync::oneshot::channel();
        let slow = answers.get("a.com", async {
            wait.await.unwrap();
            Ok(1)
        });
        let change = async {
            drop(answers.change("a.com").await);
            go.send(()).unwrap();
        };
        let (read, ()) = tokio::join!(slow, change);
        assert_eq!(read.unwrap(), 1);
        assert_eq!(ask(&answers, Ok(2)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn the_last_answer_stands_in_for_a_database_that_is_away() {
        let answers = Answers::new(10);
        assert_eq!(ask(&answers, down()).await.unwrap_err().code(), codes::UNAVAILABLE);
        assert_eq!(ask(&answers, Ok(1)).await.unwrap(), 1);
        answers.changes.fetch_add(1, Ordering::SeqCst);
        assert_eq!(ask(&answers, down()).await.unwrap(), 1);
        assert_eq!(ask(&answers, Ok(2)).await.unwrap(), 2, "it is not taken for a fresh one");
        let wrong = answers.get("a.com", async { Err(Error::new(codes::CONFIG, "another key")) });
        assert_eq!(wrong.await.unwrap(), 2, "still fresh");
        answers.changes.fetch_add(1, Ordering::SeqCst);
        let wrong = answers.get("a.com", async { Err(Error::new(codes::CONFIG, "another key")) });
        assert_eq!(wrong.await.unwrap_err().code(), codes::CONFIG);
    }
}
