//! The words of the pages: Fluent messages in both languages, built once and shared by all threads.

use std::borrow::Cow;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::locale::Locale;

/// One part of the texts: its name, then its Vietnamese and its English source.
type Part = (&'static str, &'static str, &'static str);

macro_rules! part {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("locales/vi/", $name, ".ftl")),
            include_str!(concat!("locales/en/", $name, ".ftl")),
        )
    };
}

const PARTS: [Part; 12] = [
    part!("common"),
    part!("sign_in"),
    part!("password"),
    part!("position"),
    part!("consent"),
    part!("sign_out"),
    part!("form_post"),
    part!("refused"),
    part!("home"),
    part!("access"),
    part!("device"),
    part!("certificate"),
];

/// A text that does not parse. Only a wrong build has one: the texts are part of the binary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text {part} ({locale}): {detail}")]
pub struct TextFault {
    /// The file's name without its extension.
    pub part: &'static str,
    /// The language's tag.
    pub locale: &'static str,
    /// What Fluent found wrong.
    pub detail: String,
}

/// All texts in both languages.
pub(super) struct Texts {
    vi: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

impl Texts {
    /// Builds both bundles. Refuses a file that does not parse and a key defined twice.
    pub(super) fn new() -> Result<Self, TextFault> {
        Ok(Self {
            vi: bundle(Locale::Vi)?,
            en: bundle(Locale::En)?,
        })
    }

    /// The message of a key. A key missing in one language is said in the other; a key missing
    /// in both is said as itself, so that a page never fails for want of a word.
    pub(super) fn say(
        &self,
        locale: Locale,
        key: &str,
        args: &[(&str, FluentValue<'_>)],
    ) -> String {
        [locale, locale.other()]
            .into_iter()
            .find_map(|locale| self.formatted(locale, key, args))
            .unwrap_or_else(|| key.to_owned())
    }

    fn formatted(
        &self,
        locale: Locale,
        key: &str,
        args: &[(&str, FluentValue<'_>)],
    ) -> Option<String> {
        let bundle = match locale {
            Locale::Vi => &self.vi,
            Locale::En => &self.en,
        };
        let pattern = bundle.get_message(key)?.value()?;
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), value.clone()))
            .collect();
        let mut faults = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(&args), &mut faults)
            .into_owned();
        faults.is_empty().then_some(text)
    }
}

fn bundle(locale: Locale) -> Result<FluentBundle<FluentResource>, TextFault> {
    let fault = |part, detail| TextFault {
        part,
        locale: locale.tag(),
        detail,
    };
    let language = locale
        .tag()
        .parse()
        .map_err(|refused| fault("language tag", format!("{refused:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The isolation marks would be copied along with names and end up in page titles.
    bundle.set_use_isolating(false);
    for (part, vi, en) in PARTS {
        let source = match locale {
            Locale::Vi => vi,
            Locale::En => en,
        };
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, refused)| fault(part, format!("{refused:?}")))?;
        bundle
            .add_resource(resource)
            .map_err(|refused| fault(part, format!("{refused:?}")))?;
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::{PARTS, Texts};
    use crate::ui::locale::Locale;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// The keys defined in one source: lines that begin with `key =`.
    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" ="))
            .map(|(key, _)| key)
            .collect()
    }

    /// The variables of each message, so that a translation cannot forget one.
    fn variables(source: &str) -> BTreeSet<(&str, String)> {
        let mut key = "";
        let mut found = BTreeSet::new();
        for line in source.lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                key = line.split_once(" =").map_or("", |(key, _)| key);
            }
            for rest in line.split('$').skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                found.insert((key, name));
            }
        }
        found
    }

    /// Every text key named in the sources: literals given to `say`, `name`, `count` and `TextKey`.
    fn used_keys() -> BTreeSet<String> {
        let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
        let mut used = BTreeSet::new();
        for folder in ["", "pages", "templates"] {
            for entry in fs::read_dir(ui.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() || path.ends_with("texts.rs") {
                    continue;
                }
                let source = fs::read_to_string(&path).unwrap();
                for call in ["say(", "name(", "count(", "TextKey("] {
                    for rest in source.split(call).skip(1) {
                        if let Some(literal) = rest.trim_start().strip_prefix('"') {
                            used.insert(literal.split('"').next().unwrap().to_owned());
                        }
                    }
                }
            }
        }
        used
    }

    #[test]
    fn both_languages_define_the_same_keys_with_the_same_variables() {
        for (part, vi, en) in PARTS {
            assert_eq!(keys(vi), keys(en), "{part}");
            assert_eq!(variables(vi), variables(en), "{part}");
        }
    }

    #[test]
    fn every_key_used_exists_and_every_key_that_exists_is_used() {
        let defined: BTreeSet<String> = PARTS
            .iter()
            .flat_map(|(_, vi, _)| keys(vi))
            .map(str::to_owned)
            .collect();
        let used = used_keys();
        assert!(used.len() > 50, "the scan of the sources found too little");
        assert_eq!(
            used.difference(&defined).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "undefined"
        );
        assert_eq!(
            defined.difference(&used).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "unused"
        );
    }

    #[test]
    fn english_counts_one_and_many_and_inserted_names_carry_no_marks() {
        let texts = Texts::new().unwrap();
        let say = |minutes: u32| {
            texts.say(
                Locale::En,
                "sign-in-throttled",
                &[("minutes", minutes.into())],
            )
        };
        assert!(say(1).contains("1 minute."), "{}", say(1));
        assert!(say(15).contains("15 minutes."), "{}", say(15));
        assert!(say(15).is_ascii());
    }

    #[test]
    fn an_unknown_key_is_said_as_itself() {
        assert_eq!(
            Texts::new().unwrap().say(Locale::Vi, "no-such-key", &[]),
            "no-such-key"
        );
    }

    #[test]
    fn texts_are_composed_unicode() {
        for (part, vi, en) in PARTS {
            for source in [vi, en] {
                let mark = source.find(|letter: char| ('\u{300}'..='\u{36f}').contains(&letter));
                assert_eq!(mark, None, "{part}: a combining mark, so not NFC");
            }
        }
    }
}
