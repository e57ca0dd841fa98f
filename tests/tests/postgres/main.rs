//! The Postgres store on real servers: the contract, and what happens when the server or the way to it goes away.

mod away;
mod contract;
mod crash;
mod limits;
mod outcome;
mod peers;
mod plans;
mod releases;
mod schema;
mod support;
mod tls;
