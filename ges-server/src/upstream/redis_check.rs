//! Whether a Redis works, for [`crate::health::Health::watch`]: `REDIS_CONNECTION`, `ORS_REDIS_STATUS`.

use std::time::Duration;

use async_trait::async_trait;
use ges_storage::redis::Redis;

use crate::health::Check;
use crate::http::BoxError;

/// Checks a Redis without asking one that has answered lately.
pub struct RedisCheck {
    redis: Redis,
    lately: Duration,
}

impl RedisCheck {
    /// An answer within `lately` says as much as a question; the interval of the checks is a good choice.
    pub fn new(redis: Redis, lately: Duration) -> Self {
        RedisCheck { redis, lately }
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.redis.check(self.lately).await?)
    }
}
