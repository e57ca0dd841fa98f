//! Questions that come together are asked together.
//!
//! Whoever comes while batches are on their way waits; the first of those who waited asks the next batch for all. So one
//! question alone is not delayed, and ten thousand at one instant are some dozens of calls.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::voice::VoiceFailure;
use crate::client::NoAnswer;

/// Calls under way: one is made ready while the other is answered.
const UNDER_WAY: usize = 2;
/// Questions in one call; more would keep the server from others for too long.
const BATCH_MAX: usize = 500;
/// Bytes in one call, unless one question alone has more.
const BYTES_MAX: usize = 1024 * 1024;
/// Until a question that still waits for its turn is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks many questions at once.
pub(super) trait Exchange: Send + Sync {
    type Question: Send;
    type Answer: Send;

    /// About how many bytes it takes to ask.
    fn bytes(question: &Self::Question) -> usize;

    /// One answer for each question, in their order.
    fn exchange(
        &self,
        questions: Vec<Self::Question>,
    ) -> impl Future<Output = Vec<Result<Self::Answer, VoiceFailure>>> + Send;
}

/// Gathers questions for an [`Exchange`].
pub(super) struct Batches<E: Exchange> {
    exchange: E,
    waiting: Mutex<VecDeque<Job<E>>>,
    asking: Semaphore,
    /// How long a question waits for others.
    linger: Duration,
}

struct Job<E: Exchange> {
    question: E::Question,
    answer: oneshot::Sender<Result<E::Answer, VoiceFailure>>,
}

impl<E: Exchange> Batches<E> {
    pub fn new(exchange: E, linger: Duration) -> Self {
        Batches { exchange, waiting: Mutex::default(), asking: Semaphore::new(UNDER_WAY), linger }
    }

    /// Asks, alone or with others; ends within a bounded time. A question that is given up is not asked later.
    pub async fn ask(&self, question: E::Question) -> Result<E::Answer, VoiceFailure> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push_back(Job { question, answer });
        // Nobody answers when whoever asked for all was stopped in the middle.
        let given_up = |_| Err(VoiceFailure::away("given up"));
        if !self.linger.is_zero()
            && let Ok(answer) = timeout(self.linger, &mut answered).await
        {
            return answer.unwrap_or_else(given_up);
        }
        let asked = async {
            loop {
                tokio::select! {
                    biased;
                    answer = &mut answered => {
                        return answer.unwrap_or_else(given_up);
                    }
                    turn = self.asking.acquire() => {
                        self.ask_next().await;
                        drop(turn);
                    }
                }
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or(Err(VoiceFailure::away(NoAnswer::Late(PATIENCE))))
    }

    async fn ask_next(&self) {
        let batch = self.next();
        if batch.is_empty() {
            return;
        }
        let (questions, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|job| (job.question, job.answer)).unzip();
        for (job, answer) in answers.into_iter().zip(self.exchange.exchange(questions).await) {
            // Whoever does not wait any more will ask again.
            let _ = job.send(answer);
        }
    }

    fn next(&self) -> Vec<Job<E>> {
        let mut waiting = self.waiting();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(job) = waiting.pop_front() {
            // Whoever does not wait any more may have been told that it failed: it is not to happen after that.
            if job.answer.is_closed() {
                continue;
            }
            let more = E::bytes(&job.question);
            if !batch.is_empty() && (batch.len() == BATCH_MAX || bytes + more > BYTES_MAX) {
                waiting.push_front(job);
                break;
            }
            bytes += more;
            batch.push(job);
        }
        batch
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Job<E>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers each number with the size of its batch, when it is let.
    struct Counting {
        gate: Arc<Semaphore>,
    }

    impl Exchange for Counting {
        type Question = usize;
        type Answer = usize;

        fn bytes(question: &usize) -> usize {
            *question
        }

        async fn exchange(&self, questions: Vec<usize>) -> Vec<Result<usize, VoiceFailure>> {
            self.gate.acquire().await.unwrap().forget();
            vec![Ok(questions.len()); questions.len()]
        }
    }

    fn batches() -> (Arc<Batches<Counting>>, Arc<Semaphore>) {
        lingering(Duration::ZERO)
    }

    fn lingering(linger: Duration) -> (Arc<Batches<Counting>>, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        (Arc::new(Batches::new(Counting { gate: gate.clone() }, linger)), gate)
    }

    /// The sizes of the batches, answered once all have asked.
    async fn sizes(
        asked: impl Future<Output = Vec<Result<usize, VoiceFailure>>>,
        gate: &Semaphore,
    ) -> Vec<usize> {
        let open = async {
            tokio::task::yield_now().await;
            gate.add_permits(100);
        };
        let (answers, ()) = tokio::join!(asked, open);
        answers.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn the_first_go_alone_and_the_others_together() {
        let (batches, gate) = batches();
        let sizes = sizes(join_all((0..1_202).map(|_| batches.ask(1))), &gate).await;
        assert_eq!(sizes[..UNDER_WAY], [1, 1]);
        assert_eq!(sizes[UNDER_WAY..].iter().filter(|size| **size == 500).count(), 1_000);
        assert_eq!(sizes[UNDER_WAY..].iter().filter(|size| **size == 200).count(), 200);
    }

    #[tokio::test]
    async fn large_questions_are_spread() {
        let (batches, gate) = batches();
        let sizes = sizes(join_all((0..6).map(|_| batches.ask(BYTES_MAX / 2))), &gate).await;
        assert_eq!(sizes, [1, 1, 2, 2, 2, 2]);
        assert_eq!(batches.ask(BYTES_MAX * 9).await.unwrap(), 1, "one alone is asked whatever its size");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_one_lingers_is_asked_with_it() {
        let linger = Duration::from_secs(2);
        let (batches, gate) = lingering(linger);
        gate.add_permits(100);
        let begun = tokio::time::Instant::now();
        let after = |pause| {
            let batches = batches.clone();
            async move {
                tokio::time::sleep(pause).await;
                batches.ask(1).await
            }
        };
        let all = join_all([0, 1, 1_999].map(|pause| after(Duration::from_millis(pause)))).await;
        let sizes: Vec<usize> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(sizes, [3, 3, 3], "one call for all");
        assert_eq!(begun.elapsed(), linger, "and nobody waits longer than the first");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_is_not_asked_later() {
        let (batches, gate) = batches();
        let all = join_all((0..5).map(|_| batches.ask(1))).await;
        assert!(all.iter().all(Result::is_err));
        gate.add_permits(1);
        assert_eq!(batches.ask(3).await.unwrap(), 1, "nothing of before is in the batch");
    }
}
