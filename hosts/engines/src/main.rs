//! Two engines in one process, on one Postgres and one Redis: two brands that know nothing of each other.
//!
//! `HOST_POSTGRES` and `HOST_REDIS` say where these are.

mod parts;

use std::error::Error;
use std::sync::Arc;

use ges_core::engine::{Engine, EngineError, NewCallback, Parts};
use ges_core::settings::SettingsFile;
use ges_core::zone::ZoneDatabase;
use ges_storage::postgres::{self, PostgresStore};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{self, Redis, RedisWindows};

use crate::parts::{Chance, Desk, Wall};

/// One callback a day for each customer.
const SETTINGS: &str = "
    [tenants.acme.services.Sales]
    immediate = true
    daily_max = 1
";
const CUSTOMER: &str = "+15195550123";

/// An engine with a schema, a prefix and a desk of its own.
struct Brand {
    engine: Engine,
    windows: Arc<RedisWindows>,
    desk: Arc<Desk>,
}

impl Brand {
    async fn open(name: &str) -> Result<Self, Box<dyn Error>> {
        let options = postgres::Options::new(&std::env::var("HOST_POSTGRES")?)?.schema(name);
        let store = Arc::new(PostgresStore::open(options).await?);
        let redis = Redis::new(redis::Options::from_url(&std::env::var("HOST_REDIS")?)?)?;
        let windows = Arc::new(RedisWindows::new(redis, Keys::new(name), b"a secret of all nodes"));
        let desk = Arc::new(Desk::default());
        let mut parts = Parts::new(store, desk.clone(), Arc::new(Wall), Arc::new(Chance));
        parts.windows = windows.clone();
        let engine = Engine::new(parts);
        for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
            engine.configure(file.definitions.resolve(tenant, 1)?);
        }
        Ok(Brand { engine, windows, desk })
    }

    async fn book(&self) -> Result<&'static str, Box<dyn Error>> {
        match self.engine.book(&"acme".into(), NewCallback::immediate("Sales", CUSTOMER.parse()?)).await {
            Ok(accepted) => Ok(accepted.callback.state.name().as_str()),
            Err(EngineError::Refused(refused)) => Ok(refused.refusal.code()),
            Err(error) => Err(error.into()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (north, south) = (Brand::open("north").await?, Brand::open("south").await?);
    // The second of a customer is one too many, in each brand for itself.
    let told = [north.book().await?, north.book().await?, south.book().await?];
    println!("{}", told.join(", "));
    for brand in [&north, &south] {
        let counted = brand.windows.counted();
        println!(
            "handed over {}, counted in Redis {}, alone {}",
            brand.desk.calls(),
            counted.together,
            counted.alone
        );
    }
    let kept = told == ["QUEUED", "NUMBER_THROTTLED", "QUEUED"];
    let apart =
        [&north, &south].iter().all(|brand| brand.desk.calls() == 1 && brand.windows.counted().alone == 0);
    if kept && apart { Ok(()) } else { Err("the two are not what two engines should be".into()) }
}
