//! The server as it is shipped: real clock, embedded store, worker, and telephony played by the sandbox. A callback is
//! booked, handed over, played and written back, while the watch over logs and metrics goes on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ges_server::app::{App, Running};
use ges_server::config::{Config, Sources};
use ges_server::demonstration::Demonstration;
use ges_server::metrics::Host;
use serde_json::{Value, json};

use crate::client::Request;
use crate::privacy;
use crate::world::{NUMBER, V3, runtime};

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(folder: &Folder, demonstration: &Demonstration) -> Running {
    let set = [
        ("http.external_address", "127.0.0.1:0"),
        ("http.internal_address", "127.0.0.1:0"),
        ("orchestrator.sandbox.answer_percent", "100"),
        ("orchestrator.sandbox.busy_percent", "0"),
        ("orchestrator.sandbox.route_ms", "10"),
        ("orchestrator.sandbox.ring_ms", "10"),
        ("orchestrator.sandbox.talk_ms", "10"),
        ("storage.directory", folder.0.to_str().unwrap()),
    ];
    let sources = Sources {
        file: None,
        environment: BTreeMap::new(),
        set: set.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        read_file: &|path| std::fs::read_to_string(path),
    };
    let config = Config::read(&sources).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let stores = runtime().block_on(config.storage.open()).unwrap();
    let app = App::build(config, stores, Host::named("here")).unwrap();
    runtime().block_on(async {
        app.settings().load(&demonstration.settings).await.unwrap();
        app.serve().await.unwrap()
    })
}

fn post(to: SocketAddr, key: &str, path: &str, body: &Value) -> Value {
    let request = Request::new(to, "POST", &format!("{V3}{path}")).header("x-api-key", key);
    let answer = request.json(body).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data()
}

#[test]
fn a_callback_is_booked_played_and_written_back_without_a_trace_of_the_customer() {
    privacy::watch();
    let folder = Folder(std::env::temp_dir().join(format!("ges-conformance-{}", std::process::id())));
    let demonstration = Demonstration::new();
    let key = demonstration.key.as_str();
    privacy::also(key);
    let running = start(&folder, &demonstration);
    let wish = json!({
        "serviceName": "Support", "phoneNumber": NUMBER, "userData": { "email": "uservalue", "deep": ["uservalue"] },
    });
    let id = post(running.external, key, "/callbacks/create", &wish)["id"].clone();
    let begun = Instant::now();
    let ended = loop {
        let shown = post(running.external, key, "/callbacks/retrieve", &json!({ "id": id }));
        if shown["callbackState"] == "COMPLETED" {
            break shown;
        }
        // Nothing outside the process tells when a played call ends; each question takes a while by itself.
        assert!(begun.elapsed() < Duration::from_secs(20), "still {shown}");
        std::thread::yield_now();
    };
    assert_eq!(ended["callbackReason"], "AGENT_CONNECTED");
    let metrics = Request::new(running.internal, "GET", "/metrics").send_unseen();
    assert_eq!(metrics.status, 200);
    assert!(metrics.text().contains(r#"ges_callbacks_created{tenant="demo"} 1"#), "{}", metrics.text());
    assert_eq!(runtime().block_on(running.stop()), 0, "no request was cut off");
    privacy::look_at_text("the metrics", &metrics.text());
    privacy::look_at_logs();
}
