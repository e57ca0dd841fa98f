//! A server on axum that has callbacks beside a page of its own.

mod client;
mod desk;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use ges_core::engine::{Engine, Parts};
use ges_core::memory::MemoryStore;
use ges_core::settings::SettingsFile;
use ges_core::system::{SystemClock, SystemIds};
use ges_core::zone::ZoneDatabase;
use ges_http::Api;
use tokio::net::TcpListener;

const SETTINGS: &str = "
    [tenants.acme.services.Support]
    scheduled = true
";
const LIST: &str = "GET /callbacks/genesys/1/service/callback?_callback_state=SCHEDULED";
const WISH: &str = r#"{"serviceName":"Support","phoneNumber":"+15195550123","desiredTime":"TOMORROW"}"#;

fn engine() -> Result<Arc<Engine>, Box<dyn Error>> {
    let store = Arc::new(MemoryStore::default()); // or one of ges-storage, which forgets nothing
    let parts = Parts::new(store, Arc::new(desk::Desk), Arc::new(SystemClock), Arc::new(SystemIds));
    let engine = Arc::new(Engine::new(parts));
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }
    Ok(engine)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = engine()?;
    let api = Api::builder(engine.clone()).under("/callbacks").build()?;
    let app = Router::new()
        .route("/", get(async || "a page of the host"))
        .route_service("/callbacks/{*path}", api.internal());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    let page = client::send(address, "GET /", "").await?;
    let tomorrow = engine.now() + std::time::Duration::from_secs(86_400);
    let wish = WISH.replace("TOMORROW", &tomorrow.to_string());
    let booked = client::send(address, "POST /callbacks/engagement/v3/callbacks/create", &wish).await?;
    let listed = client::send(address, LIST, "").await?;
    println!("{page}\n{booked}\n{listed}");
    api.drained().await; // before the node and the store are ended
    let is_right = page == "a page of the host"
        && booked.contains("\"message\":\"Successful\"")
        && listed.contains("\"_callback_state\":\"SCHEDULED\"");
    if is_right { Ok(()) } else { Err("that is not what should have come back".into()) }
}
