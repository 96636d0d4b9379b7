//! The rows of identity, purposes and addresses.

use std::collections::BTreeSet;

use throughline::internals::plan::condition_ops::Op;
use throughline::internals::plan::tables::{self, IdentifierFlags};
use throughline::internals::plan::{Id, Span};

use super::RowWriter;
use crate::emit::Audience;

impl RowWriter<'_, '_, '_, '_> {
    /// Writes the identifiers and the parameters of addresses. Browsers decide neither.
    pub(super) fn identity(&mut self) {
        let rules = self.rules;
        if self.audience == Audience::Public {
            return;
        }
        for (name, identifier) in &rules.identity.identifiers {
            let flags = IdentifierFlags::UNIQUE
                .when(identifier.unique)
                .with(IdentifierFlags::TRUSTED.when(identifier.trusted))
                .with(IdentifierFlags::EXTERNAL.when(identifier.external));
            let row = tables::Identifier {
                name: self.plan.text(name),
                priority: identifier.priority,
                limit: identifier.limit,
                normalise: identifier.normalise,
                flags,
            };
            self.plan.push(row);
        }
        for value in &rules.identity.values {
            let value = self.plan.text(value);
            self.plan.push(tables::BlockedValue { value });
        }
        for automaton in &rules.identity.patterns {
            let pattern = self.plan.regex(automaton.clone());
            self.plan.push(tables::BlockedPattern { pattern });
        }
        for name in &rules.policies.parameters {
            let pattern = self.plan.text(name);
            self.plan.push(tables::KeptParameter { pattern });
        }
    }

    /// Writes the purposes that policies, channels and the conditions of this plan name, each topic of a channel
    /// included.
    pub(super) fn purposes(&mut self) {
        let rules = self.rules;
        let policy = &rules.policies.consent;
        let mut purposes: BTreeSet<String> = policy.classes.iter().flatten().map(|name| (*name).to_owned()).collect();
        purposes.extend(policy.gpc.iter().copied().chain(policy.store).chain(policy.measure).map(str::to_owned));
        let topics = rules.campaigns.values().filter_map(|campaign| campaign.reach.topic);
        let topics: BTreeSet<&str> =
            topics.chain(rules.journeys.values().filter_map(|journey| journey.topic)).collect();
        for channel in rules.channels.values().filter_map(|channel| channel.consent) {
            purposes.extend(topics.iter().map(|topic| format!("{channel}.{topic}")));
            purposes.insert(channel.to_owned());
        }
        let nodes = Span::<tables::Node>::new(0, self.plan.count::<tables::Node>()).iter();
        let nodes = nodes.filter_map(|id| self.plan.get(id)).filter(|node| node.kind() == Op::Consent);
        purposes.extend(nodes.map(|node| self.plan.text_of(Id::new(node.a)).to_owned()));
        for name in purposes {
            let name = self.plan.text(&name);
            self.plan.push(tables::Purpose { name });
        }
    }
}
