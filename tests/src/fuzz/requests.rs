//! What arrives over HTTP.

use std::sync::LazyLock;

use ges_core::Timestamp;
use ges_core::zone::{Zone, ZoneDatabase};
use ges_http::engagement::{self, Query};
use ges_http::gms;
use percent_encoding::percent_decode_str;

static ZONES: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::embedded);

/// A body of the Engagement API, read as each operation reads its own.
pub fn create_body(data: &[u8]) {
    if let Ok(wish) = engagement::create::read(data) {
        assert!(!wish.service.as_str().trim().is_empty(), "a wish names its service");
        assert!(wish.request.user_data.iter().all(|(name, _)| ges_core::user_data::is_variable_name(name)));
    }
    let _ = engagement::call_in::read(data);
    let _ = engagement::callback::read_id(data);
    let _ = engagement::statistics::read(data);
}

/// A body of the GMS-compatible API, as JSON and as a form.
pub fn gms_body(data: &[u8]) {
    for content_type in [Some("application/json"), Some("application/x-www-form-urlencoded"), None] {
        let Ok(properties) = gms::properties::read(content_type, data) else { continue };
        let _ = gms::create::read("Sales", properties.clone());
        let _ = gms::change::read(properties);
    }
    let _ = gms::cancel::read(data);
    let _ = gms::queues::read_export(data);
}

/// The part of a URI after the question mark, read as each operation reads its own.
pub fn query_string(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs: Vec<(String, String)> = text
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let query: Query = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let now = Timestamp::from_secs(1_768_208_400);
    if let Ok(ask) = engagement::availability::read("Sales", &query, &ZONES)
        && let Ok(window) = ask.window.resolve(&ask.zone, now)
    {
        assert!(window.start <= window.end, "a window does not run backwards");
    }
    if let Ok((queues, _)) = engagement::wait::read(&query) {
        assert!((1..=100).contains(&queues.len()), "one to a hundred queues");
    }
    let _ = gms::calendar::read(&query, &Zone::utc(), now);
    let _ = gms::filter::Filter::read(&query);
    let _ = gms::number::read(&query);
    let _ = gms::queues::read(&query, "t".into(), now, 100);
    let _ = gms::wait::read(&query);
    let _ = gms::wait::read_second(&query);
}
