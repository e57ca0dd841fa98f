//! How bad the days are to be.

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
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
}

impl Plan {
    /// What the project promises.
    const LONG: Plan = Plan {
        seed: 0,
        nodes: 3,
        faults: 320,
        callbacks: 105_000,
        rate: 120,
        voice_down_secs: 60,
        dying_percent: 1,
        minutes: 120,
    };
    /// One of each, for a machine that has other tests to run.
    const SHORT: Plan = Plan {
        nodes: 2,
        faults: 0,
        callbacks: 500,
        rate: 30,
        voice_down_secs: 4,
        dying_percent: 0,
        ..Plan::LONG
    };

    /// Reads the command line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(arguments: impl Iterator<Item = String>, seed: u64) -> anyhow::Result<Plan> {
        let mut arguments: Vec<String> = arguments.collect();
        let is_short = arguments.iter().any(|argument| argument == "--short");
        arguments.retain(|argument| argument != "--short");
        let mut plan = Plan { seed, ..if is_short { Plan::SHORT } else { Plan::LONG } };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value; {USAGE}") };
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

const USAGE: &str =
    "ges-bad-days [--short] [--seed N] [--nodes N] [--faults N] [--callbacks N] [--rate N] [--minutes N]";
