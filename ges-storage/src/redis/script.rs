//! A script that Redis runs as one step.

use ::redis::{Cmd, cmd};

/// A script, known by its digest once a server has seen it.
#[derive(Debug)]
pub struct Script {
    code: &'static str,
    digest: String,
}

impl Script {
    /// A script in Lua; everything it touches must be among its keys, which share a hash tag.
    pub fn new(code: &'static str) -> Self {
        Script { code, digest: ::redis::Script::new(code).get_hash().to_owned() }
    }

    /// By digest, which costs one command of a few bytes.
    pub(super) fn by_digest<T: AsRef<[u8]>>(&self, keys: &[T], arguments: &[T]) -> Cmd {
        call("EVALSHA", self.digest.as_bytes(), keys, arguments)
    }

    /// In full, for a server that has not seen it or has forgotten it.
    pub(super) fn in_full<T: AsRef<[u8]>>(&self, keys: &[T], arguments: &[T]) -> Cmd {
        call("EVAL", self.code.as_bytes(), keys, arguments)
    }
}

fn call<T: AsRef<[u8]>>(name: &str, script: &[u8], keys: &[T], arguments: &[T]) -> Cmd {
    let mut call = cmd(name);
    call.arg(script).arg(keys.len());
    for part in keys.iter().chain(arguments) {
        call.arg(part.as_ref());
    }
    call
}
