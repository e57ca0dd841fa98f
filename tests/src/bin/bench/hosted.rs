//! The engine as a library: linked into this process, on the embedded store, with an orchestrator that notes the
//! instant of each hand-over. Shows what the engine and the store take without HTTP on either side.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ges_core::engine::{Engine, NewCallback, NobodyListens, Parts};
use ges_core::ewt::{Ewt, EwtMode, NoWait};
use ges_core::node::{Node, Publisher};
use ges_core::port::{
    Captcha, CaptchaVerdict, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable,
    WaitTimes,
};
use ges_core::settings::SettingsFile;
use ges_core::system::{SystemClock, SystemIds, TokioRuntime};
use ges_core::zone::ZoneDatabase;
use ges_core::{ServiceName, TenantId, Timestamp};
use ges_storage::embedded::{EmbeddedStore, Options};
use tokio::task::JoinSet;

use crate::lateness::{self, Arrival};
use crate::settings;

/// Books callbacks for these instants, waits for them, and answers when each was handed over.
pub fn hand_overs(folder: &Path, desired: &[Timestamp]) -> anyhow::Result<Vec<Arrival>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let arrivals = Arc::new(Arrivals::default());
        let host = Host::start(folder, arrivals.clone()).await?;
        host.book(desired).await?;
        let last = desired.iter().max().copied().unwrap_or(Timestamp::MIN);
        let node = Node::builder(host.engine.clone(), TokioRuntime::current()).start();
        lateness::until_all(|| arrivals.count(), desired.len(), last).await;
        node.shutdown().await;
        Ok(arrivals.take())
    })
}

struct Host {
    engine: Arc<Engine>,
}

impl Host {
    async fn start(folder: &Path, orchestrator: Arc<Arrivals>) -> anyhow::Result<Host> {
        let store = Arc::new(EmbeddedStore::open(folder, Options::default())?);
        let engine = Arc::new(Engine::new(Parts {
            callbacks: store.clone(),
            call_ins: store.clone(),
            orchestrator,
            waits: Arc::new(NoWaits),
            windows: Arc::new(ges_core::in_process::LocalWindows::default()),
            captcha: Arc::new(NoCaptcha),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            signals: Arc::new(NobodyListens),
            listener: Arc::new(NobodyListens),
        }));
        let zones = Arc::new(ZoneDatabase::embedded());
        let publisher = Publisher::new(engine.clone(), store, zones.clone());
        for (tenant, file) in SettingsFile::parse(settings::SETTINGS, &zones)?.tenants {
            publisher.load(&tenant, file.definitions).await?;
        }
        Ok(Host { engine })
    }

    /// In hundreds, so that they share the waits for the disk.
    async fn book(&self, desired: &[Timestamp]) -> anyhow::Result<()> {
        let tenant = TenantId::from(settings::TENANT);
        for (place, some) in desired.chunks(256).enumerate() {
            let mut booking = JoinSet::new();
            for (within, desired) in some.iter().enumerate() {
                let number = lateness::number(place * 256 + within).parse()?;
                let wish = NewCallback::scheduled("Burst", number, *desired);
                let (engine, tenant) = (self.engine.clone(), tenant.clone());
                booking.spawn(async move { engine.book(&tenant, wish).await });
            }
            while let Some(booked) = booking.join_next().await {
                booked??;
            }
        }
        Ok(())
    }
}

/// Notes hand-overs.
#[derive(Default)]
struct Arrivals(Mutex<Vec<Arrival>>);

impl Arrivals {
    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Orchestrator for Arrivals {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let arrival = Arrival {
            key: format!("{}:{}", submission.callback.id, submission.attempt),
            desired: submission.callback.desired,
            at_us: lateness::now_us(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
        Ok(Handed::default())
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Unknown)
    }

    async fn cancel(&self, _: &SessionKey) -> Result<(), Unavailable> {
        Ok(())
    }
}

struct NoWaits;

#[async_trait]
impl WaitTimes for NoWaits {
    async fn wait(
        &self,
        _: &TenantId,
        _: &ServiceName,
        _: EwtMode,
        _: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        Ok(Ewt::Unknown(NoWait::NothingPassed))
    }
}

struct NoCaptcha;

#[async_trait]
impl Captcha for NoCaptcha {
    async fn verify(&self, _: &TenantId, _: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        Ok(CaptchaVerdict::NotRequired)
    }
}
