//! One territory of the numbering plan.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use phonenumber::Metadata;
use phonenumber::metadata::Descriptor;
use regex::Regex;

use super::Country;

/// What a number is for, as far as a callback cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Calling it costs the caller more than a call.
    Premium,
    /// Every other valid number.
    Ordinary,
}

/// A territory with its own number ranges: a country, or a calling code that belongs to none.
pub(super) struct Region {
    code: u16,
    country: Option<Country>,
    metadata: &'static Metadata,
    ranges: OnceLock<Ranges>,
}

impl Region {
    pub(super) fn new(code: u16, metadata: &'static Metadata) -> Region {
        Region { code, country: metadata.id().parse().ok(), metadata, ranges: OnceLock::new() }
    }

    pub(super) fn calling_code(&self) -> u16 {
        self.code
    }

    /// None for calling codes that belong to no country.
    pub(super) fn country(&self) -> Option<Country> {
        self.country
    }

    /// Compiles its expressions now.
    pub(super) fn warm_up(&self) {
        self.ranges();
    }

    /// Whether some number of the region has that many digits; numbers that only work inside a town do not count.
    pub(super) fn is_possible(&self, national: &str) -> bool {
        self.ranges().lengths.contains(&national.len())
    }

    /// What kind of number of this region it is; `None` when no range of the region holds it.
    pub(super) fn kind(&self, national: &str) -> Option<Kind> {
        let ranges = self.ranges();
        if ranges.leading.as_ref().is_some_and(|leading| !leading.is_match(national)) {
            return None;
        }
        if !ranges.general.holds(national) {
            None
        } else if ranges.premium.as_ref().is_some_and(|premium| premium.holds(national)) {
            Some(Kind::Premium)
        } else {
            ranges.others.iter().any(|range| range.holds(national)).then_some(Kind::Ordinary)
        }
    }

    /// The rest of a number that begins with the region's prefix for calls abroad, for example 011 or 00.
    pub(super) fn after_international_prefix<'n>(&self, digits: &'n str) -> Option<&'n str> {
        let prefix = self.ranges().international_prefix.as_ref()?;
        digits.get(prefix.find(digits)?.end()..)
    }

    /// The national number without the prefix dialled before it inside the country, for example 0 in 020 7946 0000.
    /// The prefix stays where the number is only valid with it.
    pub(super) fn without_national_prefix<'n>(&self, written: &'n str) -> Cow<'n, str> {
        let ranges = self.ranges();
        let as_written = Cow::Borrowed(written);
        let Some(prefix) = &ranges.national_prefix else { return as_written };
        // Most numbers come without it, and to find the parts of a match costs more than to find that there is none.
        if !prefix.is_match(written) {
            return as_written;
        }
        let Some(found) = prefix.captures(written) else { return as_written };
        let transformed = match self.metadata.national_prefix_transform_rule() {
            Some(rule) if found.iter().last().flatten().is_some() => prefix.replace(written, rule),
            _ => written.get(found.get_match().end()..).unwrap_or_default().into(),
        };
        let loses_validity = ranges.general.holds(written) && !ranges.general.holds(&transformed);
        if loses_validity || !self.is_possible(&transformed) { as_written } else { transformed }
    }

    /// Ranges of every kind but premium.
    fn descriptors(&self) -> impl Iterator<Item = &'static Descriptor> {
        let all = self.metadata.descriptors();
        let kinds = [
            all.fixed_line(),
            all.mobile(),
            all.toll_free(),
            all.shared_cost(),
            all.voip(),
            all.personal_number(),
            all.pager(),
            all.uan(),
            all.voicemail(),
        ];
        kinds.into_iter().flatten()
    }

    fn ranges(&self) -> &Ranges {
        self.ranges.get_or_init(|| {
            let all = self.metadata.descriptors();
            let prefix = self.metadata.national_prefix_for_parsing().map(|prefix| prefix.as_str());
            let kinds = self.descriptors().chain(all.premium_rate());
            Ranges {
                lengths: kinds.flat_map(|kind| kind.possible_length()).map(|&l| usize::from(l)).collect(),
                leading: self.metadata.leading_digits().and_then(|digits| anchored(digits.as_str())),
                general: Range::new(all.general()),
                premium: all.premium_rate().map(Range::new),
                others: self.descriptors().map(Range::new).collect(),
                national_prefix: prefix.or(self.metadata.national_prefix()).and_then(anchored),
                international_prefix: self.metadata.international_prefix().and_then(|p| anchored(p.as_str())),
            }
        })
    }
}

/// The compiled expressions of a region.
struct Ranges {
    /// Digits of a number of any kind. The metadata gives lengths by kind only.
    lengths: BTreeSet<usize>,
    leading: Option<Regex>,
    general: Range,
    premium: Option<Range>,
    others: Vec<Range>,
    national_prefix: Option<Regex>,
    international_prefix: Option<Regex>,
}

/// A set of national numbers: an expression and the lengths it is meant for.
struct Range {
    lengths: &'static [u16],
    expression: Option<Regex>,
}

impl Range {
    fn new(descriptor: &'static Descriptor) -> Range {
        let expression = compile(&format!("^(?:{})$", descriptor.national_number().as_str()));
        Range { lengths: descriptor.possible_length(), expression }
    }

    fn holds(&self, national: &str) -> bool {
        let fits = self.lengths.is_empty() || self.lengths.iter().any(|&l| usize::from(l) == national.len());
        fits && self.expression.as_ref().is_some_and(|expression| expression.is_match(national))
    }
}

fn anchored(expression: &str) -> Option<Regex> {
    compile(&format!("^(?:{expression})"))
}

/// The metadata's own expressions all compile, which a test checks for every region; one that did not would hold no
/// number and so refuse rather than allow. It is written over several lines, and without Unicode classes it is small.
fn compile(expression: &str) -> Option<Regex> {
    let compact: String = expression.split_whitespace().collect();
    regex::RegexBuilder::new(&compact).unicode(false).build().ok()
}

#[cfg(test)]
mod tests {
    use super::super::plan;

    #[test]
    fn every_region_compiles_and_holds_its_own_examples() {
        let regions = &plan().regions;
        assert!(regions.len() > 240, "{}", regions.len());
        for region in regions {
            let ranges = region.ranges();
            let id = region.metadata.id();
            assert!(ranges.general.expression.is_some(), "{id}");
            assert!(ranges.others.iter().chain(&ranges.premium).all(|r| r.expression.is_some()), "{id}");
            assert_eq!(ranges.leading.is_some(), region.metadata.leading_digits().is_some(), "{id}");
            assert_eq!(
                ranges.international_prefix.is_some(),
                region.metadata.international_prefix().is_some(),
                "{id}"
            );
            for descriptor in region.descriptors() {
                if let Some(example) = descriptor.example() {
                    // Freephone numbers of the +1 countries are told by the main country alone.
                    let held = plan().regions(region.code).any(|one| one.kind(example).is_some());
                    assert!(held, "{id} {example}");
                    assert!(region.is_possible(example), "{id} {example}");
                }
            }
        }
    }
}
