//! How bad the days are to be.

use super::fault::Kind;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything that is chosen by chance comes from it.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// At least so many faults.
    pub faults: usize,
    /// At least so many bookings acknowledged.
    pub callbacks: usize,
    /// Bookings in a second, as long as they are answered.
    pub rate: u64,
    /// How long the voice platform's Redis is down once, in seconds.
    pub voice_down_secs: u64,
    /// So many in a hundred sessions die before an agent has them. Their callbacks are taken up again only after a
    /// while, so a short run has none.
    pub dying_percent: u64,
    /// No fault begins later than this after the first.
    pub minutes: u64,
    /// Only these faults, or all when there is none.
    pub only: Vec<Kind>,
}

impl Plan {
    /// What the project promises.
    fn long() -> Plan {
        Plan {
            seed: 0,
            nodes: 3,
            faults: 320,
            callbacks: 105_000,
            rate: 120,
            voice_down_secs: 60,
            dying_percent: 1,
            minutes: 120,
            only: Vec::new(),
        }
    }

    /// One of each, for a machine that has other tests to run.
    fn short() -> Plan {
        Plan {
            nodes: 2,
            faults: 0,
            callbacks: 500,
            rate: 30,
            voice_down_secs: 4,
            dying_percent: 0,
            ..Plan::long()
        }
    }

    /// Reads the command line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(arguments: impl Iterator<Item = String>, seed: u64) -> anyhow::Result<Plan> {
        let mut arguments: Vec<String> = arguments.collect();
        let is_short = arguments.iter().any(|argument| argument == "--short");
        arguments.retain(|argument| argument != "--short");
        let mut plan = Plan { seed, ..if is_short { Plan::short() } else { Plan::long() } };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value; {USAGE}") };
            if name == "--only" {
                plan.only.extend(named(value)?);
                continue;
            }
            let number: u64 =
                value.parse().map_err(|_| anyhow::anyhow!("{name} {value} is no number; {USAGE}"))?;
            let count = usize::try_from(number)?;
            match name.as_str() {
                "--seed" => plan.seed = number,
                "--nodes" => plan.nodes = count.max(2),
                "--faults" => plan.faults = count,
                "--callbacks" => plan.callbacks = count,
                "--minutes" => plan.minutes = number,
                "--rate" => plan.rate = number.max(1),
                _ => anyhow::bail!("{name} is unknown; {USAGE}"),
            }
        }
        Ok(plan)
    }
}

/// The faults whose names hold these words.
fn named(words: &str) -> anyhow::Result<Vec<Kind>> {
    let named: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.to_string().contains(words)).collect();
    if named.is_empty() {
        let names = Kind::ALL.map(|kind| kind.to_string()).join("; ");
        anyhow::bail!("--only {words}: no such fault; there are: {names}");
    }
    Ok(named)
}

const USAGE: &str = "ges-bad-days [--short] [--seed N] [--nodes N] [--faults N] [--callbacks N] [--rate N] \
                     [--minutes N] [--only WORDS]…";
