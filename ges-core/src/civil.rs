//! Wall-clock text and instants: the lenient date grammar of callers, numbers of milliseconds, and the form in which
//! local times are sent back ([engagement-api-v3 §4.2-§4.4](crate::rules)).

mod format;
mod number;
mod parse;

pub use format::{write_local, write_utc};
pub use number::{BadNumber, parse_epoch_millis, parse_whole_number};
pub use parse::{BadDate, parse, parse_query};
