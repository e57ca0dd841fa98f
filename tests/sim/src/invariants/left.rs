//! A node that ends in good order holds nothing from then on: what it gave back it does not take again, whatever it hears
//! while it leaves.

use std::collections::BTreeMap;

use ges_core::NodeId;

use super::{Invariant, Verdict, holds};
use crate::executor::Millis;
use crate::oracle::{Book, Seen};

/// See the module.
#[derive(Default)]
pub struct Left(BTreeMap<NodeId, Millis>);

impl Invariant for Left {
    fn name(&self) -> &'static str {
        "who leaves holds nothing"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Left(node) => {
                self.0.insert((*node).clone(), book.now);
                Ok(())
            }
            // What was asked before may arrive later.
            Seen::Leased { owner, lease, asked, .. } => {
                holds(self.0.get(*owner).is_none_or(|left| asked <= left), || {
                    format!("{} was leased to {owner}, which had left", lease.id)
                })
            }
            _ => Ok(()),
        }
    }
}
