//! Which node of a cluster answers for a key.

use ::redis::Value;

use super::dial::text;
use super::options::Address;

/// Keys are spread over so many slots.
const SLOTS: u16 = 16_384;

/// The slot of a key: of what stands between its first braces, if anything does, otherwise of the whole.
pub fn slot_of(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

fn tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else { return key };
    let inside = &key[open + 1..];
    match inside.iter().position(|byte| *byte == b'}') {
        Some(length) if length > 0 => &inside[..length],
        _ => key,
    }
}

/// CRC-16/XMODEM, as the cluster specification says.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// Who answers for which slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotMap(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    primary: Address,
}

impl SlotMap {
    /// Reads an answer to `CLUSTER SLOTS`, given by `told_by`; `None` when it is none.
    pub fn read(answer: &Value, told_by: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else { return None };
        let mut map = ranges.iter().map(|range| Range::read(range, told_by)).collect::<Option<Vec<_>>>()?;
        map.sort_by_key(|range| range.first);
        Some(SlotMap(map))
    }

    pub fn primary(&self, slot: u16) -> Option<&Address> {
        let after = self.0.partition_point(|range| range.first <= slot);
        let range = self.0.get(after.checked_sub(1)?)?;
        (slot <= range.last).then_some(&range.primary)
    }

    /// Every primary, each once.
    pub fn primaries(&self) -> Vec<Address> {
        let mut all: Vec<_> = self.0.iter().map(|range| range.primary.clone()).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl Range {
    fn read(range: &Value, told_by: &Address) -> Option<Self> {
        let Value::Array(parts) = range else { return None };
        let number = |index: usize| match parts.get(index) {
            Some(Value::Int(number)) => u16::try_from(*number).ok(),
            _ => None,
        };
        let Some(Value::Array(primary)) = parts.get(2) else { return None };
        // A node leaves its host out when it does not know it: then it is where it was asked.
        let host = primary.first().and_then(text).filter(|host| !host.is_empty() && host != "?");
        let port = match primary.get(1) {
            Some(Value::Int(port)) => u16::try_from(*port).ok()?,
            _ => return None,
        };
        let primary = Address { host: host.unwrap_or_else(|| told_by.host.clone()), port };
        Some(Range { first: number(0)?, last: number(1)?, primary })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        // Redis Cluster specification, appendix A: 0x31C3 is the check value of "123456789".
        assert_eq!(crc16(b"123456789"), 0x31C3);
        // As `CLUSTER KEYSLOT` answers.
        for (key, slot) in [("somekey", 11_058), ("foo{hash_tag}", 2_515), ("foo", 12_182)] {
            assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
        }
        assert_eq!(slot_of(b"a{x}b"), slot_of(b"x"));
        assert_eq!(slot_of(b"{}b"), crc16(b"{}b") % SLOTS, "nothing between the braces is no tag");
        assert_eq!(slot_of(b"{x"), crc16(b"{x") % SLOTS);
    }

    #[test]
    fn a_map_tells_who_answers() {
        let node = |host: &str, port: i64| {
            Value::Array(vec![
                Value::BulkString(host.into()),
                Value::Int(port),
                Value::BulkString("id".into()),
            ])
        };
        let range = |first, last, primary| Value::Array(vec![Value::Int(first), Value::Int(last), primary]);
        let answer = Value::Array(vec![
            range(100, 200, node("b", 2)),
            range(0, 99, node("a", 1)),
            range(300, 300, node("", 3)),
        ]);
        let map = SlotMap::read(&answer, &"asked:9".parse().unwrap()).unwrap();
        let primary = |slot| map.primary(slot).map(ToString::to_string);
        assert_eq!(primary(0).as_deref(), Some("a:1"));
        assert_eq!(primary(99).as_deref(), Some("a:1"));
        assert_eq!(primary(100).as_deref(), Some("b:2"));
        assert_eq!(primary(250), None);
        assert_eq!(primary(300).as_deref(), Some("asked:3"));
        assert_eq!(primary(301), None);
        assert_eq!(map.primaries().len(), 3);
        assert_eq!(SlotMap::read(&Value::Okay, &"a:1".parse().unwrap()), None);
    }
}
