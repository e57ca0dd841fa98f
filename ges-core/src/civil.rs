//! Reading wall-clock text as an instant: the lenient date grammar of the wire.
