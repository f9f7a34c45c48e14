//! What a check found, and how it is shown.

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the report.
#[derive(Debug)]
pub(super) struct Finding {
    check: &'static str,
    verdict: Verdict,
    message: String,
    remedy: Option<String>,
}

/// The report as it grows.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.0.push(Finding { check, verdict: Verdict::Ok, message: message.into(), remedy: None });
    }

    pub(super) fn warn(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
        self.0.push(Finding { check, verdict: Verdict::Warn, message: message.into(), remedy });
    }

    pub(super) fn fail(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
        self.0.push(Finding { check, verdict: Verdict::Fail, message: message.into(), remedy });
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|finding| finding.verdict == verdict).count()
    }

    pub(super) fn has_failures(&self) -> bool {
        self.count(Verdict::Fail) > 0
    }

    pub(super) fn print(&self) {
        for finding in &self.0 {
            say!("{:4}  {:13}  {}", finding.verdict.name(), finding.check, finding.message);
            if let Some(remedy) = &finding.remedy {
                say!("{:21}→ {remedy}", "");
            }
        }
        let (ok, warn, fail) = (self.count(Verdict::Ok), self.count(Verdict::Warn), self.count(Verdict::Fail));
        say!("\n{ok} ok, {warn} to look at, {fail} failed");
    }

    pub(super) fn to_json(&self) -> Value {
        let findings: Vec<Value> = self
            .0
            .iter()
            .map(|finding| {
                json!({
                    "check": finding.check,
                    "verdict": finding.verdict.name(),
                    "message": finding.message,
                    "remedy": finding.remedy,
                })
            })
            .collect();
        json!({ "ok": !self.has_failures(), "findings": findings })
    }
}
