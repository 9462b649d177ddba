use axum::body::Body;
use axum::http::header::{ACCEPT_LANGUAGE, LOCATION};
use http_body_util::BodyExt;
use idp_relying_party::session::Session;
use serde_json::json;
use tower::ServiceExt;

use super::*;

fn application(theme: Theme) -> Application {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    Application {
        name: "Văn phòng điện tử".to_owned(),
        // Nobody listens there: these tests stay on this side of the wire.
        issuer: Url::parse("http://localhost:9").unwrap(),
        base_url: Url::parse("http://localhost:4712").unwrap(),
        client_id: "office".to_owned(),
        client_secret: "s".to_owned(),
        theme,
        other: Some(OtherApplication {
            name: "Một cửa điện tử".to_owned(),
            url: Url::parse("http://localhost:4713").unwrap(),
        }),
    }
}

async fn get_page(path: &str, cookie: &str) -> (Response, String) {
    get_page_accepting(path, cookie, "fr, vi;q=0.5").await
}

async fn get_page_accepting(path: &str, cookie: &str, accepted: &str) -> (Response, String) {
    let request = Request::get(path)
        .header(COOKIE, cookie)
        .header(ACCEPT_LANGUAGE, accepted);
    let request = request.body(Body::empty()).unwrap();
    let response = routes(application(Theme::Office))
        .unwrap()
        .oneshot(request)
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        Response::from_parts(parts, Body::empty()),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn session(name: &str) -> Session {
    serde_json::from_value(json!({
        "issuer": "http://localhost:9",
        "person": {
            "sub": "1f0c", "name": name, "preferred_username": "ntngoc", "email": "ntngoc@mau.example",
            "email_verified": true, "roles": ["Văn thư", "<b>"], "positions": [],
            "unit": {
                "code": "H99.7", "name": "Sở Thử nghiệm", "position": "Chuyên viên",
                "path": [{"code": "H99", "name": "Tỉnh Mẫu"}, {"code": "H99.7", "name": "Sở Thử nghiệm"}],
            },
        },
        "authentication": {
            "acr": "urn:vn:nd69-2024:loa:1", "amr": ["pwd", "x-new"],
            "auth_time": "2026-03-01T18:05:00Z", "sid": "sid-77",
        },
        "tokens": {
            "access_token": "a", "refresh_token": null, "access_token_expires": null, "id_token": "a.b.c",
        },
        "began": "2026-03-01T18:05:00Z", "issued": "2026-03-01T18:05:00Z", "expires": "2026-03-02T04:05:00Z",
        "nonce_digest": "", "idle_seconds": 1800, "used": "2026-03-01T18:05:00Z",
    }))
    .unwrap()
}

#[tokio::test]
async fn a_visitor_sees_one_way_in() {
    let (response, page) = get_page("/", "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(
        page.contains("<html lang=\"vi\">") && page.contains("id=\"app-sign-in\""),
        "{page}"
    );
    assert!(page.contains("Đăng nhập</a>") && !page.contains("app-sign-out"));
    let policy = response.headers()[CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' http://localhost:9;"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe") && !page.contains("style=") && !page.contains("<script"));
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn the_language_is_chosen_by_the_person_and_remembered() {
    let (response, page) = get_page("/?lang=en", "").await;
    assert!(
        page.contains("Sign in</a>") && page.contains("ui_locales=en"),
        "{page}"
    );
    assert!(
        response.headers()[SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("demo-lang=en;")
    );
    assert!(
        get_page("/signed-out", "demo-lang=en")
            .await
            .1
            .contains("You are signed out")
    );
    assert!(
        get_page("/signed-out?lang=vi", "demo-lang=en")
            .await
            .1
            .contains("Bạn đã đăng xuất")
    );
    assert!(
        get_page("/?lang=%3Cb%3E", "demo-lang=x")
            .await
            .1
            .contains("lang=\"vi\"")
    );
}

#[tokio::test]
async fn whoever_chose_nothing_is_spoken_to_as_the_browser_asks() {
    for (cookie, accepted, expected) in [
        ("", "en-GB, vi;q=0.5", "lang=\"en\""),
        ("", "vi, en;q=0.9", "lang=\"vi\""),
        ("", "fr", "lang=\"vi\""),
        ("demo-lang=vi", "en", "lang=\"vi\""),
    ] {
        let (_, page) = get_page_accepting("/", cookie, accepted).await;
        assert!(page.contains(&format!("<html {expected}")), "{accepted}");
    }
}

#[tokio::test]
async fn a_silent_provider_is_a_page_with_a_reason_and_a_way_back() {
    let (response, page) = get_page("/login", "").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(
        page.contains("provider_unreachable") && page.contains("id=\"error-message\""),
        "{page}"
    );
    assert!(response.headers().get(LOCATION).is_none());
}

#[tokio::test]
async fn style_and_icon_are_served_here() {
    let (response, style) = get_page("/app.css", "").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(style.contains("--accent: #2746a0") && style.contains("prefers-color-scheme: dark"));
    assert!(get_page("/icon.svg", "").await.1.starts_with("<svg"));
}

#[test]
fn the_page_says_who_is_there_and_how_and_escapes_it_all() {
    let application = application(Theme::OneStop);
    let frame = Frame {
        application: &application,
        language: Language::Vietnamese,
        path: "/",
    };
    let page = page::signed_in(&frame, &session("Nguyễn Thị <script>Ngọc"));
    for expected in [
        "<h1 id=\"person-name\" lang=\"vi\">Nguyễn Thị &lt;script&gt;Ngọc</h1>",
        "id=\"unit-name\">Sở Thử nghiệm<",
        "<li>Tỉnh Mẫu</li>",
        "<li>&lt;b&gt;</li>",
        "<dd id=\"acr\">Mức 1</dd>",
        "<dd id=\"amr\">Mật khẩu, x-new</dd>",
        "<dd id=\"auth-time\">02/03/2026 01:05 (UTC+7)</dd>",
        "<code id=\"sub\">1f0c</code>",
        "<code id=\"sid\">sid-77</code>",
        "id=\"other-app\" href=\"http://localhost:4713/\"",
        "<form method=\"post\" action=\"/logout\"><button id=\"app-sign-out\">Đăng xuất",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("app-sign-in"));
}
