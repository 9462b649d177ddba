//! What a run prints.

use std::io::{self, Write};

use super::expected::{Difference, Ended};
use super::plan::shown;

/// The heading of one run of a plan.
///
/// # Errors
/// When it cannot be written.
pub fn heading(out: &mut dyn Write, plan: &str, variant: &str, id: &str) -> io::Result<()> {
    writeln!(out, "\n{plan} {variant}\n  plan {id}")
}

/// One module.
///
/// # Errors
/// When it cannot be written.
pub fn module(out: &mut dyn Write, ended: &Ended) -> io::Result<()> {
    writeln!(out, "  {:<10} {}", ended.result.as_str(), ended.module)?;
    for remark in &ended.remarks {
        writeln!(out, "             {remark}")?;
    }
    Ok(())
}

/// The end: counts, and every difference.
///
/// # Errors
/// When it cannot be written.
pub fn summary(out: &mut dyn Write, ended: &[Ended], differ: &[Difference]) -> io::Result<()> {
    let mut counts = std::collections::BTreeMap::new();
    for ended in ended {
        *counts.entry(ended.result.as_str()).or_insert(0_usize) += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(r, n)| format!("{n} {r}")).collect();
    writeln!(out, "\n{} modules: {}", ended.len(), counts.join(", "))?;
    for difference in differ {
        match difference {
            Difference::Ended { ended, expected } => writeln!(
                out,
                "DIFFERENT  {} ({} {}): {}, expected {}",
                ended.module,
                ended.plan,
                shown(&ended.variant),
                ended.result.as_str(),
                expected.as_str(),
            )?,
            Difference::Missing(entry) => writeln!(
                out,
                "DIFFERENT  {} ({} {}): did not occur, expected {}",
                entry.module,
                entry.plan,
                shown(&entry.variant),
                entry.result.as_str(),
            )?,
        }
    }
    if differ.is_empty() {
        writeln!(out, "as expected")?;
    }
    Ok(())
}
