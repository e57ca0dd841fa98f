//! The documentation of the options, drawn from the table of options.

use super::{Absent, ServiceOption};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
const START: &str = "<!-- service options: start -->\n";
const END: &str = "<!-- service options: end -->\n";

/// The table of options that are read, then that of options that are kept.
fn tables() -> String {
    let mut page = String::from(
        "\n| Published | Field | Column | Value | Absent or empty | Meaning | Source |\n|---|---|---|---|---|---|---|\n",
    );
    let read = |option: &&ServiceOption| option.absent != Absent::NotRead;
    let code = |name: Option<&str>| name.map_or_else(|| "—".to_owned(), |name| format!("`{name}`"));
    for option in ServiceOption::all().iter().filter(read) {
        let value = option.expected();
        let falls_back = if option.falls_back() { "; anything else falls back, see below" } else { "" };
        let absent = match option.absent {
            Absent::Default(text) => format!("`{text}`"),
            Absent::Unset(means) => means.to_owned(),
            Absent::RowRefused { file } => format!("row refused; in the file: {file}"),
            Absent::NotRead => String::new(),
        };
        let source = if option.source.is_empty() { "—".to_owned() } else { linked(option.source) };
        page += &format!(
            "| `{}` | {} | {} | {value}{falls_back} | {absent} | {} | {source} |\n",
            option.key,
            code(option.field),
            code(option.column),
            linked(option.meaning),
        );
    }
    page += "\nKnown, kept as published and read by nobody here:\n\n| Published | Why | Source |\n|---|---|---|\n";
    for option in ServiceOption::all().iter().filter(|option| !read(option)) {
        page += &format!("| `{}` | {} | {} |\n", option.key, linked(option.meaning), linked(option.source));
    }
    page + "\n"
}

/// Sections as links to the rules.
fn linked(text: &str) -> String {
    let mut pieces = text.split('§');
    let mut linked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(piece.len());
        let number = piece[..digits].trim_end_matches('.');
        linked += &format!("[§{number}](rules/callback-domain.md#{number}){}", &piece[number.len()..]);
    }
    linked
}

/// Run with `GES_WRITE_DOCS=1` to write the tables into the page.
#[test]
fn the_page_says_what_the_table_of_options_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(START).expect("the page has the mark where the options start");
    let (written, after) = rest.split_once(END).expect("the page has the mark where the options end");
    if std::env::var_os("GES_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{before}{START}{}{END}{after}", tables())).unwrap();
        return;
    }
    assert_eq!(
        written,
        tables(),
        "docs/settings.md is not what the table of options says; GES_WRITE_DOCS=1 writes it"
    );
}

/// The fields of the file that are not options of services stand in the page too.
#[test]
fn the_page_names_every_other_table_of_the_file() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    for table in
        ["identity", "special_days", "hours", "capacity", "numbers", "call_in", "services", "published"]
    {
        assert!(page.contains(&format!("[tenants.<id>.{table}")), "{table}");
    }
}
