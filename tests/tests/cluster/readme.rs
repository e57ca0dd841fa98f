//! The commands of README's cluster section, run as they stand there: only the ports are others, and the binary is the
//! one of this test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ges_tests::private::Place;
use ges_tests::server::{binary, free_address};

const README: &str = include_str!("../../../README.md");
const SAMPLE: &str = include_str!("../../../docs/samples/ges-cluster.toml");
const SETTINGS: &str = include_str!("../../../docs/samples/cluster-settings.toml");

/// The first block of commands under a heading.
fn commands(heading: &str) -> &'static str {
    let section = README.split_once(heading).expect("the heading is there").1;
    let block = section.split_once("```sh\n").expect("it has commands").1;
    block.split_once("```").expect("which end").0
}

/// The numbers that stand there, and free ones in their place.
fn on_free_ports(text: &str, ports: &[(&str, u16)]) -> String {
    ports.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, &ours.to_string()))
}

#[test]
fn the_cluster_of_the_readme_starts_and_keeps_its_promises() {
    let place = Place::new();
    let ports: Vec<(&str, u16)> =
        ["5433", "6380", "3005", "3050", "3105", "3150"].map(|port| (port, free_address().port())).into();
    let copy = |name: &str, text: &[u8], mode: u32| {
        let path = place.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    copy("docs/samples/ges-cluster.toml", on_free_ports(SAMPLE, &ports).as_bytes(), 0o644);
    copy("docs/samples/cluster-settings.toml", SETTINGS.as_bytes(), 0o644);
    copy("ges-server", &fs::read(binary()).unwrap(), 0o755);
    let commands = on_free_ports(commands("## Cluster"), &ports);
    let built = "cargo build --release && GES=target/release/ges-server";
    assert!(commands.starts_with(built), "{commands}");
    let script = commands.replacen(built, "GES=./ges-server", 1);
    // Into files: nodes that outlive a script that failed would hold pipes open.
    let file = |name: &str| fs::File::create(place.folder().join(name)).unwrap();
    let status = place
        .command(Path::new("/bin/bash"))
        .args(["-e", "-u", "-o", "pipefail", "-c", &script])
        .env("TMPDIR", place.folder())
        .stdout(file("told"))
        .stderr(file("wrong"))
        .status()
        .unwrap();
    let read = |name: &str| fs::read_to_string(place.folder().join(name)).unwrap();
    let (told, wrong) = (read("told"), read("wrong"));
    assert!(status.success(), "{script}\n--- said\n{told}\n--- and\n{wrong}");
    let entries = |field: &str| told.lines().filter(|line| line.trim().ends_with(field)).count();
    assert_eq!((entries("callbackId"), entries("attempt")), (2, 2), "each is in the stream once:\n{told}");
    println!("{told}");
}
