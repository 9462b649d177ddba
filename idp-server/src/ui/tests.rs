//! Every page in both languages, and what must hold of each.

mod gallery;

use super::pages::*;
use super::{Locale, Pages, View};
use gallery::{branding, every_page, pages, pages_of};

/// All documents: name, language, text.
fn documents() -> Vec<(&'static str, Locale, String)> {
    let pages = pages();
    Locale::ALL
        .into_iter()
        .flat_map(|locale| {
            every_page(&pages, locale)
                .into_iter()
                .map(move |(name, html)| (name, locale, html.into_string()))
        })
        .collect()
}

/// The values of one attribute, in the order of the document.
fn attributes<'a>(document: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    document
        .split(opening.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// The opening tags of one element.
fn tags<'a>(document: &'a str, element: &str) -> Vec<&'a str> {
    let opening = format!("<{element} ");
    document
        .split(opening.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect()
}

#[test]
fn every_page_has_language_title_skip_link_landmarks_and_one_heading() {
    for (name, locale, html) in documents() {
        let at = format!("{name} {}", locale.tag());
        assert!(html.starts_with("<!doctype html>\n"), "{at}");
        assert!(
            html.contains(&format!("<html lang=\"{}\">", locale.tag())),
            "{at}"
        );
        let title = html
            .split("<title>")
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap();
        let province = branding().province_name(locale).to_owned();
        assert!(
            title.len() > province.len() + 6 && title.ends_with(&province),
            "{at}: {title}"
        );
        assert!(
            html.contains("<a class=\"skip\" href=\"#content\">"),
            "{at}"
        );
        for once in [
            "<h1",
            "<main id=\"content\"",
            "<header",
            "<ul class=\"contacts\">",
        ] {
            assert_eq!(html.matches(once).count(), 1, "{at}: {once}");
        }
        assert!(html.trim_end().ends_with("</html>"), "{at}");
    }
}

#[test]
fn no_page_holds_script_inline_style_or_anything_from_another_host() {
    for (name, _, html) in documents() {
        // Which script, the next tests say.
        let scripts = usize::from(name.starts_with("certificate"));
        assert_eq!(html.matches("<script").count(), scripts, "{name}");
        for forbidden in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
        for source in attributes(&html, "src") {
            assert!(
                source.starts_with('/') && !source.starts_with("//"),
                "{name}: {source}"
            );
        }
        for link in tags(&html, "link") {
            assert!(link.contains("href=\"/assets/"), "{name}: {link}");
        }
        for action in attributes(&html, "action") {
            assert!(action.starts_with('/'), "{name}: {action}");
        }
    }
}

#[test]
fn the_page_for_certificates_holds_the_one_script_that_its_policy_names() {
    use base64::Engine;
    for (name, _, html) in documents() {
        let Some((_, script)) = html.split_once("<script>") else {
            continue;
        };
        assert!(name.starts_with("certificate"), "{name}");
        let (script, rest) = script.split_once("</script>").unwrap();
        assert!(!rest.contains("<script"), "{name}");
        let digest = ring::digest::digest(&ring::digest::SHA256, script.as_bytes());
        let digest = base64::engine::general_purpose::STANDARD.encode(digest);
        assert_eq!(
            CertificatePage::script_source(),
            format!("'sha256-{digest}'")
        );
    }
}

#[test]
fn the_page_that_posts_an_answer_holds_the_one_script_that_its_policy_names() {
    use base64::Engine;
    let page = FormPostPage {
        action: "https://rp.example/cb?tenant=1&x=\"".to_owned(),
        fields: vec![("state".to_owned(), "</form><script>\"".to_owned())],
    };
    let view = View {
        locale: Locale::Vi,
        other_language: Some("?lang=en".to_owned()),
    };
    let html = pages().render(&page, &view).into_string();
    let scripts: Vec<&str> = html.split("<script>").skip(1).collect();
    let [script] = scripts.as_slice() else {
        panic!("{html}");
    };
    let script = script.split("</script>").next().unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, script.as_bytes());
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(FormPostPage::script_source(), format!("'sha256-{digest}'"));
    let noscript = html.split("<noscript>").nth(1).unwrap();
    assert!(noscript.contains("id=\"continue\""), "{html}");
    assert!(!html.contains("?lang=en"), "there is no such page");
}

#[test]
fn every_static_file_that_a_page_names_is_served() {
    let pages = pages();
    for (name, _, html) in documents() {
        let addresses = attributes(&html, "href")
            .into_iter()
            .chain(attributes(&html, "src"));
        for file in addresses.filter_map(|address| address.strip_prefix(super::ASSETS_PATH)) {
            assert!(pages.static_file(file).is_some(), "{name}: {file}");
        }
    }
}

