//! Every public async function says what is left behind when its future is dropped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::{read, root, rust_files};

/// Libraries whose futures a host awaits, and may drop.
const LIBRARIES: &[&str] = &["ges-core", "ges-storage", "ges-upstream", "ges-http"];

/// The test kit: nobody drops a contract suite, and a harness is called by nothing else.
const KIT: &str = "ges-core/src/testing";

const SECTION: &str = "/// # Cancel safety";

static REEXPORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^pub use ([^;]*);").unwrap());
static TYPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^pub (?:struct|enum) (\w+)").unwrap());
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+").unwrap());
/// What the functions below it belong to, as far as they are public by themselves: a trait, or a type's own methods.
static OWNER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:pub trait (?<t>\w+)|impl(?:<.*>)? (?:\w+::)*(?<o>\w+)(?:<.*>)? \{)").unwrap()
});
static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?<indent> *)(?<public>pub )?async fn (?<name>\w+)").unwrap());

#[test]
fn every_public_async_function_says_what_dropping_it_leaves_behind() {
    let (mut seen, mut silent) = (0, Vec::new());
    for library in LIBRARIES {
        let files: Vec<(PathBuf, String)> = rust_files(&format!("{library}/src"))
            .into_iter()
            .filter(|path| !path.starts_with(root().join(KIT)))
            .map(|path| (path.clone(), without_tests(&read(&path))))
            .collect();
        let exported = exported(library, &files);
        for (path, text) in &files {
            for (name, says) in public_async(text, &exported, is_public(library, path)) {
                seen += 1;
                if !says {
                    silent.push(format!("{}: {name}", path.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 80, "{seen} functions are seen");
    assert!(silent.is_empty(), "without a section “{SECTION}”:\n{}", silent.join("\n"));
}

#[test]
fn what_is_public_is_seen() {
    let text = "pub trait Port {\n    /// Asks.\n    async fn ask(&self);\n}\n\
                impl Known {\n    /// # Cancel safety\n    /// May be dropped.\n    #[inline]\n    pub async fn told(&self) {}\n    \
                async fn own(&self) {}\n}\n\
                impl<T: Into<u8>> Inner<T> {\n    pub async fn inside(&self) {}\n}\n\
                impl Port for Known {\n    async fn ask(&self) {}\n}\n\
                pub async fn free() {}\n";
    let exported = BTreeSet::from(["Known".to_owned()]);
    let found = |is_public| public_async(text, &exported, is_public);
    let told = |name: &str, says| (name.to_owned(), says);
    assert_eq!(found(true), [told("Port::ask", false), told("Known::told", true), told("free", false)]);
    assert_eq!(found(false), [told("Port::ask", false), told("Known::told", true)]);
}

/// A file up to its tests, comments and all.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// The public async functions of a file, and whether each has the section.
fn public_async(text: &str, exported: &BTreeSet<String>, is_public: bool) -> Vec<(String, bool)> {
    let (mut found, mut owner, mut says) = (Vec::new(), None, false);
    for line in text.lines() {
        if let Some(known) = OWNER.captures(line) {
            let of_trait = known.name("t").map(|name| (name.as_str(), true));
            owner = of_trait.or_else(|| known.name("o").map(|name| (name.as_str(), false)));
        } else if line == "}" {
            owner = None;
        }
        if let Some(function) = FUNCTION.captures(line) {
            let (name, said_public) = (&function["name"], function.name("public").is_some());
            let is_free = function["indent"].is_empty();
            match owner {
                Some((port, true)) => found.push((format!("{port}::{name}"), says)),
                Some((of, false)) if said_public && exported.contains(of) => {
                    found.push((format!("{of}::{name}"), says));
                }
                None if said_public && is_free && is_public => found.push((name.to_owned(), says)),
                _ => {}
            }
        }
        let line = line.trim();
        says = line == SECTION || says && (line.starts_with("///") || line.starts_with("#["));
    }
    found
}

/// The types a host can name: those of public modules, and those that are exported from private ones.
fn exported(library: &str, files: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, text) in files {
        for list in REEXPORT.captures_iter(text) {
            names.extend(WORD.find_iter(&list[1]).map(|word| word.as_str().to_owned()));
        }
        if is_public(library, path) {
            names.extend(TYPE.captures_iter(text).map(|found| found[1].to_owned()));
        }
    }
    names
}

/// Whether every module on the way to this file is public.
fn is_public(library: &str, path: &Path) -> bool {
    let source = root().join(library).join("src");
    let mut parent = source.join("lib.rs");
    if path == parent {
        return true;
    }
    let mut folder = source.clone();
    path.strip_prefix(&source).unwrap().with_extension("").iter().all(|module| {
        let module = module.to_str().unwrap();
        let is_declared = read(&parent).contains(&format!("pub mod {module};"));
        folder.push(module);
        parent = folder.with_extension("rs");
        is_declared
    })
}
