//! A node with a real clock. README shows `main` under *Embed*.

mod desk;

use std::sync::Arc;
use std::time::Duration;

use ges_core::engine::{Engine, NewCallback, Parts};
use ges_core::memory::MemoryStore;
use ges_core::node::Node;
use ges_core::settings::SettingsFile;
use ges_core::system::{SystemClock, SystemIds, TokioRuntime};
use ges_core::zone::ZoneDatabase;

const SETTINGS: &str = "
    [tenants.acme.services.Support]
    scheduled = true
    submit_early = 'off'
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (desk, mut calls) = desk::open(); // your orchestrator: it makes the calls
    let store = Arc::new(MemoryStore::default()); // or one of ges-storage, which forgets nothing
    let parts = Parts::new(store, Arc::new(desk), Arc::new(SystemClock), Arc::new(SystemIds));
    let engine = Arc::new(Engine::new(parts));
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }
    let node = Node::builder(engine.clone(), TokioRuntime::current()).start();

    let soon = engine.now() + Duration::from_secs(1);
    engine.book(&"acme".into(), NewCallback::scheduled("Support", "15195550123".parse()?, soon)).await?;
    let called = calls.recv().await.ok_or("the desk is gone")?; // at its instant, never before
    println!("{} ms late", called.since(soon).as_millis());
    node.shutdown().await;
    if called < soon { Err("called too early".into()) } else { Ok(()) }
}
