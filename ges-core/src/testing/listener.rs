//! Listeners that remember what they heard.

use std::sync::{Mutex, PoisonError};

use crate::callback::{Happening, LifecycleEvent};
use crate::port::{Listener, Signals};
use crate::time::Timestamp;

/// Remembers every life-cycle event in the order it was told.
#[derive(Debug, Default)]
pub struct RecordingListener(Mutex<Vec<LifecycleEvent>>);

impl RecordingListener {
    /// Everything heard so far.
    pub fn events(&self) -> Vec<LifecycleEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happened, in order, without the rest.
    pub fn happenings(&self) -> Vec<Happening> {
        self.events().into_iter().map(|event| event.happening).collect()
    }
}

impl Listener for RecordingListener {
    fn heard(&self, event: &LifecycleEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// Remembers every wake-up signal in the order it was given.
#[derive(Debug, Default)]
pub struct RecordingSignals(Mutex<Vec<Timestamp>>);

impl RecordingSignals {
    /// The instants signalled so far.
    pub fn signalled(&self) -> Vec<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Signals for RecordingSignals {
    fn due(&self, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }
}
