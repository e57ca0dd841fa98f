//! How a process begins: it learns the settings, and starts its node.

use std::sync::Arc;

use ges_core::engine::Engine;
use ges_core::node::{Node, Publications};
use ges_core::settings::{Faults, TenantSettings};

use super::own::{Host, OwnHost};
use super::ports::NodeRuntime;
use crate::bugs::Bug;
use crate::database::NodeStore;
use crate::executor::Millis;
use crate::world::World;

/// After a failure of the store.
const PAUSE: Millis = 500;

/// Few enough that a lost permit is missed.
const DELIVERIES_MAX: usize = 4;

impl World {
    /// Waits for the database, learns the time and the settings, and begins to serve.
    pub(super) async fn boot(self: Arc<Self>, index: usize) {
        let publications = self.nodes()[index].publications.clone();
        for tenant in &self.tenants {
            while publications.refresh(&tenant.id).await.is_err() {
                self.exec.sleep(PAUSE).await;
            }
        }
        let mut nodes = self.nodes();
        let node = &mut nodes[index];
        node.serves = true;
        if let Some(alarm) = node.alarm.clone() {
            node.running = Some(Host::Own(OwnHost::start(&self, index, node, alarm)));
            return;
        }
        let runtime = NodeRuntime::new(self.clone(), node.owner);
        let running = Node::builder(node.engine.clone(), runtime)
            .named(node.name.clone())
            .peers(node.neighbours.clone())
            .publications(publications)
            .observer(node.ports.clone())
            .deliveries_max(DELIVERIES_MAX)
            .start();
        node.running = Some(Host::Node(Arc::new(running)));
    }

    /// What a node follows: each published version names an edition of the tenant's settings.
    pub(super) fn publications(self: &Arc<Self>, index: usize, engine: Arc<Engine>) -> Publications {
        let store = Arc::new(NodeStore { world: self.clone(), node: index });
        let world = self.clone();
        Publications::new(engine, store, move |tenant, published| -> Result<TenantSettings, Faults> {
            let mut of = world.tenants.iter();
            let of = of.find(|known| known.id == *tenant).unwrap_or(&world.tenants[0]);
            let edition = edition_of(&published.sections);
            let mut settings = of.settings(edition, published.version);
            if world.has(Bug::SettingsMixed) {
                settings.hours = of.settings((edition + 1) % of.editions.len(), published.version).hours;
            }
            Ok(settings)
        })
    }

    /// An error is logged, with everything behind it.
    pub fn told_error(&self, error: &dyn std::error::Error) {
        let mut text = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.see(&crate::oracle::Seen::Text(&text));
    }
}

/// Which edition was published; the first when nothing was.
pub fn edition_of(
    sections: &std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>,
) -> usize {
    sections.get("edition").and_then(|section| section.get("is")).and_then(|is| is.parse().ok()).unwrap_or(0)
}