#[test]
fn ids_are_unique_and_everything_referred_to_exists() {
    for (name, _, html) in documents() {
        let mut ids = attributes(&html, "id");
        for label in attributes(&html, "for") {
            assert!(ids.contains(&label), "{name}: label for {label}");
        }
        for description in attributes(&html, "aria-describedby") {
            for id in description.split(' ') {
                assert!(ids.contains(&id), "{name}: described by {id}");
            }
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: an id occurs twice");
    }
}

#[test]
fn every_visible_field_has_a_label_and_every_form_its_token() {
    for (name, _, html) in documents() {
        for input in tags(&html, "input") {
            if input.contains("type=\"hidden\"") || input.ends_with(" hidden") {
                continue;
            }
            let id = input
                .split("id=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            assert!(
                html.contains(&format!("<label for=\"{id}\">")),
                "{name}: {id}"
            );
        }
        let tokens = html.matches("name=\"csrf\" value=\"csrf-value\"").count();
        assert_eq!(tokens, tags(&html, "form").len(), "{name}");
        for form in tags(&html, "form") {
            assert!(form.contains("method=\"post\""), "{name}: {form}");
        }
    }
}

#[test]
fn no_text_is_missing_or_left_unfilled() {
    for (name, locale, html) in documents() {
        assert!(
            !html.contains("{$") && !html.contains("{ $"),
            "{name} {}",
            locale.tag()
        );
        assert!(!html.contains("{{"), "{name}");
    }
}

#[test]
fn the_stable_ids_stand_where_they_belong() {
    let documents = documents();
    for (page, ids) in [
        ("sign-in", &["username", "password", "sign-in"][..]),
        (
            "sign-in-wrong",
            &["username", "password", "sign-in", "error-message"],
        ),
        ("consent", &["approve", "refuse"]),
        ("confirm-sign-out", &["confirm-sign-out"]),
        ("signed-out", &["signed-out"]),
        ("signing-out", &["signing-out", "continue"]),
        ("error-unknown-client", &["error-message"]),
        ("account", &["access", "change-password", "sign-out"]),
        (
            "access-ended",
            &[
                "done",
                "withdraw-1",
                "withdraw-2",
                "end-session-2",
                "end-others",
            ],
        ),
        (
            "activate",
            &["new-password", "repeat-password", "save-password"],
        ),
        ("change-password", &["current-password", "new-password"]),
    ] {
        for (_, _, html) in documents.iter().filter(|(name, ..)| *name == page) {
            let found = attributes(html, "id");
            assert!(ids.iter().all(|id| found.contains(id)), "{page}: {found:?}");
        }
        assert!(documents.iter().any(|(name, ..)| *name == page), "{page}");
    }
}

#[test]
fn an_error_is_tied_to_the_fields_that_are_wrong() {
    let shown = |refusal| {
        let page = SignInPage {
            refusal: Some(refusal),
            ..gallery::sign_in()
        };
        pages().render(&page, &View::from(Locale::En)).into_string()
    };
    let wrong = shown(SignInRefusal::WrongCredentials);
    let tied = "aria-invalid=\"true\" aria-describedby=\"error-message\"";
    assert_eq!(wrong.matches(tied).count(), 2, "{wrong}");
    assert!(wrong.contains("<title>Error: Sign in"), "{wrong}");
    let throttled = shown(SignInRefusal::Throttled { minutes: 0 });
    assert!(!throttled.contains("aria-invalid"), "{throttled}");
    assert!(throttled.contains("in 1 minute."), "{throttled}");
    let busy = shown(SignInRefusal::Busy { retry_after: 30 });
    assert!(busy.contains("30 seconds"), "{busy}");
}

#[test]
fn the_cursor_waits_where_something_is_missing() {
    let focused = |user_name: &str| {
        let page = SignInPage {
            user_name: user_name.to_owned(),
            ..gallery::sign_in()
        };
        let html = pages().render(&page, &View::default()).into_string();
        let with_focus: Vec<_> = tags(&html, "input")
            .into_iter()
            .filter(|tag| tag.contains("autofocus"))
            .collect();
        assert_eq!(with_focus.len(), 1);
        with_focus[0].split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(focused(""), "username");
    assert_eq!(focused("lananh.so-noi-vu"), "password");
}

#[test]
fn what_strangers_wrote_comes_out_escaped() {
    let attack = "\"'><script>alert(1)</script>&amp;";
    let consent = ConsentPage {
        client: ClientCard {
            name: attack.to_owned(),
            unchecked: true,
            logo: Some(attack.to_owned()),
            host: Some(attack.to_owned()),
            policy_uri: Some("javascript:alert(1)".to_owned()),
            tos_uri: Some(format!("https://a.example/{attack}")),
        },
        scopes: vec![RequestedScope {
            name: attack.to_owned(),
            description: None,
        }],
        person: attack.to_owned(),
        ..gallery::consent()
    };
    let sign_in = SignInPage {
        user_name: attack.to_owned(),
        application: Some(attack.to_owned()),
        pending: Some(attack.to_owned()),
        ..gallery::sign_in()
    };
    let view = View {
        locale: Locale::Vi,
        other_language: Some(attack.to_owned()),
    };
    let pages = pages();
    for html in [pages.render(&consent, &view), pages.render(&sign_in, &view)] {
        let html = html.as_str();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&#60;script&#62;"), "{html}");
        assert!(!html.contains("\"\"'>"), "{html}");
        assert!(
            !html.contains("evil.example") && !html.contains("javascript:"),
            "{html}"
        );
        assert!(
            html.contains("&#38;amp;"),
            "an entity is text like any other: {html}"
        );
    }
}

#[test]
fn the_main_position_alone_is_chosen_beforehand_and_consent_ticks_nothing() {
    let pages = pages();
    let html = pages
        .render(&gallery::choose_position(), &View::default())
        .into_string();
    let checked: Vec<_> = tags(&html, "input")
        .into_iter()
        .filter(|tag| tag.contains(" checked"))
        .collect();
    assert_eq!(checked.len(), 1);
    assert!(checked[0].contains("value=\"pos-1\""), "{checked:?}");
    let consent = pages
        .render(&gallery::consent(), &View::default())
        .into_string();
    assert!(
        !consent.contains("checkbox") && !consent.contains("checked"),
        "{consent}"
    );
}

#[test]
fn sessions_are_named_by_browser_and_system_and_the_present_one_is_not_ended() {
    for (_, locale, html) in documents().iter().filter(|(name, ..)| *name == "access") {
        for shown in ["Firefox, Linux", "Chrome, Android"] {
            assert!(html.contains(shown), "{shown}");
        }
        let unknown = match locale {
            Locale::Vi => "Trình duyệt không rõ",
            Locale::En => "Unknown browser",
        };
        assert!(html.contains(unknown) && !html.contains("curl"));
        assert!(!attributes(html, "id").contains(&"end-session-1"));
    }
}

#[test]
fn times_are_shown_as_in_vietnam() {
    let html = pages()
        .render(&gallery::account(), &View::default())
        .into_string();
    let shown = "<time datetime=\"2026-03-02T18:05:00Z\">03/03/2026 01:05</time>";
    assert!(html.contains(shown), "{html}");
}

#[test]
fn a_warning_of_the_installation_is_on_every_page_and_only_then() {
    let quiet = pages_of(gallery::plain_input());
    for (name, html) in every_page(&quiet, Locale::Vi) {
        assert!(!html.as_str().contains("class=\"danger\""), "{name}");
        assert!(!html.as_str().contains("<footer"), "{name}: nobody to ask");
    }
    for (name, _, html) in documents() {
        assert!(html.contains("class=\"danger\""), "{name}");
    }
}

#[test]
fn the_language_switch_names_the_other_language_and_can_be_absent() {
    let pages = pages();
    let page = WelcomePage {
        sign_in_path: "/sign-in".to_owned(),
    };
    let view = View {
        locale: Locale::Vi,
        other_language: Some("/?ui_locales=en".to_owned()),
    };
    let html = pages.render(&page, &view).into_string();
    let link = "<a href=\"/?ui_locales=en\" lang=\"en\" hreflang=\"en\">English</a>";
    assert!(html.contains(link), "{html}");
    let html = pages.render(&page, &View::from(Locale::En)).into_string();
    assert!(!html.contains("<nav"), "{html}");
}

#[test]
fn a_page_that_cannot_be_rendered_is_replaced_by_a_bare_one() {
    struct Broken;
    impl Page for Broken {
        fn rendered(&self, _: super::shell::Shell<'_>) -> Result<String, askama::Error> {
            Err(askama::Error::Fmt)
        }
    }
    let html = pages().render(&Broken, &View::default()).into_string();
    assert!(html.contains("id=\"error-message\""), "{html}");
    assert!(
        html.contains("<title>") && html.ends_with("</html>\n"),
        "{html}"
    );
}

#[test]
fn pages_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Pages>();
}
