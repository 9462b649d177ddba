//! The applications' pages.

use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use idp_relying_party::Error;
use idp_relying_party::claims::Position;
use idp_relying_party::session::Session;

use super::Application;
use super::markup::{Markup, write_markup};
use super::texts::Language;

/// The prefix of the provider's authentication levels.
const LEVEL: &str = "urn:vn:nd69-2024:loa:";

/// What every page of one answer shares.
pub(super) struct Frame<'a> {
    pub(super) application: &'a Application,
    pub(super) language: Language,
    pub(super) path: &'static str,
}

impl Frame<'_> {
    fn page(&self, signed_in: bool, main: impl FnOnce(&mut Markup)) -> String {
        let (texts, tag) = (self.language.texts(), self.language.tag());
        let (name, other) = (&self.application.name, self.language.other().tag());
        let mut m = Markup::default();
        write_markup!(m, r#"<!doctype html>
<html lang=""# (tag) r#"">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>"# (name) r#"</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/app.css">
</head>
<body>
<header>
<div class="bar">
<a class="brand" href="/"><img src="/icon.svg" alt=""><span lang="vi">"# (name) r#"</span></a>
<div class="tools">
<a class="switch" id="app-language" href=""# (self.path) "?lang=" (other)
            r#"" hreflang=""# (other) r#"" lang=""# (other) r#"">"# (texts.switch) "</a>\n");
        if signed_in {
            write_markup!(m, r#"<form method="post" action="/logout">"#
                r#"<button id="app-sign-out">"# (texts.sign_out) "</button></form>\n");
        }
        m.raw("</div>\n</div>\n</header>\n<main>\n");
        main(&mut m);
        write_markup!(m, "\n</main>\n<footer>" (texts.demonstration)
            "</footer>\n</body>\n</html>\n");
        m.finish()
    }

    fn sign_in_button(&self, m: &mut Markup, label: &str) {
        write_markup!(m, r#"<a class="button" id="app-sign-in" href="/login?return_to=%2F"#
            "&amp;ui_locales=" (self.language.tag()) "\">" (label) "</a>\n");
    }
}

/// The front page for somebody who is not signed in.
pub(super) fn welcome(frame: &Frame<'_>) -> String {
    let texts = frame.language.texts();
    frame.page(false, |m| {
        write_markup!(m, r#"<section class="card door">
<img src="/icon.svg" alt="">
<h1 lang="vi">"# (&frame.application.name) r#"</h1>
<p class="notice">"# (texts.welcome) "</p>\n<p>" (texts.one_account) "</p>\n");
        frame.sign_in_button(m, texts.sign_in);
        m.raw("</section>");
    })
}

/// The page after signing out.
pub(super) fn signed_out(frame: &Frame<'_>) -> String {
    let texts = frame.language.texts();
    frame.page(false, |m| {
        write_markup!(m, r#"<section class="card door">
<img src="/icon.svg" alt="">
<h1 id="signed-out">"# (texts.signed_out) "</h1>\n<p>" (texts.signed_out_more) "</p>\n");
        frame.sign_in_button(m, texts.sign_in_again);
        m.raw("</section>");
    })
}

/// The front page for a person.
pub(super) fn signed_in(frame: &Frame<'_>, session: &Session) -> String {
    frame.page(true, |m| {
        m.raw("<div class=\"grid\">\n");
        person(m, frame.language, session);
        unit(m, frame.language, session.person.unit.as_ref());
        roles(m, frame.language, &session.person.roles);
        sign_in_facts(m, frame.language, session);
        other_application(m, frame);
        m.raw("</div>");
    })
}

fn person(m: &mut Markup, language: Language, session: &Session) {
    let person = &session.person;
    let name = person
        .name
        .as_deref()
        .or(person.preferred_username.as_deref());
    let name = name.unwrap_or(&person.sub);
    // The given name is the last word of a Vietnamese name.
    let given = name.split_whitespace().last().unwrap_or(name);
    let initial: String = given.chars().take(1).collect();
    write_markup!(m, r#"<section class="card whole person">
<span class="initial" aria-hidden="true">"# (&initial) r#"</span>
<div>
<p>"# (language.texts().greeting) r#"</p>
<h1 id="person-name" lang="vi">"# (name) "</h1>\n");
    if let Some(email) = &person.email {
        write_markup!(m, r#"<p id="person-email">"# (email) "</p>\n");
    }
    m.raw("</div>\n</section>\n");
}

fn unit(m: &mut Markup, language: Language, unit: Option<&Position>) {
    let texts = language.texts();
    let name = unit.map_or(texts.no_unit, |unit| &unit.name);
    write_markup!(m, "<section class=\"card\">\n<h2>" (texts.unit) r#"</h2>
<p class="strong" id="unit-name">"# (name) "</p>\n");
    if let Some(unit) = unit {
        m.raw("<p>");
        if let Some(position) = &unit.position {
            write_markup!(m, r#"<span id="position">"# (position) "</span> · ");
        }
        write_markup!(m, r#"<code id="unit-code">"# (&unit.code) r#"</code></p>
<ol class="path" id="unit-path" aria-label=""# (texts.path) "\">\n");
        for step in &unit.path {
            write_markup!(m, "<li>" (&step.name) "</li>\n");
        }
        m.raw("</ol>\n");
    }
    m.raw("</section>\n");
}

fn roles(m: &mut Markup, language: Language, roles: &[String]) {
    let texts = language.texts();
    write_markup!(m, "<section class=\"card\">\n<h2>" (texts.roles) r#"</h2>
<ul class="chips" id="roles">
"#);
    if roles.is_empty() {
        write_markup!(m, r#"<li class="none">"# (texts.no_roles) "</li>\n");
    }
    for role in roles {
        write_markup!(m, "<li>" (role) "</li>\n");
    }
    m.raw("</ul>\n</section>\n");
}

fn sign_in_facts(m: &mut Markup, language: Language, session: &Session) {
    let texts = language.texts();
    let how = &session.authentication;
    let unknown = || texts.unknown.to_owned();
    let level = how.acr.as_deref().map(|acr| match acr.strip_prefix(LEVEL) {
        Some(level) => format!("{} {level}", texts.level),
        None => acr.to_owned(),
    });
    let level = level.unwrap_or_else(unknown);
    let means: Vec<&str> = how.amr.iter().map(|amr| language.means(amr)).collect();
    let means = if means.is_empty() {
        unknown()
    } else {
        means.join(", ")
    };
    let time = how.auth_time.map_or_else(unknown, local);
    let sid = how.sid.as_deref().unwrap_or(texts.unknown);
    write_markup!(m, "<section class=\"card whole\">\n<h2>" (texts.session) "</h2>\n<dl>\n"
        "<dt>" (texts.strength) r#"</dt><dd id="acr">"# (&level) "</dd>\n"
        "<dt>" (texts.means) r#"</dt><dd id="amr">"# (&means) "</dd>\n"
        "<dt>" (texts.auth_time) r#"</dt><dd id="auth-time">"# (&time) "</dd>\n"
        "<dt>" (texts.subject) r#"</dt><dd><code id="sub">"# (&session.person.sub) "</code></dd>\n"
        "<dt>" (texts.provider_session) r#"</dt><dd><code id="sid">"# (sid) "</code></dd>\n"
        "</dl>\n</section>\n");
}

fn other_application(m: &mut Markup, frame: &Frame<'_>) {
    let Some(other) = &frame.application.other else {
        return;
    };
    let texts = frame.language.texts();
    write_markup!(m, r#"<a class="card whole other" id="other-app" href=""# (other.url.as_str()) r#"">
<span><small>"# (texts.continue_in) r#"</small><br><span class="strong" lang="vi">"# (&other.name)
        "</span></span>\n<small>" (texts.no_second_sign_in) "</small>\n</a>\n");
}

/// Vietnam's time, which has no summer time: UTC+7 all year.
fn local(time: DateTime<Utc>) -> String {
    let local = time.checked_add_signed(TimeDelta::hours(7)).unwrap_or(time);
    format!("{} (UTC+7)", local.format("%d/%m/%Y %H:%M"))
}

/// The page for a sign-in that did not succeed; both languages, since the refusal comes without a
/// request to read a choice from.
pub(super) fn refused(application: &Application, error: &Error) -> Response {
    let frame = Frame {
        application,
        language: Language::Vietnamese,
        path: "/",
    };
    let page = frame.page(false, |m| {
        write_markup!(m, r#"<section class="card door">
<img src="/icon.svg" alt="">
<h1 class="wrong" id="error-message">Đăng nhập không thành công</h1>
<p lang="en">Signing in did not succeed.</p>
<p><code id="error-reason">"# (error.reason()) "</code></p>\n");
        frame.sign_in_button(m, "Thử lại · Try again");
        m.raw("</section>");
    });
    (error.status(), Html(page)).into_response()
}
