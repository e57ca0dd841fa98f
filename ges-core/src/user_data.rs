//! Which user data may travel with a callback.
