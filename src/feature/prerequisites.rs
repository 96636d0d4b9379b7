//! Prerequisites: conditions on the values of other features.
//!
//! Prerequisites are features, features run experiments, and the audiences of experiments have prerequisites. So the
//! evaluation is recursive by nature: `rule`, `experiment`, `audience` and this file call each other.

use crate::condition::filter;
use crate::feature::FeatureEvaluator;
use crate::feature::result::FeatureSource;
use crate::json::Object;
use crate::plan::Span;
use crate::plan::tables::{Prerequisite, PrerequisiteFlags};

/// The combined result of a list of prerequisites.
pub(super) enum Verdict {
    /// All of them hold.
    Met,
    /// One does not hold, and the rule is skipped.
    Unmet,
    /// One that gates does not hold, and the whole feature is closed.
    Closed,
    /// A feature depends on itself.
    Cyclic,
}

impl FeatureEvaluator<'_> {
    /// Evaluates the prerequisites up to the first one that does not hold.
    pub(super) fn prerequisites(&mut self, prerequisites: Span<Prerequisite>) -> Verdict {
        for (_, row) in self.plan.rows(prerequisites) {
            let parent = self.visit(self.plan.text(row.feature));
            if parent.source == FeatureSource::CyclicPrerequisite {
                return Verdict::Cyclic;
            }
            let tested: Object = [("value", parent.value)].into_iter().collect();
            if !filter(self.plan, row.when, &tested) {
                return if row.flags.contains(PrerequisiteFlags::GATE) { Verdict::Closed } else { Verdict::Unmet };
            }
        }
        Verdict::Met
    }
}
