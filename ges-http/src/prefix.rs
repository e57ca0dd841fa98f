//! Under which path everything stands.

/// The part of a path that belongs to the host, as `/callbacks`; empty at the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefix(String);

impl Prefix {
    /// Reads a prefix; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        let good = text.is_empty() || text.strip_prefix('/')?.split('/').all(is_segment);
        good.then(|| Prefix(text.to_owned()))
    }

    /// The rest of a path below it, with its leading slash; `None` for a path that stands elsewhere.
    pub(super) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.0.as_str()).filter(|rest| rest.starts_with('/'))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_segments_of_plain_characters() {
        for good in ["", "/callbacks", "/a/b-1", "/~x.y_z"] {
            assert!(Prefix::read(good).is_some(), "{good}");
        }
        for bad in ["/", "callbacks", "/callbacks/", "//a", "/a//b", "/{id}", "/a b", "/..", "/%41", "/é"] {
            assert_eq!(Prefix::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_stands_below_it_is_found() {
        let prefix = Prefix::read("/callbacks").unwrap();
        assert_eq!(prefix.below("/callbacks/engagement/v3"), Some("/engagement/v3"));
        for elsewhere in ["/callbacks", "/callbacksx/engagement", "/engagement/v3", "/Callbacks/x", "*"] {
            assert_eq!(prefix.below(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(Prefix::default().below("/engagement"), Some("/engagement"));
    }
}
