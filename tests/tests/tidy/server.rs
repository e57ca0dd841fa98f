//! The server is small, and one file of it names the adapters.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::{code_without_tests, read, root, rust_files};

/// What neither is empty, nor a comment, nor a test. What does not fit belongs into one of the libraries.
const CODE_LINES_MAX: usize = 4_000;

/// What the rest of the server may know of the crates of adapters, and why.
const NO_ADAPTER: &[(&str, &str)] = &[
    ("ges_storage::import", "the command reads into whatever store is configured"),
    ("ges_upstream::Observer", "the metrics count what neighbours are asked"),
    ("ges_upstream::captcha::", "identities keep what tenants demand"),
    ("ges_upstream::client::", "one client for all neighbours"),
    ("ges_upstream::statistics::", "identities keep what tenants sign in with"),
];

static CRATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bges_(?:storage|upstream)\b[\w:]*").unwrap());
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?m)^const NAME: &str = "(\w+)";"#).unwrap());

#[test]
fn the_server_is_minimal() {
    let lines: usize = rust_files("ges-server/src").iter().map(|path| code_lines(path)).sum();
    assert!(lines > 1_000 && lines <= CODE_LINES_MAX, "{lines} lines of code; {CODE_LINES_MAX} are right");
}

#[test]
fn one_file_names_the_adapters() {
    let adapters = root().join("ges-server/src/adapters");
    for path in rust_files("ges-server/src").into_iter().filter(|path| !path.starts_with(&adapters)) {
        let text = code_without_tests(&path, &read(&path));
        let named = CRATE.find_iter(&text).map(|found| found.as_str());
        let strange: Vec<_> =
            named.filter(|name| !NO_ADAPTER.iter().any(|(known, _)| name.starts_with(known))).collect();
        assert!(strange.is_empty(), "{} names {strange:?}", path.display());
    }
    for path in rust_files("ges-http/src") {
        let text = code_without_tests(&path, &read(&path));
        assert!(!CRATE.is_match(&text), "{} names an adapter", path.display());
    }
}

/// A new kind of store or telephony touches its own file, `adapters.rs`, the documentation and perhaps `Cargo.toml`.
#[test]
fn a_kind_is_known_in_its_own_file_alone() {
    let folder = root().join("ges-server/src/adapters");
    let mut kinds = 0;
    for own in rust_files("ges-server/src/adapters") {
        let text = read(&own);
        let Some(kind) = NAME.captures(&text).map(|found| found[1].to_owned()) else { continue };
        kinds += 1;
        let inside = folder.join(&kind);
        let others = rust_files("ges-server/src").into_iter().filter(|path| {
            *path != own && *path != folder.with_extension("rs") && !path.starts_with(&inside)
        });
        for path in others {
            let text = code_without_tests(&path, &read(&path));
            let words = [format!("\"{kind}\""), format!("adapters::{kind}"), format!("super::{kind}")];
            let known = words.iter().find(|word| text.contains(*word));
            assert_eq!(known, None, "{} knows the kind {kind}", path.display());
        }
    }
    assert!(kinds >= 6, "only {kinds} kinds are seen");
}

fn code_lines(path: &Path) -> usize {
    code_without_tests(path, &read(path)).lines().filter(|line| !line.trim().is_empty()).count()
}
