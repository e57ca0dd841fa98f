//! Every rule that is cited exists: page and section, invariant, worked example.
//!
//! The pages are in `docs/rules`. What can be cited there carries an anchor: `<a id="6.4">`, `<a id="invariant-28">`,
//! `<a id="B10">`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::{read, root, rust_files, texts};

/// Page → anchors.
type Rules = BTreeMap<String, BTreeSet<String>>;

/// The page that is meant where only a section is named.
const DOMAIN: &str = "callback-domain";

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:docs/rules/|\()([a-z0-9-]*)(?:\.md)?#([A-Za-z0-9.-]+)").unwrap());
/// A link with its text, or words that are quoted as code.
static BY_LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[[^\]]*\]\([^)]*\)|\[[^\]]*\]:|`[^`]*`").unwrap());
static ANCHOR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"<a id="([^"]+)">"#).unwrap());
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(callback-domain|engagement-api-v3|callback-administration)|§(\d+(?:\.\d+)?)").unwrap()
});
static INVARIANT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[Ii]nvariants? (\d+)\b").unwrap());
static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:callback-domain|§[\d.]+,|[Ee]xamples?) ([HSBOTDQRLEPGZ]\d{1,2})\b").unwrap()
});
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""([HSBOTDQRLEPGZ]\d{1,2})(?:"|[ ,:])"#).unwrap());
static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(///|//!|//|--|#|\|)\s*").unwrap());

#[test]
fn every_citation_leads_to_a_rule() {
    let rules = rules();
    let mut broken = Vec::new();
    let mut found = 0;
    for path in texts() {
        // Pages of rules cite each other by links; this file cites what is not there.
        if path.starts_with(folder()) || path.ends_with(file!()) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (page, anchor) in citations(&text, path.extension().is_some_and(|ext| ext == "rs")) {
            found += 1;
            if !rules[&page].contains(&anchor) {
                broken.push(format!("{}: {page} has no {anchor}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(found > 300, "only {found} citations were seen");
}

/// Who reads the documentation of a crate has no repository beside it.
#[test]
fn documentation_of_crates_cites_by_links() {
    let mut plain = Vec::new();
    let crates = ["ges-core", "ges-storage", "ges-upstream", "ges-http", "ges-server"];
    for path in crates.iter().flat_map(|name| rust_files(&format!("{name}/src"))) {
        // The page of all links.
        if path.ends_with("ges-core/src/rules.rs") {
            continue;
        }
        let doc = |line: &&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("//!");
        let text = read(&path);
        // A line of code ends a paragraph.
        let docs: Vec<&str> = text.lines().map(|line| if doc(&line) { line } else { "" }).collect();
        for paragraph in paragraphs(&docs.join("\n")) {
            let rest = BY_LINK.replace_all(&paragraph, "");
            if NAMED.is_match(&rest) || INVARIANT.is_match(&rest) {
                plain.push(format!("{}: {paragraph}", path.display()));
            }
        }
    }
    assert!(plain.is_empty(), "cite as [callback-domain §6.4](crate::rules):\n{}", plain.join("\n"));
}

#[test]
fn links_to_anchors_of_rules_lead_somewhere() {
    let rules = rules();
    let mut broken = Vec::new();
    for path in texts() {
        if path.ends_with(file!()) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let own = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        for found in LINK.captures_iter(&text) {
            let page = if found[1].is_empty() { own } else { &found[1] };
            if rules.get(page).is_some_and(|anchors| !anchors.contains(&found[2])) {
                broken.push(format!("{}: {page}#{}", path.display(), &found[2]));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_anchor_is_given_twice() {
    for (page, anchors) in rules() {
        let given = anchors_of(&read(&folder().join(format!("{page}.md"))));
        assert_eq!(given.len(), anchors.len(), "{page}");
    }
}

#[test]
fn the_finder_of_citations_finds() {
    let found = |text: &str| -> Vec<String> {
        citations(text, true).into_iter().map(|(page, anchor)| format!("{page} {anchor}")).collect()
    };
    assert_eq!(
        found(
            "/// As callback-domain §6.4 and §9.9 say (engagement-api-v3\n    /// §3.1, §99).\n\n/// See §5."
        ),
        [
            "callback-domain 6.4",
            "callback-domain 9.9",
            "engagement-api-v3 3.1",
            "engagement-api-v3 99",
            "callback-domain 5"
        ]
    );
    assert_eq!(
        found("// Invariants 12 to 17, invariant 99."),
        ["callback-domain invariant-12", "callback-domain invariant-99"]
    );
    assert_eq!(found("check(\"B5\"); (\"S6\", 1)"), ["callback-domain B5", "callback-domain S6"]);
    assert_eq!(
        found("/// callback-domain B19; §5.3, B15"),
        ["callback-domain 5.3", "callback-domain B19", "callback-domain B15"]
    );
    assert_eq!(found("let b5 = \"B5x\"; // E164, B5"), [""; 0]);
}

fn rules() -> Rules {
    let pages = folder().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let rules: Rules =
        pages.map(|path| (stem(&path), anchors_of(&read(&path)).into_iter().collect())).collect();
    assert!(
        rules[DOMAIN].contains("6.4")
            && rules[DOMAIN].contains("invariant-44")
            && rules[DOMAIN].contains("Z4")
    );
    rules
}

fn folder() -> std::path::PathBuf {
    root().join("docs/rules")
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn anchors_of(text: &str) -> Vec<String> {
    ANCHOR.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// Page and anchor of everything a text cites. A section belongs to the page named last in its paragraph, or else to
/// the rules of callbacks. Worked examples are cited beside a page or section, and by the texts of tests.
fn citations(text: &str, rust: bool) -> Vec<(String, String)> {
    let domain = |anchor: String| (DOMAIN.to_owned(), anchor);

    let mut cited = Vec::new();
    for paragraph in paragraphs(text) {
        let mut page = DOMAIN;
        for found in NAMED.captures_iter(&paragraph) {
            match (found.get(1), found.get(2)) {
                (Some(name), _) => page = name.as_str(),
                (_, Some(section)) => cited.push((page.to_owned(), section.as_str().to_owned())),
                _ => {}
            }
        }
        cited.extend(
            INVARIANT.captures_iter(&paragraph).map(|found| domain(format!("invariant-{}", &found[1]))),
        );
        cited.extend(BESIDE.captures_iter(&paragraph).map(|found| domain(found[1].to_owned())));
    }
    if rust {
        cited.extend(QUOTED.captures_iter(text).map(|found| domain(found[1].to_owned())));
    }
    cited
}

/// Lines joined up to the next empty one; marks of comments count as blanks.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let words = MARK.replace(line.trim(), "");
        if words.is_empty() {
            paragraphs.push(String::new());
        } else {
            let paragraph = paragraphs.last_mut().unwrap();
            paragraph.push_str(&words);
            paragraph.push(' ');
        }
    }
    paragraphs
}
