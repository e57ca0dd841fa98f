//! Nothing public that nobody calls: what is not called is deleted, since git remembers it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::{code_without_tests, read, root, rust_files};

/// Libraries whose public functions must have a caller.
const LIBRARIES: &[&str] = &["ges-core/src", "ges-storage/src", "ges-upstream/src", "ges-http/src"];

/// Where callers may be: our own running code, the test kit that hosts run, and what shows a host the way.
const CALLERS: &[&str] = &[
    "ges-core/src",
    "ges-storage/src",
    "ges-upstream/src",
    "ges-http/src",
    "ges-server/src",
    "examples/examples",
];

/// The embedder's interface: what a host calls and we do not, and why.
const FOR_HOSTS: &[(&str, &str)] = &[
    ("all_day", "a host that writes opening times in code"),
    ("from_url", "a host with one Redis and no configuration of its own"),
    ("is_loaded", "a host that wants to know whether it has paid for the numbering plan"),
    ("occupancy_window", "a host that counts occupancy itself and has no engine"),
    ("permissive", "a host that trusts the numbers it is given"),
    ("recognise_call", "the telephony of a host, when a call comes in on a call-in number"),
    ("run_due", "a host without a runtime, which asks for one pass at a time"),
    ("write_service", "a host that publishes services; what read_service reads comes back"),
];

static DEFINED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*pub (?:const |async |unsafe )*fn (\w+)").unwrap());
static REEXPORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"pub use [^;]*;").unwrap());
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+").unwrap());

#[test]
fn every_public_function_has_a_caller() {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for path in
        CALLERS.iter().filter(|folder| root().join(folder).exists()).flat_map(|folder| rust_files(folder))
    {
        let text = code_without_tests(&path, &read(&path));
        let text = REEXPORT.replace_all(&text, "");
        for word in WORD.find_iter(&text) {
            *times.entry(word.as_str().to_owned()).or_default() += 1;
        }
    }
    let mut defined: BTreeMap<String, (usize, String)> = BTreeMap::new();
    // The test kit is called by tests.
    let kit = root().join("ges-core/src/testing");
    let libraries = LIBRARIES.iter().flat_map(|folder| rust_files(folder));
    for path in libraries.filter(|path| !path.starts_with(&kit)) {
        for found in DEFINED.captures_iter(&code_without_tests(&path, &read(&path))) {
            let place = path.strip_prefix(root()).unwrap().display().to_string();
            let known = defined.entry(found[1].to_owned()).or_insert((0, place));
            known.0 += 1;
        }
    }
    assert!(defined.len() > 300, "{} functions are seen", defined.len());
    let uncalled: BTreeMap<&str, &str> = defined
        .iter()
        .filter(|(name, (definitions, _))| times.get(*name).is_none_or(|times| times <= definitions))
        .map(|(name, (_, place))| (name.as_str(), place.as_str()))
        .collect();
    let for_hosts: BTreeSet<&str> = FOR_HOSTS.iter().map(|(name, _)| *name).collect();
    let dead: Vec<_> = uncalled.iter().filter(|(name, _)| !for_hosts.contains(*name)).collect();
    assert!(dead.is_empty(), "called by nobody; delete them, or say in FOR_HOSTS which host does: {dead:?}");
    let alive: Vec<_> = for_hosts.iter().filter(|name| !uncalled.contains_key(*name)).collect();
    assert!(alive.is_empty(), "in FOR_HOSTS, and called or gone: {alive:?}");
}
