//! Reasons in the operator's language.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentError, FluentResource};
use idp_core::base::refusal::Reason;

use super::language::Language;

/// What a reason means, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReasonText {
    /// The rule that was violated.
    pub rule: String,
    /// What to do about it.
    pub remedy: String,
}

/// Built at the first refusal that is told in Vietnamese. A file that does not parse is kept as
/// far as it does: only a wrong build has one, and its texts are then told in English.
static VIETNAMESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    let source = include_str!("reasons.vi.ftl").to_owned();
    let resource = FluentResource::try_new(source).unwrap_or_else(|(partly, _)| partly);
    let mut bundle = FluentBundle::new_concurrent(Vec::new());
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
});

/// The texts of a reason by its stable name. `None` for a name that this program does not know,
/// as a newer server may send it: the texts of its answer then stand.
pub(super) fn reason_text(name: &str, language: Language) -> Option<ReasonText> {
    match language {
        Language::Vi => vietnamese(name),
        Language::En => {
            let reason = Reason::ALL.iter().find(|reason| reason.name() == name)?;
            Some(ReasonText {
                rule: reason.rule().to_owned(),
                remedy: reason.remedy().to_owned(),
            })
        }
    }
}

fn vietnamese(name: &str) -> Option<ReasonText> {
    let message = VIETNAMESE.get_message(name)?;
    let mut faults: Vec<FluentError> = Vec::new();
    let mut said = |pattern| {
        let text = VIETNAMESE.format_pattern(pattern, None, &mut faults);
        text.into_owned()
    };
    Some(ReasonText {
        rule: said(message.value()?),
        remedy: said(message.get_attribute("remedy")?.value()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reason that is added to the table needs its Vietnamese beside it.
    #[test]
    fn every_reason_has_both_languages() {
        for reason in Reason::ALL {
            let name = reason.name();
            let english = reason_text(name, Language::En);
            let vietnamese = reason_text(name, Language::Vi);
            let Some((en, vi)) = english.zip(vietnamese) else {
                panic!("{name} is missing in cli/reasons.vi.ftl");
            };
            for (en, vi) in [(en.rule, vi.rule), (en.remedy, vi.remedy)] {
                assert!(!vi.trim().is_empty() && vi != en, "{name}: {vi}");
            }
        }
    }

    #[test]
    fn no_text_is_kept_for_a_reason_that_is_gone() {
        let source = include_str!("reasons.vi.ftl");
        assert!(FluentResource::try_new(source.to_owned()).is_ok());
        let keys = source.lines().filter_map(|line| line.split_once(" = "));
        for (key, _) in keys.filter(|(key, _)| !key.starts_with([' ', '#'])) {
            let known = Reason::ALL.iter().any(|reason| reason.name() == key);
            assert!(known || key == "fault", "{key}");
        }
    }

    #[test]
    fn braces_are_said_as_they_are_typed() {
        let text = reason_text("user_name_pattern_malformed", Language::Vi).unwrap();
        assert!(text.remedy.contains("{given}{initials}.{unit}"), "{text:?}");
        assert_eq!(reason_text("no_such_reason", Language::Vi), None);
        assert_eq!(reason_text("no_such_reason", Language::En), None);
    }
}
