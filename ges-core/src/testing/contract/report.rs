//! What a run of a suite has shown, and what it could not show.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A hook that a harness does not offer. The cases that need it are skipped, and the report names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Missing {
    /// [`StoreUnderTest::reopen`](super::StoreUnderTest::reopen): nothing outlives the process.
    Reopen,
    /// A second handle on the same data, or another node beside this one: nothing is shared between nodes.
    Another,
    /// [`StoreUnderTest::spoil`](super::StoreUnderTest::spoil): no stored record can be damaged.
    Spoil,
    /// [`Counting::cut_off`](super::windows::Counting::cut_off): there is nothing to be cut off from.
    CutOff,
    /// [`Floor::learns`](super::waits::Floor::learns): the adapter learns from nobody.
    Learning,
    /// [`Telephony::fall_silent`](super::orchestrator::Telephony::fall_silent): nothing lies behind the adapter.
    Silence,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::Reopen => "the harness opens nothing again (`reopen`)",
            Missing::Another => "the harness has no other node (`another`)",
            Missing::Spoil => "the harness cannot damage a record (`spoil`)",
            Missing::CutOff => "the harness cannot cut off the node (`cut_off`)",
            Missing::Learning => "the adapter learns from nobody (`learns`)",
            Missing::Silence => "the harness has no far side that could fall silent (`fall_silent`)",
        })
    }
}

/// What became of the cases of a suite. A broken promise is no part of it: it ends the run with a panic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "skipped cases prove nothing: say with `assert_missing` or `assert_complete` which there may be"]
pub struct Report {
    kept: Vec<&'static str>,
    skipped: Vec<(&'static str, Missing)>,
}

impl Report {
    /// The promises that were put to the test and kept.
    pub fn kept(&self) -> &[&'static str] {
        &self.kept
    }

    /// The cases that did not run to their end, each with what it lacked.
    pub fn skipped(&self) -> &[(&'static str, Missing)] {
        &self.skipped
    }

    /// Accepts no skipped case.
    ///
    /// # Panics
    /// When a case was skipped.
    pub fn assert_complete(&self) {
        self.assert_missing(&[]);
    }

    /// Accepts the cases that were skipped for want of these hooks, and no other.
    ///
    /// # Panics
    /// When a case was skipped for want of another hook, or none for want of one of these: then the list is out of date.
    pub fn assert_missing(&self, accepted: &[Missing]) {
        let unexpected = self.skipped.iter().any(|(_, missing)| !accepted.contains(missing));
        assert!(!unexpected, "only {accepted:?} may be missing, but {self}");
        let idle = accepted.iter().find(|hook| self.skipped.iter().all(|(_, missing)| missing != *hook));
        assert!(idle.is_none(), "no case was skipped for want of {idle:?}: take it off the list");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, skipped) = (self.kept.len(), self.skipped.len());
        if self.skipped.is_empty() {
            return write!(f, "all {kept} promises are kept");
        }
        write!(f, "{kept} of {} promises are kept, {skipped} were not put to the test:", kept + skipped)?;
        self.skipped.iter().try_for_each(|(case, missing)| write!(f, "\n  {case}: {missing}"))
    }
}

/// How a case ends that breaks no promise.
pub(super) type Outcome = Result<(), Missing>;

/// What a case may answer: nothing, when it needs no hook, or which hook it lacks.
pub(super) trait IntoOutcome {
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Ok(())
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

/// Runs cases one after the other, the next also when one fails.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub(super) async fn run<'a>(
    cases: impl IntoIterator<Item = (&'static str, BoxFuture<'a, Outcome>)>,
) -> Report {
    let mut report = Report::default();
    let mut failures = Vec::new();
    let mut all = 0;
    for (name, case) in cases {
        all += 1;
        match AssertUnwindSafe(case).catch_unwind().await {
            Ok(Ok(())) => report.kept.push(name),
            Ok(Err(missing)) => report.skipped.push((name, missing)),
            Err(panic) => failures.push(format!("{name}: {}", words_of(panic.as_ref()))),
        }
    }
    let broken = failures.len();
    assert!(failures.is_empty(), "{broken} of {all} promises broken:\n{}", failures.join("\n"));
    report
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked without words")
}

#[cfg(test)]
pub(super) mod tests {
    use std::panic::catch_unwind;

    use pollster::block_on;

    use super::*;

    /// The names of these cases that the run calls broken.
    pub fn broken(
        run: impl FnOnce() -> Report,
        cases: impl Iterator<Item = &'static str>,
    ) -> Vec<&'static str> {
        let told = catch_unwind(AssertUnwindSafe(|| drop(run())));
        let told = told.err().map(|panic| words_of(panic.as_ref()).to_owned());
        cases.filter(|case| told.iter().any(|told| told.contains(&format!("{case}: ")))).collect()
    }

    fn report() -> Report {
        let cases: [(_, BoxFuture<'_, Outcome>); 3] = [
            ("kept", Box::pin(async { Ok(()) })),
            ("first", Box::pin(async { Err(Missing::Reopen) })),
            ("second", Box::pin(async { Err(Missing::Another) })),
        ];
        block_on(run(cases))
    }

    #[test]
    fn a_skipped_case_is_named_with_what_it_lacks() {
        assert_eq!(report().kept(), ["kept"]);
        assert_eq!(report().skipped(), [("first", Missing::Reopen), ("second", Missing::Another)]);
        let told = "1 of 3 promises are kept, 2 were not put to the test:\n  \
                    first: the harness opens nothing again (`reopen`)\n  \
                    second: the harness has no other node (`another`)";
        assert_eq!(report().to_string(), told);
    }

    #[test]
    fn what_may_be_missing_is_exactly_what_is_missing() {
        let accepts = |accepted: &[Missing]| catch_unwind(|| report().assert_missing(accepted)).is_ok();
        assert!(accepts(&[Missing::Another, Missing::Reopen]));
        assert!(!accepts(&[Missing::Reopen]), "a skip that nobody accepts");
        assert!(catch_unwind(|| report().assert_complete()).is_err());
        assert!(
            catch_unwind(|| Report::default().assert_missing(&[Missing::Reopen])).is_err(),
            "an idle entry"
        );
    }

    #[test]
    fn a_broken_promise_ends_the_run_after_all_others_were_seen() {
        let cases: [(_, BoxFuture<'_, Outcome>); 2] =
            [("first", Box::pin(async { panic!("no") })), ("second", Box::pin(async { panic!("never") }))];
        let names = ["first", "second", "third"].into_iter();
        assert_eq!(broken(|| block_on(run(cases)), names), ["first", "second"]);
    }
}
