//! A Postgres, a Redis, a telephony, and nodes between them.

use std::time::Duration;

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::private::{Postgres, Redis};
use ges_tests::receiver::{Post, Receiver};
use ges_tests::server::Site;
use serde_json::{Value, json};

/// Longer than anything here takes on a machine that has other work.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The one service: everything is taken, and handed over at the very time that was chosen. Behind it stand hours that a
/// publication may name.
const SERVICES: &[(&str, &str)] = &[(
    "Sales",
    "immediate = true\nscheduled = true\ncapacity = 1000000\nrequire_logged_in = false\n\
     duplicate_check = \"false\"\nsubmit_early = \"off\"\ndaily_max = 1000000\nactive_max = 1000000\n\
     window_1_accepted = 1000000\nwindow_2_accepted = 1000000\n\
     refuse_impossible_numbers = false\nrefuse_premium_numbers = false\n\n\
     [tenants.acme.hours.always]\ntime_zone = \"UTC\"\n\
     days.monday = [{ open_all_day = true }]\ndays.tuesday = [{ open_all_day = true }]\n\
     days.wednesday = [{ open_all_day = true }]\ndays.thursday = [{ open_all_day = true }]\n\
     days.friday = [{ open_all_day = true }]\ndays.saturday = [{ open_all_day = true }]\n\
     days.sunday = [{ open_all_day = true }]",
)];

/// What all nodes share.
pub struct World {
    pub postgres: Postgres,
    pub redis: Redis,
    pub receiver: Receiver,
    database: String,
}

impl World {
    pub fn new() -> Self {
        let postgres = Postgres::start();
        let database = postgres.fresh_database_name();
        World { postgres, redis: Redis::start(), receiver: Receiver::open().unwrap(), database }
    }

    /// Everything a node is but its process.
    pub fn site(&self) -> Site {
        Site::new(self.receiver.address(), SERVICES).stored_by(&format!(
            "storage.kind = \"postgres\"\n\
             storage.postgres.url = \"{}\"\n\
             storage.postgres.tls = \"off\"\n\
             redis.mode = \"standalone\"\n\
             redis.nodes = \"{}\"\n\
             redis.secret = \"redis secret of the test\"\n",
            self.postgres.url(&self.database),
            self.redis.address(),
        ))
    }

    /// The same without Postgres.
    pub fn alone(&self) -> Site {
        Site::new(self.receiver.address(), SERVICES)
    }

    /// Runs SQL in the nodes' database.
    pub fn ask(&self, sql: &str) -> Vec<String> {
        self.postgres.ask(&self.database, sql)
    }

    /// Waits until each of these callbacks was handed over, and answers the posts of each.
    pub fn wait_for(&self, ids: &[String]) -> Vec<Vec<Post>> {
        let all = self.receiver.wait(PATIENCE, |posts| {
            ids.iter().all(|id| posts.iter().any(|post| post.is_start() && post.id() == id))
        });
        assert!(all, "everything booked is handed over");
        let mut starts = self.receiver.starts();
        ids.iter().map(|id| starts.remove(id).unwrap_or_default()).collect()
    }
}

/// Books one callback at a node, for so long from now or for now.
pub fn book(site: &Site, ahead: Option<Duration>) -> String {
    let mut body = json!({ "serviceName": "Sales", "phoneNumber": "+1 519 555 0123" });
    if let Some(ahead) = ahead {
        body["desiredTime"] = (SystemClock.now() + ahead).to_string().into();
    }
    let answer = site.outside().post("/engagement/v3/callbacks/create", &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data()["id"].as_str().unwrap().to_owned()
}

/// A callback as a node shows it.
pub fn shown(site: &Site, id: &str) -> Value {
    let answer = site.outside().post("/engagement/v3/callbacks/retrieve", &json!({ "id": id })).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data()
}

/// A gauge or counter as a node exports it.
pub fn metric(site: &Site, name: &str) -> f64 {
    let text = site.inside().get("/metrics").unwrap().text();
    let line = text.lines().find(|line| line.split(['{', ' ']).next() == Some(name));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

/// Asks again and again until it is so.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(std::time::Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
