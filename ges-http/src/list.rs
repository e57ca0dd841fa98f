//! A long JSON array, written while the caller takes it.

use std::iter;

use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;

use crate::body::{Body, BoxError};

/// A piece is sent once it has so many bytes. An array that is shorter is sent whole, with its length.
const PIECE_BYTES: usize = 64 * 1024;

/// An array of these items. They are written piece by piece, so the text of a long array is never in memory as a whole,
/// and what nobody takes any more is not written.
///
/// # Errors
/// When an item of the first piece cannot be written. A later one ends the answer in the middle.
pub(super) fn json<I>(items: I) -> Result<Body, serde_json::Error>
where
    I: Iterator<Item: Serialize> + Send + 'static,
{
    let mut pieces = Pieces { items, before: b'[', ended: false };
    let first = pieces.next_piece()?;
    if pieces.ended {
        return Ok(first.into());
    }
    let rest = iter::from_fn(move || (!pieces.ended).then(|| pieces.next_piece().map_err(BoxError::from)));
    Ok(Body::stream(stream::iter(iter::once(Ok(first)).chain(rest))))
}

struct Pieces<I> {
    items: I,
    /// What stands before the next item: the bracket, later a comma.
    before: u8,
    ended: bool,
}

impl<I: Iterator<Item: Serialize>> Pieces<I> {
    fn next_piece(&mut self) -> Result<Bytes, serde_json::Error> {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let Some(item) = self.items.next() else {
                self.ended = true;
                piece.extend_from_slice(if self.before == b'[' { b"[]" } else { b"]" });
                break;
            };
            piece.push(self.before);
            self.before = b',';
            serde_json::to_writer(&mut piece, &item).inspect_err(|_| self.ended = true)?;
        }
        Ok(piece.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;

    fn read(body: Body) -> Vec<String> {
        let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn every_length_is_a_whole_array() {
        for length in [0, 1, 2, 500, 5_000] {
            let items = move || (0..length).map(|at| format!("item {at:>30}"));
            assert_eq!(read(json(items()).unwrap()), items().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_short_array_has_a_length_and_a_long_one_none() {
        assert_eq!(json(["x"].into_iter()).unwrap().size_hint().exact(), Some(5));
        assert_eq!(json((0..100_000).map(|_| "x")).unwrap().size_hint().exact(), None);
    }

    #[test]
    fn what_nobody_takes_is_not_written() {
        let written = Arc::new(AtomicUsize::new(0));
        let counted = written.clone();
        let items = (0..100_000).inspect(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let mut body = json(items).unwrap();
        for _ in 0..2 {
            body.frame().now_or_never().unwrap().unwrap().unwrap();
        }
        drop(body);
        let written = written.load(Ordering::Relaxed);
        assert!((10_000..40_000).contains(&written), "{written}");
    }
}
