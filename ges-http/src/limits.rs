//! How much and how long a request may be ([engagement-api-v3 §1.6](ges_core::rules)), and how its body is read.

use std::io::Read;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::problem::Problem;

/// The bounds of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, as sent and after decompression.
    pub body_bytes: usize,
    /// From the first byte of the body to the last.
    pub body_time: Duration,
    /// From the arrival of the headers to the answer.
    pub answer_time: Duration,
}

impl Limits {
    /// 512,000 bytes, 9 s.
    pub const EXTERNAL: Limits = Limits {
        body_bytes: 512_000,
        body_time: Duration::from_secs(5),
        answer_time: Duration::from_secs(9),
    };
    /// 10,485,760 bytes, 9 s.
    pub const INTERNAL: Limits = Limits { body_bytes: 10_485_760, ..Limits::EXTERNAL };
}

/// How long the rest of a refused body is listened to, so that the caller reads the answer instead of a reset.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Reads a whole body within the limits and undoes gzip.
pub(super) async fn read<B>(headers: &HeaderMap, body: B, limits: &Limits) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced
        .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limits.body_bytes))
    {
        drain(body, limits.body_bytes).await;
        return Err(Problem::too_large(limits.body_bytes));
    }
    let encoding = Encoding::of(headers)?;
    let received = timeout(limits.body_time, collect(body.as_mut(), limits.body_bytes));
    let sent = match received.await {
        Err(_) => return Err(Problem::slow()),
        Ok(Ok(sent)) => sent,
        Ok(Err(Stopped::Broken)) => {
            return Err(Problem::bad_request("BODY_BROKEN", "the body ended before it was complete"));
        }
        Ok(Err(Stopped::TooLarge)) => {
            drain(body, limits.body_bytes).await;
            return Err(Problem::too_large(limits.body_bytes));
        }
    };
    match encoding {
        Encoding::Identity => Ok(sent),
        Encoding::Gzip => unzip(&sent, limits.body_bytes),
    }
}

/// Listens to at most `budget` bytes of a body nobody will read, for a short time.
pub(super) async fn drain<B>(body: B, budget: usize)
where
    B: Body<Data = Bytes>,
{
    let body = pin!(body);
    // The outcome does not matter: whatever could be read was read.
    let _ = timeout(DRAIN_TIME, async {
        let mut body = body;
        let mut left = budget;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    })
    .await;
}

enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Encoding::Identity) };
        match value.to_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
            Ok("" | "identity") => Ok(Encoding::Identity),
            Ok("gzip" | "x-gzip") => Ok(Encoding::Gzip),
            _ => Err(Problem::bad_request("ENCODING_UNKNOWN", "Content-Encoding must be gzip or absent")),
        }
    }
}

enum Stopped {
    TooLarge,
    Broken,
}

async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, Stopped>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Stopped::Broken)?.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            return Err(Stopped::TooLarge);
        }
        // Almost every body arrives as one frame, which is passed on without copying.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn unzip(sent: &[u8], limit: usize) -> Result<Bytes, Problem> {
    if sent.is_empty() {
        return Ok(Bytes::new());
    }
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut plain = Vec::new();
    MultiGzDecoder::new(sent)
        .take(one_more)
        .read_to_end(&mut plain)
        .map_err(|_| Problem::bad_request("ENCODING_BROKEN", "the body is not valid gzip"))?;
    if plain.len() > limit {
        return Err(Problem::too_large(limit));
    }
    Ok(plain.into())
}
