//! The command line.

pub mod store;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Callbacks for contact centres: the Engagement API v3 in front of any telephony.
///
/// Without a configuration file a demonstration starts on loopback, with telephony played in this process.
#[derive(Debug, Parser)]
#[command(name = "ges-server", version)]
pub struct Arguments {
    /// The configuration file (TOML); every key is explained in docs/configuration.md.
    #[arg(long, short, env = "GES_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Sets one key, whatever file and environment say; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,

    /// What to do; `run` when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the server can do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or SIGINT.
    Run,
    /// Read the configuration and the settings file, tell everything that is wrong with them, and end: 0 when nothing is.
    CheckConfig,
    /// Copy the embedded store of a stopped server to a new file. A running one copies its store beside it when it is
    /// sent SIGUSR1.
    Backup {
        /// The file to write; it must not exist.
        to: PathBuf,
    },
    /// Bring the schema of the Postgres store to the version of this release.
    Migrate,
    /// Tell how the store and the nodes are: 0 when all is well, 1 when it cannot be asked, 3 when something needs
    /// attention.
    Status,
    /// Print every record of the store as a line of JSON, personal data included.
    Export,
    /// Read what `export` printed, of either kind of store. Whatever is there already stays as it is.
    Import {
        /// The file to read.
        from: PathBuf,
        /// Also into a store that has something in it.
        #[arg(long)]
        into_used: bool,
    },
    /// Print a fresh API key (or secret) and its hash for the settings file.
    NewKey,
    /// Print the version.
    Version,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("a key and a value such as http.drain_ms=5000 are expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_fit_together() {
        Arguments::command().debug_assert();
        let parsed = Arguments::parse_from(["ges-server", "check-config", "--set", "a.b=c=d"]);
        assert_eq!(parsed.command, Some(Command::CheckConfig));
        assert_eq!(parsed.set, [("a.b".to_owned(), "c=d".to_owned())]);
        assert!(Arguments::try_parse_from(["ges-server", "--set", "ab"]).is_err());
    }
}
