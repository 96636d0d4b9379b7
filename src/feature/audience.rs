//! The audience of an experiment: who may be in it, and on which pages.

use crate::bucket::{bucket, in_range};
use crate::feature::FeatureEvaluator;
use crate::feature::prerequisites::Verdict;
use crate::json::ValueRef;
use crate::plan::Span;
use crate::plan::tables::{Audience, AudienceFlags, Filter, UrlPattern, UrlPatternFlags};
use crate::text::url::Url;

/// The host of a relative URL.
pub(super) const NO_HOST: &str = "_";

impl FeatureEvaluator<'_> {
    /// Checks whether a subject with this hashed value may be in the experiment.
    pub(super) fn is_for(&mut self, audience: &Audience, unit: &str) -> bool {
        let in_namespace = |seed| {
            bucket(self.plan.text(seed), unit, 1).is_some_and(|bucket| in_range(bucket, (audience.from, audience.to)))
        };
        self.passes(audience.filters)
            && audience.namespace.is_none_or(in_namespace)
            && audience.when.is_none_or(|when| self.eval.holds(when))
            && matches!(self.prerequisites(audience.prerequisites), Verdict::Met)
    }

    /// Checks whether the subject is in a range of every filter.
    pub(super) fn passes(&self, filters: Span<Filter>) -> bool {
        self.plan.rows(filters).all(|(_, row)| {
            let (_, value) = self.unit(row.unit, None);
            let hash = |value| bucket(self.plan.text(row.seed), &ValueRef::from(&value).to_text(), row.version);
            let is_in = |bucket| self.plan.rows(row.ranges).any(|(_, range)| in_range(bucket, (range.from, range.to)));
            value.and_then(hash).is_some_and(is_in)
        })
    }

    /// Checks whether the experiment runs on a page.
    pub(super) fn is_on_page(&self, audience: &Audience, url: &str) -> bool {
        if !audience.flags.contains(AudienceFlags::BY_URL) {
            return true;
        }
        let url = Url::parse(url, Some(NO_HOST));
        let matches = |row: &UrlPattern| url.as_ref().is_some_and(|url| self.matches(row, url));
        let excludes = |row: &UrlPattern| row.flags.contains(UrlPatternFlags::EXCLUDES);
        let rows = || self.plan.rows(audience.urls).map(|(_, row)| row);
        let is_excluded = rows().any(|row| excludes(&row) && matches(&row));
        let mut including = rows().filter(|row| !excludes(row)).peekable();
        let needs_none = including.peek().is_none() && !audience.urls.is_empty();
        !is_excluded && (needs_none || including.any(|row| matches(&row)))
    }

    fn matches(&self, row: &UrlPattern, url: &Url) -> bool {
        let is_match = |regex, text: &str| self.plan.is_match(regex, text);
        if row.flags.contains(UrlPatternFlags::WHOLE_URL) {
            let href = url.href();
            let after_origin = href.get(url.origin().len()..).unwrap_or_default();
            return is_match(row.path, &href) || is_match(row.path, after_origin);
        }
        let params = url.params();
        let param = |name: &str| params.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value);
        row.host.is_none_or(|host| is_match(host, &url.host))
            && is_match(row.path, &url.path)
            && row.hash.is_none_or(|hash| is_match(hash, &url.hash()))
            && self.plan.rows(row.params).all(|(_, row)| is_match(row.value, param(self.plan.text(row.name))))
    }
}

/// Returns the variation that the query string of a URL forces: `?key=1`.
pub(super) fn query_override(key: &str, url: &str, variations: u32) -> Option<u32> {
    let query = url.split('?').nth(1)?;
    let query = query.split('#').next()?;
    let mut values = query.split('&').filter_map(|pair| {
        let mut parts = pair.split('=');
        let name = parts.next()?;
        (name == key).then(|| parts.next().unwrap_or_default())
    });
    leading_number(values.next()?).filter(|number| *number < variations)
}

/// Parses like `parseInt(text)`; `None` for a negative number. Huge numbers saturate.
fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let (text, is_negative) = match text.strip_prefix('-') {
        Some(text) => (text, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let mut number = None;
    for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
        number = Some(number.unwrap_or(0_u32).saturating_mul(radix).saturating_add(digit));
    }
    number.filter(|number| !is_negative || *number == 0)
}
