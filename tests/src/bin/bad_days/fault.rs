//! The faults, each with its end.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;
use ges_tests::private::Toward;

use super::world::{Hot, Shape, World};

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    NodeKilled,
    AllNodesKilled,
    NodeFrozen,
    NodeRestarted,
    NodeCutOff,
    PostgresStopped,
    PostgresKilled,
    PostgresFrozen,
    PostgresLost,
    ReplicaKilled,
    DiskFull,
    CommitCut,
    RequestCut,
    SlowNetwork,
    NodeKilledWhilePostgresIsAway,
    RedisKilled,
    RedisFrozen,
    RedisWiped,
    RedisFailedOver,
    RedisNodeLost,
    VoiceDown,
    VoiceFrozen,
    AppendCut,
}

/// When it was.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub begun: Instant,
    pub begun_at: Timestamp,
    /// From here on everything was there again, or could have been.
    pub healed: Instant,
    pub healed_at: Timestamp,
}

impl Kind {
    /// Every one there is.
    pub const ALL: [Kind; 23] = [
        Kind::NodeKilled,
        Kind::AllNodesKilled,
        Kind::NodeFrozen,
        Kind::NodeRestarted,
        Kind::NodeCutOff,
        Kind::PostgresStopped,
        Kind::PostgresKilled,
        Kind::PostgresFrozen,
        Kind::PostgresLost,
        Kind::ReplicaKilled,
        Kind::DiskFull,
        Kind::CommitCut,
        Kind::RequestCut,
        Kind::SlowNetwork,
        Kind::NodeKilledWhilePostgresIsAway,
        Kind::RedisKilled,
        Kind::RedisFrozen,
        Kind::RedisWiped,
        Kind::RedisFailedOver,
        Kind::RedisNodeLost,
        Kind::VoiceDown,
        Kind::VoiceFrozen,
        Kind::AppendCut,
    ];

    /// Those that can happen in such a world.
    pub fn of(shape: Shape, small_disks: bool) -> Vec<Kind> {
        let fits = |kind: &Kind| match kind {
            Kind::NodeCutOff | Kind::RedisKilled | Kind::RedisFrozen => shape == Shape::Alone,
            Kind::RedisFailedOver => shape == Shape::Sentinel,
            Kind::RedisNodeLost => shape == Shape::Cluster,
            Kind::DiskFull => small_disks,
            _ => true,
        };
        Kind::ALL.into_iter().filter(fits).collect()
    }

    /// Of no consequence to anybody's request.
    pub fn is_harmless(self) -> bool {
        matches!(
            self,
            Kind::RedisKilled
                | Kind::RedisFrozen
                | Kind::RedisWiped
                | Kind::RedisFailedOver
                | Kind::RedisNodeLost
                | Kind::VoiceDown
                | Kind::VoiceFrozen
                | Kind::AppendCut
        )
    }

    /// While it lasts nothing can be promised, or nothing can be handed over: what counts is the time after its end.
    pub fn is_outage(self) -> bool {
        matches!(
            self,
            Kind::AllNodesKilled
                | Kind::PostgresStopped
                | Kind::PostgresKilled
                | Kind::PostgresFrozen
                | Kind::PostgresLost
                | Kind::ReplicaKilled
                | Kind::DiskFull
                | Kind::NodeKilledWhilePostgresIsAway
                | Kind::VoiceDown
                | Kind::VoiceFrozen
                | Kind::SlowNetwork
        )
    }

    /// Something does not answer, and nobody is told.
    pub fn is_silence(self) -> bool {
        matches!(
            self,
            Kind::NodeCutOff
                | Kind::PostgresFrozen
                | Kind::SlowNetwork
                | Kind::ReplicaKilled
                | Kind::DiskFull
        )
    }

    /// Every node is there and answers, whatever it answers.
    pub fn leaves_nodes_alone(self) -> bool {
        !matches!(
            self,
            Kind::NodeKilled
                | Kind::AllNodesKilled
                | Kind::NodeFrozen
                | Kind::NodeRestarted
                | Kind::NodeKilledWhilePostgresIsAway
        )
    }

