//! The grid of bookable slots: hours, capacity and occupancy become slots on offer.
