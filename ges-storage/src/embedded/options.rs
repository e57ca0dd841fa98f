//! What an operator may want otherwise.

/// How the file is opened. The defaults fit a machine with two cores and 134,400 booked callbacks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// When the whole file is checked for contradictions.
    pub check: Check,
    /// Pages the writing connection keeps in memory, in KiB; each reading one keeps a quarter. At least 64.
    pub cache_kib: u32,
    /// Threads that read, 1 to 16.
    pub readers: usize,
    /// The file never grows beyond so many bytes, beside its log; bookings then fail as on a full disk.
    pub max_bytes: Option<u64>,
}

/// When the file is checked at start. The check reads all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// At every start: about 1.2 ms for 1,000 records.
    #[default]
    Always,
    /// After a crash, a kill or a power cut.
    AfterUncleanStop,
    /// Only what has to be read anyhow is checked.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Options { check: Check::default(), cache_kib: 2_048, readers: 2, max_bytes: None }
    }
}

impl Options {
    /// The same with another [`Options::check`].
    pub fn check(self, check: Check) -> Self {
        Options { check, ..self }
    }

    /// The same with another [`Options::max_bytes`].
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Options { max_bytes: Some(max_bytes), ..self }
    }
}
