//! The order of the house: which way the doors open, how long a file is, where links lead, what no text says.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic that says what broke")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod callers;
mod cancel_safety;
mod citations;
mod rooms;
mod server;
mod words;

/// What does input and output, runs or waits. The core hears of none of it, unless a host switches on a feature.
const OUTSIDE: &[&str] = &[
    "async-std",
    "bb8",
    "fred",
    "hyper",
    "hyper-util",
    "libsqlite3-sys",
    "mio",
    "postgres",
    "redis",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "tokio-postgres",
    "tracing-subscriber",
    "ureq",
];

/// The longest a file under `ges-*/src` may be.
const LINES_MAX: usize = 600;

/// Tables, entry after entry, which would read no better in two files.
const TABLES: &[&str] = &["ges-core/src/settings/option/catalogue.rs"];

#[test]
fn the_core_needs_nothing_of_the_outside() {
    let needed = needed_by(default_needs(&root().join("ges-core")));
    let outside: Vec<_> = OUTSIDE.iter().filter(|name| needed.contains(**name)).collect();
    assert!(outside.is_empty(), "ges-core needs {outside:?}");
    assert!(needed.contains("serde") && needed.contains("memchr"), "direct and indirect needs are seen");
}

#[test]
fn doors_open_one_way() {
    let direct = |package: &str| direct_needs(&root().join(package));
    let ours = |package: &str| -> BTreeSet<String> {
        direct(package).into_iter().filter(|name| name.starts_with("ges-")).collect()
    };
    assert_eq!(ours("ges-core"), BTreeSet::new());
    for package in ["ges-storage", "ges-upstream", "ges-http"] {
        assert!(ours(package).is_subset(&["ges-core".to_owned()].into()), "{package}: {:?}", ours(package));
    }
    assert!(!ours("ges-server").contains("ges-tests") && !ours("ges-server").contains("ges-examples"));
    for http in ["hyper", "hyper-util"] {
        assert!(!direct("ges-storage").contains(http), "ges-storage needs {http}");
    }
}

