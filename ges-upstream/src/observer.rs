//! What a host may count of what happens on the way to the neighbours.

/// Is told of what operators watch. Called on the path of a call: it must return at once. Every method does nothing
/// unless it is implemented.
pub trait Observer: Send + Sync {
    /// The name of a neighbour could not be resolved.
    fn unresolved(&self) {}

    /// The statistics service refused a tenant's credentials, or the tenant has none.
    fn statistics_refused(&self) {}

    /// The statistics service could not be reached, answered 5xx, or said what cannot be understood.
    fn statistics_failed(&self) {}
}

/// Nobody watches.
impl Observer for () {}
