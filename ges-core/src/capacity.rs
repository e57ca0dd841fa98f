//! How many scheduled callbacks an interval of time can bear.