    /// Lets it happen, and ends it.
    ///
    /// # Errors
    /// When something does not come back that has to.
    pub fn happen(self, world: &mut World, chance: &Chance, voice_down: Duration) -> Result<Span, String> {
        let (begun, begun_at) = (Instant::now(), SystemClock.now());
        let node = usize::try_from(chance.below(world.nodes.len() as u64)).unwrap_or(0);
        // How long it lasts is what is random here; nothing is waited for.
        let last = |from: u64, to: u64| thread::sleep(Duration::from_millis(chance.between(from, to)));
        let mut healed = None;
        let now = || Some((Instant::now(), SystemClock.now()));
        match self {
            Kind::NodeKilled => {
                world.nodes[node].kill();
                last(500, 2_500);
                world.nodes[node].start()?;
                healed = Some((begun, begun_at));
            }
            Kind::AllNodesKilled => {
                world.nodes.iter_mut().for_each(super::node::Node::kill);
                last(0, 500);
                world.start_nodes()?;
            }
            Kind::NodeFrozen => {
                world.nodes[node].pause();
                last(3_500, 6_000);
                world.nodes[node].resume();
            }
            Kind::NodeRestarted => {
                world.nodes[node].terminate()?;
                world.nodes[node].start()?;
                healed = Some((begun, begun_at));
            }
            Kind::NodeCutOff => {
                world.nodes[node].wires().iter().for_each(|wire| wire.stall());
                last(3_500, 6_000);
                world.nodes[node].wires().iter().for_each(|wire| wire.go_on());
            }
            Kind::PostgresStopped => {
                world.primary.stop_immediate();
                last(100, 1_500);
                world.primary.restart();
            }
            Kind::PostgresKilled => {
                world.primary.kill_nine();
                last(100, 1_500);
                world.primary.restart();
            }
            Kind::PostgresFrozen => {
                world.primary.pause();
                last(500, 3_000);
                world.primary.resume();
            }
            Kind::PostgresLost => {
                world.fail_over();
                healed = now();
                last(0, 1_000);
                world.replace_lost_primary();
            }
            Kind::ReplicaKilled => {
                world.standby.kill_nine();
                last(200, 1_500);
                world.standby.restart();
            }
            Kind::DiskFull => {
                world.primary.fill_disk();
                last(1_000, 3_000);
                world.primary.make_room();
                if !world.primary.is_alive() {
                    world.primary.restart();
                }
                world.primary.wait_until_ready();
            }
            Kind::CommitCut => cut_some(world, chance, Toward::Client),
            Kind::RequestCut => cut_some(world, chance, Toward::Server),
            Kind::SlowNetwork => {
                let by = Duration::from_millis(chance.between(20, 120));
                world.nodes.iter().flat_map(|node| node.wires()).for_each(|wire| wire.delay(by));
                last(500, 2_500);
                world.nodes.iter().flat_map(|node| node.wires()).for_each(|wire| wire.delay(Duration::ZERO));
            }
            Kind::NodeKilledWhilePostgresIsAway => {
                world.primary.stop_immediate();
                last(100, 500);
                world.nodes[node].kill();
                last(100, 500);
                world.primary.restart();
                healed = now();
                world.nodes[node].start()?;
            }
            Kind::RedisKilled => {
                let servers = world.hot.servers();
                servers.iter().for_each(|redis| redis.kill_nine());
                last(100, 3_000);
                servers.iter().for_each(|redis| redis.restart());
            }
            Kind::RedisFrozen => {
                let servers = world.hot.servers();
                servers.iter().for_each(|redis| redis.pause());
                last(500, 5_000);
                servers.iter().for_each(|redis| redis.resume());
            }
            Kind::RedisWiped => {
                for redis in world.hot.primaries() {
                    redis.ask(&["FLUSHALL"]);
                }
            }
            Kind::RedisFailedOver => {
                if let Hot::Sentinel(sentinel) = &world.hot {
                    let lost = sentinel.kill_primary();
                    sentinel.wait_for_another(lost);
                    healed = now();
                    lost.restart();
                    sentinel.wait_until_whole();
                }
            }
            Kind::RedisNodeLost => {
                if let Hot::Cluster(cluster) = &world.hot {
                    let primaries = cluster.primaries();
                    if let Some(lost) = chance.pick(&primaries) {
                        lost.kill_nine();
                        cluster.wait_until_served();
                        healed = now();
                        lost.restart();
                        cluster.wait_until_whole();
                    }
                }
            }
            Kind::VoiceDown => {
                world.voice.kill_nine();
                thread::sleep(voice_down);
                world.voice.restart();
            }
            Kind::VoiceFrozen => {
                world.voice.pause();
                last(500, 4_000);
                world.voice.resume();
            }
            Kind::AppendCut => {
                for node in &world.nodes {
                    let before = node.voice.cuts();
                    node.voice.cut_after(Toward::Client, usize::try_from(chance.below(20)).unwrap_or(0));
                    node.voice.wait_for_cuts(before + 1, Duration::from_secs(5));
                    node.voice.spare();
                }
            }
        }
        let (healed, healed_at) = healed.unwrap_or((Instant::now(), SystemClock.now()));
        Ok(Span { begun, begun_at, healed, healed_at })
    }
}

/// Connections to Postgres break in the middle of something, at one node after the other.
fn cut_some(world: &World, chance: &Chance, toward: Toward) {
    for node in 0..world.nodes.len() {
        let wire = world.primary_wire(node);
        let before = wire.cuts();
        wire.cut_after(toward, usize::try_from(chance.below(2_000)).unwrap_or(0));
        wire.wait_for_cuts(before + 1, Duration::from_secs(5));
        wire.spare();
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Kind::NodeKilled => "node killed (`kill -9`)",
            Kind::AllNodesKilled => "all nodes killed",
            Kind::NodeFrozen => "node frozen (SIGSTOP)",
            Kind::NodeRestarted => "node restarted (SIGTERM)",
            Kind::NodeCutOff => "node cut off from the network",
            Kind::PostgresStopped => "Postgres stopped at once, restarted",
            Kind::PostgresKilled => "Postgres killed, restarted",
            Kind::PostgresFrozen => "Postgres frozen",
            Kind::PostgresLost => "Postgres primary lost, replica promoted",
            Kind::ReplicaKilled => "Postgres synchronous replica killed, restarted",
            Kind::DiskFull => "disk of Postgres full",
            Kind::CommitCut => "connection cut in a commit, answer lost",
            Kind::RequestCut => "connection cut in a request",
            Kind::SlowNetwork => "slow network",
            Kind::NodeKilledWhilePostgresIsAway => "node killed while Postgres is away",
            Kind::RedisKilled => "Redis killed, restarted empty",
            Kind::RedisFrozen => "Redis frozen",
            Kind::RedisWiped => "Redis wiped (`FLUSHALL`)",
            Kind::RedisFailedOver => "Redis primary killed, Sentinel failover",
            Kind::RedisNodeLost => "Redis cluster node lost",
            Kind::VoiceDown => "voice Redis down",
            Kind::VoiceFrozen => "voice Redis frozen",
            Kind::AppendCut => "connection cut in an append, answer lost",
        })
    }
}
