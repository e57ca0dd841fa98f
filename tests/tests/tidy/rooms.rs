//! Which room of a library opens into which: no circles, and no door that is not drawn here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{code_without_tests, read, root, rust_files};

/// A house: a library whose doors are drawn.
struct House {
    source: &'static str,
    doors: &'static [(&'static str, &'static str)],
}

const HOUSES: &[House] = &[
    House { source: "ges-core/src", doors: CORE },
    House { source: "ges-http/src", doors: HTTP },
    House { source: "ges-server/src", doors: SERVER },
];

/// Each top-level module of the core and the modules it may use. A new door is a decision, so it is drawn here first; one
/// that is no longer used is taken out.
const CORE: &[(&str, &str)] = &[
    ("callback", "id number time user_data"),
    ("callin", "number time user_data"),
    ("civil", "time zone"),
    ("dispatch", "callback lead time"),
    (
        "engine",
        "bell callback callin capacity dispatch ewt hours id in_process lead number offer port settings slots throttle \
         time user_data wait zone",
    ),
    ("ewt", "time"),
    ("hours", "time zone"),
    ("in_process", "ewt id port throttle time"),
    ("lead", "time wait"),
    ("memory", "callback callin id number port slots time"),
    ("node", "bell engine id port settings time zone"),
    ("offer", "time wait"),
    ("port", "bell callback callin ewt id number settings slots throttle time"),
    ("settings", "callback callin capacity hours id lead number offer slots throttle zone"),
    ("slots", "capacity hours lead offer time wait zone"),
    ("system", "port time"),
    ("testing", "callback callin dispatch ewt id number port slots time user_data"),
    ("throttle", "time"),
    ("zone", "time"),
];

/// The same of the wire.
const HTTP: &[(&str, &str)] = &[
    ("access", "face problem"),
    ("api", "access changes errors face limits observer prefix route router service statistics vitals"),
    ("call", "face problem"),
    ("correlation", "body"),
    ("cors", "body"),
    ("extract", "call problem"),
    ("gms", "engagement problem"),
    ("idempotency", "engagement"),
    ("limits", "problem"),
    ("list", "body"),
    ("problem", "body engagement envelope"),
    ("reply", "body envelope list problem"),
    (
        "route",
        "access call engagement errors gms idempotency observer problem reply router statistics vitals",
    ),
    ("router", "access call extract problem reply"),
    (
        "service",
        "access body call changes correlation cors errors extract face limits observer prefix problem reply router",
    ),
    ("statistics", "problem"),
    ("vitals", "body"),
];

/// The same of the server.
const SERVER: &[(&str, &str)] = &[
    ("adapters", "health keys"),
    ("app", "adapters config health identity keys listener metrics tenants zones"),
    ("command", "adapters config"),
    ("config", "adapters chance keys listener"),
    ("demonstration", "chance"),
    ("health", "metrics"),
    ("logs", "config"),
    ("tenants", "identity keys"),
];

#[test]
fn doors_between_the_rooms_are_those_drawn() {
    for House { source, doors } in HOUSES {
        let drawn: BTreeSet<(String, String)> = doors
            .iter()
            .flat_map(|(from, to)| to.split_whitespace().map(|to| ((*from).to_owned(), to.to_owned())))
            .collect();
        let found = found(source);
        let new: Vec<_> = found.iter().filter(|(door, _)| !drawn.contains(*door)).collect();
        assert!(new.is_empty(), "{source}: not drawn: {new:?}");
        let gone: Vec<_> = drawn.iter().filter(|door| !found.contains_key(*door)).collect();
        assert!(gone.is_empty(), "{source}: drawn and used by nobody: {gone:?}");
    }
}

#[test]
fn nobody_walks_in_a_circle() {
    for House { source, doors } in HOUSES {
        let mut open: BTreeMap<&str, BTreeSet<&str>> =
            doors.iter().map(|(from, to)| (*from, to.split_whitespace().collect())).collect();
        // Rooms without doors to others are closed one after another; what cannot be closed walks in a circle.
        loop {
            let rooms: BTreeSet<&str> = open.keys().copied().collect();
            let before = open.len();
            open.retain(|_, to| to.iter().any(|room| rooms.contains(room)));
            if open.len() == before {
                break;
            }
        }
        assert!(open.is_empty(), "{source}: in a circle, or on the way to one: {open:?}");
    }
}

/// Every door in use, with one of the files that use it.
fn found(source: &str) -> BTreeMap<(String, String), String> {
    let lib = read(&root().join(source).join("lib.rs"));
    let mut doors = BTreeMap::new();
    for path in rust_files(source) {
        let inside = path.strip_prefix(root().join(source)).unwrap().to_owned();
        let room = room(&inside);
        if room == "lib" {
            continue;
        }
        let top = "super::".repeat(inside.iter().count());
        let text = code_without_tests(&path, &read(&path)).replace(&top, "crate::");
        for name in named(&text) {
            let to = owner(&lib, name);
            if to != room {
                doors.entry((room.clone(), to)).or_insert_with(|| inside.display().to_string());
            }
        }
    }
    doors
}

fn room(inside: &Path) -> String {
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The names that directly follow `crate::`, in one path or in braces.
fn named(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut expected = true;
        for (at, character) in group.char_indices() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => expected = true,
                _ if expected && depth == 0 && !character.is_whitespace() => {
                    names.push(word(&group[at..]));
                    expected = false;
                }
                _ => {}
            }
        }
    }
    names
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The module a name at the top of the crate belongs to: itself, or the one it is re-exported from.
fn owner(lib: &str, name: &str) -> String {
    let exports = lib.lines().filter_map(|line| line.strip_prefix("pub use "));
    let exported =
        exports.into_iter().find(|line| line.split(|c: char| !c.is_alphanumeric()).any(|w| w == name));
    exported.map_or(name, |line| word(line)).to_owned()
}

#[test]
fn names_after_crate_are_found() {
    let text = "use crate::time::Timestamp;\nuse crate::{Interval, port::{Clock, Look}, zone::Zone};\ncrate::id::x()";
    assert_eq!(named(text), ["time", "Interval", "port", "zone", "id"]);
    let lib = "pub mod time;\npub use time::{Interval, Timestamp};\n";
    assert_eq!((owner(lib, "Interval"), owner(lib, "port")), ("time".into(), "port".into()));
}
