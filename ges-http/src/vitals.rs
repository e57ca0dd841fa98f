//! What a host tells its operators about itself.

use serde_json::Value;

use crate::body::BoxError;

/// Answers `/metrics` and the health paths. Health and metrics belong to the process, which only its host knows.
pub trait Vitals: Send + Sync {
    /// Counters and gauges in the text format of Prometheus.
    ///
    /// # Errors
    /// When they cannot be written.
    fn metrics(&self) -> Result<Vec<u8>, BoxError>;

    /// Whether promises can be given now.
    fn is_ready(&self) -> bool;

    /// Everything known of this process and its neighbours, as a JSON object.
    fn report(&self) -> Value;
}
