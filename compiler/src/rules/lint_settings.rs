//! The linter's settings in the rules.

use throughline::Millis;

use super::lint_codes::CODES;
use crate::source::cursor::{Cursor, Fields, ReadContext};
use crate::source::diagnostic::{Diagnostic, Severity};

/// The allowed findings, and the maximum length of an SMS.
#[derive(Clone, Debug)]
pub struct LintSettings<'a> {
    /// The findings that are not reported.
    allow: Vec<Allowance<'a>>,
    /// The number of SMS segments up to which there is no finding.
    pub sms_segments: u32,
    /// Whether tests are reported for which a missing value once had another result.
    pub missing_values: bool,
}

/// An allowance: a kind of finding that is intended, everywhere or at one path.
#[derive(Clone, Debug)]
struct Allowance<'a> {
    cursor: Cursor<'a>,
    code: &'a str,
    /// The path of the position; `None` for everywhere.
    at: Option<&'a str>,
}

impl Default for LintSettings<'_> {
    fn default() -> Self {
        Self { allow: Vec::new(), sms_segments: 1, missing_values: false }
    }
}

impl<'a> LintSettings<'a> {
    /// Reads the `lint` sections of all files.
    pub fn read(sections: Vec<Cursor<'a>>, out: &mut ReadContext<'_>) -> Self {
        let mut settings = Self::default();
        for section in sections {
            let fields = section.fields(&["allow", "smsSegments", "missingValues"], out);
            let allowed = fields.get("allow").map(|cursor| cursor.list(out)).unwrap_or_default();
            let read = |cursor: Cursor<'a>| Allowance::read(&cursor.fields(&["code", "at", "reason"], out), out);
            settings.allow.extend(allowed.into_iter().filter_map(read));
            let segments = fields.get("smsSegments").and_then(|cursor| cursor.integer(1..=255, out));
            settings.sms_segments = segments.unwrap_or(settings.sms_segments);
            settings.missing_values |= fields.flag("missingValues", false, out);
        }
        settings
    }

    /// Returns the findings that are not allowed, and a finding for each allowance that matched nothing.
    pub(crate) fn filter(&self, found: Vec<Diagnostic>, now: Option<Millis>) -> Vec<Diagnostic> {
        let mut used = vec![false; self.allow.len()];
        let mut findings: Vec<Diagnostic> = found
            .into_iter()
            .filter(|finding| {
                let mut is_allowed = false;
                for (allowance, used) in self.allow.iter().zip(&mut used) {
                    let covers = allowance.covers(finding);
                    *used |= covers;
                    is_allowed |= covers;
                }
                !is_allowed
            })
            .collect();
        // Without a clock no schedule is over, so that allowance cannot be unused.
        let is_known = |allowance: &Allowance<'_>| now.is_some() || allowance.code != "schedule-over";
        let unused = self.allow.iter().zip(used).filter(|(allowance, used)| !used && is_known(allowance));
        findings.extend(unused.map(|(allowance, _)| allowance.unused()));
        findings
    }
}

impl<'a> Allowance<'a> {
    fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let code = fields.required("code", out);
        let known: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        let is_code = |word: &str| known.iter().find(|code| **code == word).copied();
        let code = code.and_then(|cursor| cursor.keyword(&known, is_code, out));
        if let Some(reason) = fields.required("reason", out) {
            reason.text(out);
        }
        let at = match fields.get("at") {
            Some(cursor) => Some(cursor.text(out)?),
            None => None,
        };
        Some(Self { cursor: fields.cursor().clone(), code: code?, at })
    }

    fn covers(&self, finding: &Diagnostic) -> bool {
        let is_within = |at: &str| {
            let rest = finding.path.strip_prefix(at);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        finding.code == self.code && self.at.is_none_or(is_within)
    }

    fn unused(&self) -> Diagnostic {
        let at = self.at.map(|at| format!(" at `{at}`")).unwrap_or_default();
        Diagnostic {
            code: "unused-allow",
            severity: Severity::Warning,
            message: format!("this allowance suppresses no finding `{}`{at}", self.code),
            expected: Some("rules without this allowance".to_owned()),
            span: self.cursor.mark,
            path: self.cursor.path.clone(),
        }
    }
}
