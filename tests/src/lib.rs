//! What the tests of the whole share: a client, a server process, the telephony it hands callbacks to, and the parsers
//! under hostile input.
//!
//! Everything but the parsers is plain threads and blocking sockets, so that a test can stop, starve or kill the other
//! side at any moment and still say what it saw.

pub mod chance;
pub mod fuzz;
pub mod http;
pub mod private;
pub mod receiver;
pub mod server;
