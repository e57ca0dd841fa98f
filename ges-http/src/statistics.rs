//! Statistics with a cache in front ([engagement-api-v3 §3.9](ges_core::rules)): answers are kept for five minutes per
//! tenant and question, and the caller says how old one may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ges_core::TenantId;
use ges_core::port::{Clock, Statistic, Statistics, StatisticsError};
use ges_core::time::Timestamp;
use serde_json::Value;

use crate::Problem;

/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// Beyond so many answers the outdated ones go, and all if that does not help; the cache only saves questions.
const ANSWERS_MAX: usize = 10_000;

type Question = (TenantId, Vec<Statistic>);

/// Reads statistics, and remembers what it read.
pub struct StatisticsCache {
    statistics: Arc<dyn Statistics>,
    clock: Arc<dyn Clock>,
    answers: Mutex<HashMap<Question, (Timestamp, Arc<Value>)>>,
}

/// What was read, perhaps a while ago.
pub struct Answer {
    /// The statistics service's own `data`.
    pub data: Arc<Value>,
    /// How long ago.
    pub age: Duration,
}

impl StatisticsCache {
    /// An empty cache in front of this service.
    pub fn new(statistics: Arc<dyn Statistics>, clock: Arc<dyn Clock>) -> Self {
        StatisticsCache { statistics, clock, answers: Mutex::default() }
    }

    /// The statistics, at most `max_age` old. A question for none is answered with an empty list and asked of nobody.
    ///
    /// # Errors
    /// 401 when the tenant's credentials are missing or refused, 500 when the statistics service is away.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: an answer that was not awaited is not remembered, and asked for again.
    pub async fn read(
        &self,
        tenant: &TenantId,
        wanted: Vec<Statistic>,
        max_age: Duration,
    ) -> Result<Answer, Problem> {
        if wanted.is_empty() {
            let data = Arc::new(serde_json::json!({ "statistics": [] }));
            return Ok(Answer { data, age: Duration::ZERO });
        }
        let question = (tenant.clone(), wanted);
        if let Some(answer) = self.remembered(&question, max_age) {
            return Ok(answer);
        }
        let data = Arc::new(self.statistics.read(tenant, &question.1).await.map_err(problem)?);
        self.remember(question, data.clone());
        Ok(Answer { data, age: Duration::ZERO })
    }

    fn remembered(&self, question: &Question, max_age: Duration) -> Option<Answer> {
        let now = self.clock.now();
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, data) = answers.get(question)?;
        let age = now.since(*at);
        let fresh = *at <= now && age <= max_age.min(KEPT_FOR);
        fresh.then(|| Answer { data: data.clone(), age })
    }

    fn remember(&self, question: Question, data: Arc<Value>) {
        let now = self.clock.now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.retain(|_, (at, _)| *at <= now && now.since(*at) <= KEPT_FOR);
        }
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(question, (now, data));
    }
}

fn problem(error: StatisticsError) -> Problem {
    match error {
        StatisticsError::Credentials => Problem::refused_credentials(
            "STATISTICS_CREDENTIALS",
            "the credentials for the statistics service are missing or were refused; an administrator stores them",
        ),
        StatisticsError::Unavailable(source) => Problem::failed(
            "STATISTICS_UNAVAILABLE",
            "the statistics service cannot be reached; try again later",
            source,
        ),
    }
}
