//! Every fuzz target over its seeds and ten thousand mutations of them.
//!
//! `GES_FUZZ_SEED` repeats a run, `GES_FUZZ_ROUNDS` makes it longer.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by a panic that says what broke")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ges_tests::fuzz::{TARGETS, Target, mutate::mutation};

#[test]
fn hostile_input_is_survived() {
    let seed = number("GES_FUZZ_SEED", 20_260_112);
    let rounds = number("GES_FUZZ_ROUNDS", 10_000);
    let mut failures = Vec::new();
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        println!("{name}: {} seeds, {rounds} mutations, GES_FUZZ_SEED={seed}", seeds.len());
        let inputs = seeds.iter().cloned().chain((0..rounds).map(|n| mutation(&seeds, seed, n)));
        failures.extend(first_failure(name, *target, inputs));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_target_stands_in_the_fuzz_workspace() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter();
    let mut named: Vec<&str> = bins.map(|bin| bin["name"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for name in named {
        let text = std::fs::read_to_string(root().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("ges_tests::fuzz::{name}(data)")), "{name} calls its function");
    }
}

#[test]
fn a_panic_is_found_and_its_input_is_shown() {
    fn fragile(data: &[u8]) {
        assert_ne!(data, b"boom");
    }
    let found = first_failure("fragile", fragile, [b"fine".to_vec(), b"boom".to_vec()].into_iter());
    assert_eq!(found.unwrap(), r#"fragile: "boom""#);
    assert_eq!(first_failure("fragile", fragile, [b"fine".to_vec()].into_iter()), None);
}

fn first_failure(name: &str, target: Target, mut inputs: impl Iterator<Item = Vec<u8>>) -> Option<String> {
    let failing = inputs.find(|input| catch_unwind(AssertUnwindSafe(|| target(input))).is_err())?;
    Some(format!("{name}: {:?}", String::from_utf8_lossy(&failing)))
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("corpus").join(name);
    let mut paths: Vec<_> =
        folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten().collect();
    paths.sort_by_key(|entry| entry.file_name());
    let seeds: Vec<_> = paths.iter().map(|entry| std::fs::read(entry.path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "{name} has seeds");
    seeds
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}: a whole number is right")),
        Err(_) => default,
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"))
}
