//! Quiet hours: times of day at which a channel is not used.

use crate::decide::Decider;
use crate::decide::policy::frequency_cap::DAY;
use crate::plan::Id;
use crate::plan::tables::{Channel, Class, Quiet};
use crate::time::Millis;

/// The greatest number of adjoining quiet hours; more would leave no time at all.
const MOST: usize = 8;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the first time from `at` on that is outside of quiet hours; `None` if there is none.
    pub(crate) fn allowed_at(&self, class: Class, channel: Id<Channel>, at: Millis) -> Option<Millis> {
        let mut allowed = at;
        for _ in 0..MOST {
            match self.quiet_until(class, channel, allowed) {
                None => return Some(allowed),
                Some(end) => allowed = end,
            }
        }
        None
    }

    /// Returns the end of the quiet hours that apply at a time.
    fn quiet_until(&self, class: Class, channel: Id<Channel>, at: Millis) -> Option<Millis> {
        let clock = self.clock();
        let time = clock.wall(at).0.rem_euclid(DAY);
        let ends = |(_, quiet): (Id<Quiet>, Quiet)| {
            let concerns = quiet.classes.contains(class) && self.has(quiet.channels, channel);
            let since = time.saturating_sub(quiet.from.0).rem_euclid(DAY);
            let length = quiet.until.0.saturating_sub(quiet.from.0).rem_euclid(DAY);
            (concerns && since < length).then(|| clock.later(at, Millis(length.saturating_sub(since))))
        };
        self.plan.rows(self.plan.all::<Quiet>()).find_map(ends)
    }
}
