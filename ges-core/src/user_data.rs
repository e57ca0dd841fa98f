//! Which user data may travel with a callback.
//!
//! The session sees each key as a JavaScript variable, so a key must be a name one can have there; every other key is
//! dropped without a word ([callback-domain §9.5](crate::rules), [engagement-api-v3 §3.1](crate::rules)). Values are
//! any JSON and belong to the customer: they never reach a log, a label or an error text.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// Data attached to a callback: names to JSON values, every name usable as a JavaScript variable.
///
/// `Debug` shows how many entries there are and nothing else. In serde formats it is the map; reading one drops the
/// keys that are no names, and takes the text form too. Cheap to clone: copies share the entries.
///
/// ```
/// use ges_core::user_data::UserData;
/// use serde_json::json;
///
/// let data = UserData::try_from(json!({ "orderId": 7, "order-id": 8, "class": 9 }))?;
/// assert_eq!(data.get("orderId"), Some(&json!(7)));
/// assert_eq!(data.len(), 1);
/// assert_eq!(UserData::try_from(json!(r#"{"orderId":7}"#))?, data);
/// # Ok::<(), ges_core::user_data::NotUserData>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
// None without entries.
pub struct UserData(Option<Arc<Map<String, Value>>>);

impl UserData {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|map| map.iter()).map(|(name, value)| (name.as_str(), value))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |map| map.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// Keeps the entries whose key is a variable name.
impl From<Map<String, Value>> for UserData {
    fn from(mut map: Map<String, Value>) -> Self {
        map.retain(|key, _| is_variable_name(key));
        UserData((!map.is_empty()).then(|| Arc::new(map)))
    }
}

/// Reads what a caller gave: an object, or a text that parses to one; null and the empty text are no data.
impl TryFrom<Value> for UserData {
    type Error = NotUserData;
    fn try_from(value: Value) -> Result<Self, NotUserData> {
        match value {
            Value::Null => Ok(UserData::default()),
            Value::Object(map) => Ok(map.into()),
            Value::String(text) if text.is_empty() => Ok(UserData::default()),
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(Value::Object(map)) => Ok(map.into()),
                _ => Err(NotUserData::Text),
            },
            Value::Bool(_) => Err(NotUserData::Type { found: "a boolean" }),
            Value::Number(_) => Err(NotUserData::Type { found: "a number" }),
            Value::Array(_) => Err(NotUserData::Type { found: "an array" }),
        }
    }
}

impl From<UserData> for Map<String, Value> {
    fn from(data: UserData) -> Self {
        data.0.map(Arc::unwrap_or_clone).unwrap_or_default()
    }
}

impl Serialize for UserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} entries)", self.len())
    }
}

/// A value that is no map of names. The text tells the kind of the value, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUserData {
    /// A text that does not parse to a JSON object.
    #[error("the text is not a JSON object; give an object of names and values")]
    Text,
    /// A JSON value of another type.
    #[error("{found} where an object of names and values is expected")]
    Type {
        /// The type found.
        found: &'static str,
    },
}

/// Whether a key can be a variable in JavaScript: `^[A-Za-z_$][A-Za-z0-9_$]*$` extended to Unicode letters, and no
/// reserved word.
pub fn is_variable_name(key: &str) -> bool {
    let mut characters = key.chars();
    let starts = |c: char| c.is_alphabetic() || c == '_' || c == '$';
    characters.next().is_some_and(starts)
        && characters.all(|c| starts(c) || c.is_ascii_digit())
        && RESERVED.binary_search(&key).is_err()
}

/// Reserved words of ECMAScript, those reserved in strict code and in modules included, in order.
const RESERVED: [&str; 46] = [
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kept(value: Value) -> Vec<String> {
        UserData::try_from(value).unwrap().iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn keys_that_are_no_variable_names_are_dropped() {
        let given = json!({ "orderId": 1, "order-id": 2, "2nd": 3, "_x": 4, "class": 5 });
        assert_eq!(kept(given), ["_x", "orderId"], "Q11");
        assert_eq!(kept(json!({ "ok": 1, "not-ok": 2 })), ["ok"], "check 34");
        for name in ["größe", "$", "_", "名前", "a1", "Class", "async", "undefined"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["", "1a", "a b", "a.b", "a-b", "x²", "yield", "static", "await", "null", "é!"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }

    #[test]
    fn every_reserved_word_is_dropped() {
        assert!(RESERVED.is_sorted());
        for word in RESERVED {
            assert!(!is_variable_name(word), "{word}");
        }
    }

    #[test]
    fn a_text_that_parses_to_an_object_is_that_object() {
        assert_eq!(kept(json!(r#"{"a":1}"#)), ["a"], "check 35");
        for nothing in [json!("{}"), json!(""), json!({}), Value::Null] {
            assert!(UserData::try_from(nothing.clone()).unwrap().is_empty(), "check 35 {nothing}");
        }
        for (wrong, expected) in [
            (json!("nope"), NotUserData::Text),
            (json!("[1]"), NotUserData::Text),
            (json!(" "), NotUserData::Text),
            (json!("[".repeat(100_000)), NotUserData::Text),
            (json!([1]), NotUserData::Type { found: "an array" }),
            (json!(5), NotUserData::Type { found: "a number" }),
            (json!(true), NotUserData::Type { found: "a boolean" }),
        ] {
            assert_eq!(UserData::try_from(wrong), Err(expected), "check 35");
        }
    }

    /// [Invariant 37](crate::rules), as far as it is decided here.
    #[test]
    fn values_do_not_show() {
        let data = UserData::try_from(json!({ "email": "secret@example.com" })).unwrap();
        assert_eq!(format!("{data:?}"), "UserData(1 entries)");
        for wrong in [json!("secret"), json!(["secret"])] {
            let error = serde_json::from_value::<UserData>(wrong).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(entries in prop::collection::btree_map("[a-zA-Z_é]{1,6}", ".{0,12}", 0..6)) {
            let map: Map<String, Value> = entries.into_iter().map(|(name, text)| (name, text.into())).collect();
            let data = UserData::from(map);
            let json = serde_json::to_string(&data).unwrap();
            prop_assert_eq!(serde_json::from_str::<UserData>(&json).unwrap(), data);
        }
    }
}
