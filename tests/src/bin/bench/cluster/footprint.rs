//! The guide's storage test: what scheduled callbacks with user data take in Redis and in Postgres.

use std::fmt::Write as _;

use super::load::{self, CONNECTIONS};
use super::world::World;
use crate::booking;
use crate::client::{self, Until};
use crate::table::Table;
use crate::{lateness, settings};

/// As the rows of the table are compressed.
const LEVEL: i32 = 6;

/// So many scheduled callbacks in each row.
pub fn measure(world: &World, count: u64, table: &mut Table) -> anyhow::Result<()> {
    let rows: [(&str, &str, &str, usize, Text); 5] = [
        ("without user data", "26.5", "41.1", 0, json_like),
        ("with 10 KB of JSON each", "64.4", "", 10_000, json_like),
        ("with 10 KB of random text each", "64.4", "", 10_000, random),
        ("with 100 KB of JSON each", "110.6", "", 100_000, json_like),
        ("with 100 KB of random text each", "110.6", "", 100_000, random),
    ];
    let mut bare = 0.0;
    for (what, guide_redis, guide_postgres, bytes, text) in rows {
        let cluster = world.cluster(settings::cluster());
        let node = cluster.node()?;
        let (redis, empty) = (world.hot.memory() + world.voice.memory(), cluster.stored_bytes());
        let first = load::distant_slot(lateness::now());
        let request = booking::with_user_data(first, move |of| text(of, bytes));
        load::checked(client::run(node.external, CONNECTIONS, Until::Count(count), request)?)?;
        let grown = (world.hot.memory() + world.voice.memory()).saturating_sub(redis) as f64;
        let stored = cluster.stored_bytes() - empty;
        let measured = format!("Redis {:.2} MB, Postgres {:.1} MB", grown / 1e6, stored / 1e6);
        let (goal, beside) = if bytes == 0 {
            bare = stored;
            let goal =
                format!("Redis ≤ 2.6 MB (the guide: {guide_redis}), Postgres ≤ 10 MB ({guide_postgres})");
            (goal, format!("{:.0} bytes each in Postgres", stored / count as f64))
        } else {
            let compressed = compressed(count, bytes, text)?;
            let of_data = stored - bare;
            let over = 100.0 * (of_data / compressed - 1.0);
            let goal = format!("Redis ≤ 2.6 MB (the guide: {guide_redis}), user data ≤ compressed + 10 %");
            let beside = format!(
                "user data {:.1} MB, compressed alone {:.1} MB: {over:+.1} %",
                of_data / 1e6,
                compressed / 1e6
            );
            (goal, beside)
        };
        table.row(&format!("storage, {count} scheduled {what}"), &goal, measured, beside);
    }
    Ok(())
}

type Text = fn(u64, usize) -> String;

/// What all of the data take when each is compressed by itself, judged by one in fifty.
fn compressed(count: u64, bytes: usize, text: Text) -> anyhow::Result<f64> {
    let sampled: Vec<u64> = (0..count).step_by(50).collect();
    let mut sum = 0;
    for of in &sampled {
        sum += zstd::bulk::compress(text(*of, bytes).as_bytes(), LEVEL)?.len();
    }
    Ok(sum as f64 * count as f64 / sampled.len().max(1) as f64)
}

/// A history of orders, as a web shop might attach it: the same members again and again, values of their own.
fn json_like(seed: u64, bytes: usize) -> String {
    let mut random = Random(seed);
    let mut text = r#"{"orders":["#.to_owned();
    let mut first = true;
    while text.len() + 140 < bytes {
        let (number, amount, day) =
            (random.next() % 1_000_000, random.next() % 100_000, random.next() % 28 + 1);
        let state = ["OPEN", "SHIPPED", "RETURNED", "PAID"][usize::try_from(random.next() % 4).unwrap_or(0)];
        let comma = if first { "" } else { "," };
        first = false;
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            r#"{comma}{{"orderNumber":"A-{number:06}","state":"{state}","amountCents":{amount},"orderedOn":"2026-03-{day:02}","currency":"EUR"}}"#
        );
    }
    if bytes == 0 { "{}".to_owned() } else { text + "]}" }
}

/// Letters and digits without any pattern: what is left to compress is that there are only 64 of them.
fn random(seed: u64, bytes: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    let mut random = Random(seed ^ 0x5eed);
    let mut text = String::with_capacity(bytes);
    text += r#"{"text":""#;
    while text.len() + 10 < bytes {
        let mut bits = random.next();
        for _ in 0..10 {
            text.push(char::from(LETTERS[usize::try_from(bits % 64).unwrap_or(0)]));
            bits /= 64;
        }
    }
    text + r#""}"#
}

/// SplitMix64: the same seed gives the same text.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
