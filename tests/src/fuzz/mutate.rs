//! Mutations of a seed, the same for the same number.

/// Pieces that parsers of this project look for, or that have broken others.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "=",
    "-",
    "+",
    "&",
    "%",
    "%2B",
    "%ff",
    "\\",
    "\\u0000",
    "\\ud800",
    "\n",
    "\0",
    "é",
    "٣",
    "\u{202e}",
    "😀",
    "null",
    "true",
    "0",
    "-1",
    "99999999999999999999",
    "1e400",
    "2026-03-29T02:30:00",
    "2026-02-29",
    "24:00",
    "23:59",
    "T",
    "Z",
    "-0500",
    "+05:30",
    "Mon-Fri",
    "Europe/Paris",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
];

/// The `n`-th mutation of one of the seeds: one to eight small changes, always the same for the same `seed` and `n`.
pub fn mutation(seeds: &[Vec<u8>], seed: u64, n: u64) -> Vec<u8> {
    let mut chance = Chance(seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = pick(seeds, &mut chance).cloned().unwrap_or_default();
    for _ in 0..=chance.below(7) {
        change(&mut bytes, seeds, &mut chance);
    }
    bytes.truncate(1 << 16);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(bytes.len() as u64 + 1) as usize;
    let end = at + chance.below(((bytes.len() - at) as u64).min(24) + 1) as usize;
    match chance.below(6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        3 => {
            let other = pick(seeds, chance).map(Vec::as_slice).unwrap_or_default();
            let from = chance.below(other.len() as u64 + 1) as usize;
            let piece: Vec<u8> = other[from..].iter().copied().take(chance.below(40) as usize).collect();
            bytes.splice(at..end, piece);
        }
        4 => {
            let piece = pick(PIECES, chance).copied().unwrap_or_default();
            bytes.splice(at..end, piece.bytes());
        }
        _ => {
            let piece = pick(PIECES, chance).copied().unwrap_or_default();
            bytes.splice(at..at, piece.bytes());
        }
    }
}

fn pick<'a, T>(from: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    from.get(chance.below(from.len() as u64) as usize)
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_makes_the_same_mutation_and_another_another() {
        let seeds = [b"one two three".to_vec(), b"{}".to_vec()];
        let all = |seed| (0..200).map(|n| mutation(&seeds, seed, n)).collect::<Vec<_>>();
        assert_eq!(all(7), all(7));
        let different: std::collections::BTreeSet<_> = all(7).into_iter().collect();
        assert!(different.len() > 150, "{}", different.len());
        assert_eq!(mutation(&[], 1, 1), mutation(&[], 1, 1));
    }
}
