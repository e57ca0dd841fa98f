//! The kinds of faults.

/// A kind of fault, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A process ended without a word, and started again later.
    Crash,
    /// A process was stopped and went on later.
    Freeze,
    /// A process was asked to stop, gave back what it held, and started again.
    Restart,
    /// A node was cut from the database, Redis or the voice platform.
    Partition,
    /// The database went away, with requests under way.
    Failover,
    /// The database took requests and answered late.
    Stall,
    /// Answers of the database were lost after the commit.
    Amnesia,
    /// Redis lost everything.
    Wipe,
    /// Redis could not be reached.
    RedisAway,
    /// The voice platform could not be reached.
    VoiceAway,
    /// Answers of the voice platform were lost after it took the entry.
    VoiceAmnesia,
    /// The voice platform refused entries.
    VoiceRefuses,
    /// Sessions died without a word.
    DeadSession,
    /// A node was taken for gone while it lived.
    Suspicion,
    /// A wall clock was set.
    ClockJump,
    /// Everything was slow.
    Slow,
    /// The estimated wait changed or could not be told.
    Wait,
    /// A single request was lost.
    LostRequest,
    /// A single answer was lost after its effect.
    LostAnswer,
    /// Work was sent again because its outcome was unknown.
    Repeated,
    /// A write was done, and its adapter told that it does not know, at once or after a long silence.
    OutcomeUnknown,
    /// The future of a request was dropped in the middle.
    DroppedRequest,
    /// What a host awaited of its dispatcher was dropped in the middle.
    DroppedLook,
    /// A hand-over panicked.
    Panic,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Kind; 24] = [
        Kind::Crash,
        Kind::Freeze,
        Kind::Restart,
        Kind::Partition,
        Kind::Failover,
        Kind::Stall,
        Kind::Amnesia,
        Kind::Wipe,
        Kind::RedisAway,
        Kind::VoiceAway,
        Kind::VoiceAmnesia,
        Kind::VoiceRefuses,
        Kind::DeadSession,
        Kind::Suspicion,
        Kind::ClockJump,
        Kind::Slow,
        Kind::Wait,
        Kind::LostRequest,
        Kind::LostAnswer,
        Kind::Repeated,
        Kind::OutcomeUnknown,
        Kind::DroppedRequest,
        Kind::DroppedLook,
        Kind::Panic,
    ];

    /// What it is called in reports.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Crash => "node crashed",
            Kind::Freeze => "node frozen",
            Kind::Restart => "node restarted in order",
            Kind::Partition => "node cut off",
            Kind::Failover => "database away",
            Kind::Stall => "database stalled",
            Kind::Amnesia => "database loses answers",
            Kind::Wipe => "redis wiped",
            Kind::RedisAway => "redis away",
            Kind::VoiceAway => "voice platform away",
            Kind::VoiceAmnesia => "voice platform loses answers",
            Kind::VoiceRefuses => "voice platform refuses",
            Kind::DeadSession => "session died",
            Kind::Suspicion => "living node taken for gone",
            Kind::ClockJump => "wall clock set",
            Kind::Slow => "everything slow",
            Kind::Wait => "estimated wait changed",
            Kind::LostRequest => "single requests lost",
            Kind::LostAnswer => "single answers lost",
            Kind::Repeated => "work repeated, outcome unknown",
            Kind::OutcomeUnknown => "writes of unknown outcome",
            Kind::DroppedRequest => "requests dropped",
            Kind::DroppedLook => "looks dropped",
            Kind::Panic => "hand-overs that panic",
        }
    }
}