#[test]
fn the_core_reads_no_file_no_environment_and_prints_nothing() {
    const NEVER: &[&str] =
        &["std::fs", "std::env", "std::net", "std::process", "std::thread::sleep", "print!(", "println!("];
    for path in rust_files("ges-core/src") {
        let text = code_without_tests(&path, &read(&path));
        for word in NEVER {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn files_are_short() {
    for package in ["ges-core/src", "ges-storage/src", "ges-upstream/src", "ges-http/src", "ges-server/src"] {
        for path in rust_files(package) {
            let lines = read(&path).lines().count();
            let is_table = TABLES.iter().any(|table| path.ends_with(table));
            assert!(
                lines <= LINES_MAX || is_table,
                "{} has {lines} lines; {LINES_MAX} is right",
                path.display()
            );
        }
    }
}

#[test]
fn no_file_is_forgotten() {
    for package in [
        "ges-core/src",
        "ges-storage/src",
        "ges-upstream/src",
        "ges-http/src",
        "ges-server/src",
        "examples/src",
        "tests/src",
    ] {
        let files = rust_files(package);
        for path in &files {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let folder = path.parent().unwrap();
            if matches!(name, "lib" | "main") || folder.ends_with("bin") {
                continue;
            }
            let parents = [folder.with_extension("rs"), folder.join("lib.rs"), folder.join("main.rs")];
            let declared = parents
                .iter()
                .filter_map(|parent| std::fs::read_to_string(parent).ok())
                .any(|text| declares(&text, name));
            assert!(declared, "{} belongs to no module", path.display());
        }
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in texts().into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        for link in links(&read(&path)) {
            let target = path.parent().unwrap().join(link.split('#').next().unwrap_or_default());
            if !target.exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What README shows under *Embed* is a host that is built and run.
#[test]
fn readme_shows_a_host_that_runs() {
    let host = read(&root().join("hosts/node/src/main.rs"));
    let shown = &host[host.find("#[tokio::main]").unwrap()..];
    assert!(shown.lines().count() <= 20, "it has {} lines", shown.lines().count());
    assert!(read(&root().join("README.md")).contains(&format!("```rust,ignore\n{shown}```")), "{shown}");
}

#[test]
fn no_text_names_a_machine() {
    // Put together here, so that this file does not name them.
    let places: Vec<String> =
        [["/wo", "rk/"], ["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"]].map(|parts| parts.concat()).into();
    for path in texts() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let named = places.iter().find(|place| names_place(line, place));
            assert_eq!(named, None, "{}, line {}", path.display(), number + 1);
        }
    }
}

#[test]
fn the_finders_find() {
    assert!(declares("pub(crate) mod worked;\n", "worked") && declares("mod a {\n", "a"));
    assert!(!declares("mod worked_examples;\n// mod worked;", "worked"));
    assert_eq!(links("[a](b.md), [c](http://d), [e](#f), `[g](h)`, ![i](j.png#k)"), ["b.md", "j.png#k"]);
    let place = ["/ro", "ot/"].concat();
    assert!(names_place(&format!("see {place}x"), &place) && !names_place(&format!("a{place}x"), &place));
    let code = code_without_tests(Path::new("x.rs"), "use a;\n// b\n#[cfg(test)]\nmod tests {\n c\n}\n");
    assert_eq!(code, "use a;\n\n");
}

/// Every package that these need to run, directly or not, themselves included, in whatever selection of features the lock file knows.
fn needed_by(direct: BTreeSet<String>) -> BTreeSet<String> {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().unwrap();
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let dependencies = package.get("dependencies").and_then(toml::Value::as_array);
        let names = dependencies.into_iter().flatten().filter_map(|name| name.as_str()?.split(' ').next());
        needs.entry(package["name"].as_str().unwrap()).or_default().extend(names);
    }
    let mut needed = BTreeSet::new();
    let mut next: Vec<String> = direct.into_iter().collect();
    while let Some(name) = next.pop() {
        next.extend(needs.get(name.as_str()).into_iter().flatten().map(|need| (*need).to_owned()));
        if !needed.insert(name) {
            next.retain(|waiting| !needed.contains(waiting));
        }
    }
    needed
}

/// The packages under `[dependencies]`, development and build left out.
fn direct_needs(package: &Path) -> BTreeSet<String> {
    let manifest: toml::Table = read(&package.join("Cargo.toml")).parse().unwrap();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    dependencies.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// The same, without what only a feature brings that is not on by default.
fn default_needs(package: &Path) -> BTreeSet<String> {
    let manifest: toml::Table = read(&package.join("Cargo.toml")).parse().unwrap();
    let features =
        |name: &str| manifest["features"][name].as_array().unwrap().iter().filter_map(toml::Value::as_str);
    let on: BTreeSet<&str> = features("default").flat_map(features).collect();
    let is_needed = |name: &str| {
        let is_optional = manifest["dependencies"][name].get("optional").and_then(toml::Value::as_bool);
        is_optional != Some(true) || on.contains(format!("dep:{name}").as_str())
    };
    direct_needs(package).into_iter().filter(|name| is_needed(name)).collect()
}

/// The text of a file up to its tests, without comments; nothing of a file that is all tests.
fn code_without_tests(path: &Path, text: &str) -> String {
    let parent = path.parent().map(|folder| folder.with_extension("rs"));
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let declared = parent.and_then(|parent| std::fs::read_to_string(parent).ok()).unwrap_or_default();
    let for_tests = ["mod", "pub(crate) mod", "pub(super) mod"]
        .iter()
        .any(|how| declared.contains(&format!("#[cfg(test)]\n{how} {name};")));
    if for_tests {
        return String::new();
    }
    let before = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let before = before.split("#[cfg(test)]\npub(crate) mod tests {").next().unwrap_or_default();
    let lines = before.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn declares(parent: &str, name: &str) -> bool {
    parent.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        let rest = line.split_once(&format!("mod {name}")).map(|(_, rest)| rest.trim_start());
        rest.is_some_and(|rest| rest.starts_with(';') || rest.starts_with('{'))
    })
}

/// The targets of links that lead to files.
fn links(text: &str) -> Vec<&str> {
    let code = |at: usize| text[..at].rsplit('\n').next().unwrap_or_default().matches('`').count() % 2 == 1;
    text.match_indices("](")
        .filter(|(at, _)| !code(*at))
        .filter_map(|(at, _)| text[at + 2..].split(')').next())
        .filter(|link| !link.contains("://") && !link.starts_with('#') && !link.starts_with("mailto:"))
        .collect()
}

/// Whether a line names a place, as distinct from one that ends like it.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].chars().last().is_some_and(|c| c.is_alphanumeric() || "}_.-*".contains(c)))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.retain(|path| path.extension().is_some_and(|ext| ext == "rs"));
    files
}

/// Everything that was written by hand.
fn texts() -> Vec<PathBuf> {
    const WRITTEN: &[&str] =
        &["rs", "md", "toml", "mjs", "json", "sql", "lua", "yml", "yaml", "sh", "html", "js", ""];
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.retain(|path| WRITTEN.contains(&path.extension().and_then(|ext| ext.to_str()).unwrap_or_default()));
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    const NOT_OURS: &[&str] = &["target", "node_modules", "ges-data", "artifacts", "corpus", ".git"];
    let Ok(entries) = folder.read_dir() else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
