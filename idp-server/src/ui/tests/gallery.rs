//! One of each page with invented people, for tests and for looking at.
//! `IDP_UI_GALLERY=<folder> cargo test -p idp-server --lib gallery` writes them as files.

use std::fs;
use std::path::Path;

use idp_core::base::refusal::Reason;

use super::super::pages::*;
use super::super::{ASSETS_PATH, Branding, BrandingInput, Danger, Html, Locale, Pages, View};

pub(super) fn plain_input() -> BrandingInput {
    BrandingInput {
        province_name_vi: "Tỉnh Bình Minh".to_owned(),
        province_name_en: "Binh Minh Province".to_owned(),
        primary_colour: "#0b4f8a".to_owned(),
        ..BrandingInput::default()
    }
}

fn full_input() -> BrandingInput {
    BrandingInput {
        support_text_vi: Some("Trung tâm Chuyển đổi số, các ngày làm việc 7:30–17:00".to_owned()),
        support_text_en: Some("Digital Transformation Centre, working days 7:30–17:00".to_owned()),
        support_phone: Some("(0299) 3 811 022".to_owned()),
        support_mail: Some("hotro@binhminh.example".to_owned()),
        danger: Some(Danger::Demonstration),
        ..plain_input()
    }
}

pub(super) fn branding() -> Branding {
    Branding::parse(full_input()).unwrap()
}

pub(super) fn pages_of(input: BrandingInput) -> Pages {
    Pages::new(Branding::parse(input).unwrap()).unwrap()
}

pub(super) fn pages() -> Pages {
    pages_of(full_input())
}

fn form(action: &str) -> FormTarget {
    FormTarget {
        action: action.to_owned(),
        csrf: "csrf-value".to_owned(),
    }
}

pub(super) fn sign_in() -> SignInPage {
    SignInPage {
        form: form("/sign-in"),
        pending: Some("pending-value".to_owned()),
        user_code: None,
        application: Some("Hệ thống Quản lý văn bản và điều hành".to_owned()),
        user_name: String::new(),
        again: false,
        forgotten_path: "/password/forgotten".to_owned(),
        certificate_path: Some("/sign-in/certificate".to_owned()),
        refusal: None,
    }
}

fn refused_sign_in(refusal: SignInRefusal) -> SignInPage {
    SignInPage {
        user_name: "anhdtn.snv".to_owned(),
        refusal: Some(refusal),
        ..sign_in()
    }
}

fn certificate(reason: Option<Reason>, agents: bool) -> CertificatePage {
    let to_sign = || ToSign {
        handle: "challenge-value".to_owned(),
        octets: b"challenge".to_vec(),
    };
    CertificatePage {
        form: form("/sign-in/certificate"),
        pending: Some("pending-value".to_owned()),
        user_code: None,
        application: Some("Hệ thống Quản lý văn bản và điều hành".to_owned()),
        by_agent: agents.then(|| (to_sign(), vec![SigningAgent::Vgca])),
        by_file: to_sign(),
        password_path: agents.then(|| "/sign-in".to_owned()),
        refusal: reason.and_then(CertificateRefusal::of),
    }
}

fn certificate_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let shown = |reason, agents| pages.render(&certificate(reason, agents), view);
    vec![
        ("certificate", shown(None, true)),
        ("certificate-file-only", shown(None, false)),
        (
            "certificate-unmapped",
            shown(Some(Reason::SignInCertificateNotMapped), true),
        ),
    ]
}

fn new_password(reason: NewPasswordReason) -> NewPasswordPage {
    NewPasswordPage {
        form: form("/activate"),
        token: Some("token-value".to_owned()),
        pending: None,
        user_name: "anhdtn.snv".to_owned(),
        reason,
        asks_current: false,
        rules: PasswordRules {
            min_length: 10,
            max_length: 128,
            recent_barred: 5,
        },
        refusal: None,
    }
}

pub(super) fn choose_position() -> ChoosePositionPage {
    let choice = |value: &str, title: &str, unit: &str, path: &[&str], main| PositionChoice {
        value: value.to_owned(),
        title: title.to_owned(),
        unit_name: unit.to_owned(),
        unit_path: path.iter().map(|&name| name.to_owned()).collect(),
        main,
    };
    ChoosePositionPage {
        form: form("/choose-position"),
        pending: "pending-value".to_owned(),
        application: "Hệ thống Quản lý văn bản và điều hành".to_owned(),
        positions: vec![
            choice(
                "pos-1",
                "Phó Trưởng phòng",
                "Phòng Tổ chức bộ máy và Công chức, viên chức",
                &["UBND tỉnh Bình Minh", "Sở Nội vụ"],
                true,
            ),
            choice(
                "pos-2",
                "Thành viên Tổ công tác",
                "Tổ công tác Cải cách hành chính",
                &["UBND tỉnh Bình Minh"],
                false,
            ),
            choice(
                "pos-3",
                "Ủy viên",
                "Hội đồng Thi đua – Khen thưởng",
                &[],
                false,
            ),
        ],
    }
}

pub(super) fn consent() -> ConsentPage {
    let scope = |name: &str| RequestedScope {
        name: name.to_owned(),
        description: None,
    };
    ConsentPage {
        form: form("/consent"),
        pending: "pending-value".to_owned(),
        client: ClientCard {
            name: "Sổ tay Khảo sát xã Tân Hòa".to_owned(),
            unchecked: false,
            logo: None,
            host: Some("khaosat.tanhoa.example".to_owned()),
            policy_uri: Some("https://khaosat.tanhoa.example/chinh-sach".to_owned()),
            tos_uri: Some("https://khaosat.tanhoa.example/dieu-khoan".to_owned()),
        },
        scopes: vec![
            scope("profile"),
            scope("email"),
            scope("unit"),
            RequestedScope {
                name: "survey:answers".to_owned(),
                description: Some("Câu trả lời khảo sát mà bạn đã gửi.".to_owned()),
            },
            scope("offline_access"),
        ],
        details: vec![RequestedDetail {
            kind: "ky-van-ban".to_owned(),
            identifier: Some("H99-0001/2026".to_owned()),
            locations: vec!["https://ky.binhminh.example".to_owned()],
            actions: vec!["ký".to_owned(), "đóng dấu".to_owned()],
            datatypes: vec!["văn bản đi".to_owned()],
            privileges: vec!["văn thư".to_owned()],
            others: vec!["thoi-han".to_owned()],
        }],
        claims: vec![],
        person: "Đặng Thị Ngọc Ánh".to_owned(),
        shown_to: "person-value".to_owned(),
    }
}

fn all_scopes() -> ConsentPage {
    let names = [
        "openid",
        "profile",
        "email",
        "phone",
        "address",
        "roles",
        "unit",
        "positions",
        "unit_codes",
        "x",
    ];
    ConsentPage {
        claims: ["birthdate", "gender"]
            .map(|name| RequestedClaim {
                name: name.to_owned(),
            })
            .to_vec(),
        client: ClientCard {
            unchecked: true,
            ..consent().client
        },
        scopes: names
            .map(|name| RequestedScope {
                name: name.to_owned(),
                description: None,
            })
            .to_vec(),
        ..consent()
    }
}

fn applications() -> Vec<String> {
    vec![
        "Hệ thống Quản lý văn bản và điều hành".to_owned(),
        "Thư điện tử công vụ".to_owned(),
    ]
}

fn confirm_sign_out() -> ConfirmSignOutPage {
    ConfirmSignOutPage {
        form: form("/sign-out"),
        pending: Some("pending-value".to_owned()),
        person: "Đặng Thị Ngọc Ánh".to_owned(),
        client: Some("Thư điện tử công vụ".to_owned()),
        applications: applications(),
        stay_path: "/".to_owned(),
    }
}

fn signed_out() -> SignedOutPage {
    SignedOutPage {
        applications: applications(),
        frames: vec!["/frame?iss=i&sid=s".to_owned()],
        back: Some(BackLink {
            name: "Thư điện tử công vụ".to_owned(),
            href: "https://thu.binhminh.example/".to_owned(),
        }),
        sign_in_path: "/sign-in".to_owned(),
    }
}

fn signing_out() -> SigningOutPage {
    SigningOutPage {
        applications: applications(),
        frames: vec!["/frame?iss=i&sid=s".to_owned()],
        continue_address: "https://thu.binhminh.example/bye?state=s".to_owned(),
    }
}

fn error(kind: ErrorKind) -> ErrorPage {
    ErrorPage {
        kind,
        reason: (kind == ErrorKind::BadRedirectUri).then_some("redirect_uri_mismatch"),
        request_id: Some("7f3c2a9e-51d0-4c1b".to_owned()),
        at: "2026-03-02T01:05:00Z".parse().ok(),
        retry_after: None,
        application: (kind == ErrorKind::SpentRequest).then(|| BackLink {
            name: "Thư điện tử công vụ".to_owned(),
            href: "https://thu.binhminh.example/".to_owned(),
        }),
        home_path: Some("/".to_owned()),
    }
}

pub(super) fn account() -> AccountPage {
    let position = |title: &str, unit: &str, path: &[&str], main| PositionLine {
        title: title.to_owned(),
        unit_name: unit.to_owned(),
        unit_path: path.iter().map(|&name| name.to_owned()).collect(),
        main,
    };
    AccountPage {
        full_name: "Đặng Thị Ngọc Ánh".to_owned(),
        user_name: "anhdtn.snv".to_owned(),
        positions: vec![
            position(
                "Phó Trưởng phòng",
                "Phòng Tổ chức bộ máy và Công chức, viên chức",
                &["UBND tỉnh Bình Minh", "Sở Nội vụ"],
                true,
            ),
            position("Ủy viên", "Hội đồng Thi đua – Khen thưởng", &[], false),
        ],
        roles: vec![
            "Quản trị viên đơn vị".to_owned(),
            "Người duyệt văn bản".to_owned(),
        ],
        signed_in_at: "2026-03-02T18:05:00Z".parse().ok(),
        ends_at: "2026-03-03T04:05:00Z".parse().ok(),
        sign_out: form("/sign-out"),
        change_password_path: "/password/change".to_owned(),
        access_path: "/account/access".to_owned(),
    }
}

pub(super) fn access() -> AccessPage {
    let scope = |name: &str| RequestedScope {
        name: name.to_owned(),
        description: None,
    };
    let session = |number: u32, user_agent: &str| SessionLine {
        session: format!("session-{number}"),
        user_agent: user_agent.to_owned(),
        signed_in_at: "2026-03-02T18:05:00Z".parse().ok(),
        last_seen_at: "2026-03-02T18:45:00Z".parse().ok(),
        current: number == 1,
    };
    AccessPage {
        withdraw: form("/account/withdraw"),
        end_session: form("/account/end-session"),
        launches: vec![LaunchLink {
            name: "Hệ thống Quản lý văn bản và điều hành".to_owned(),
            address: "https://qlvb.binhminh.example/start?iss=i".to_owned(),
        }],
        applications: vec![
            AllowedApplication {
                client: "khaosat".to_owned(),
                name: "Sổ tay Khảo sát xã Tân Hòa".to_owned(),
                scopes: ["openid", "profile", "email"].map(scope).into(),
                claims: vec![RequestedClaim {
                    name: "birthdate".to_owned(),
                }],
                since: "2026-02-27T02:05:00Z".parse().ok(),
            },
            AllowedApplication {
                client: "lich".to_owned(),
                name: "Lịch công tác dùng chung".to_owned(),
                scopes: ["openid", "offline_access"].map(scope).into(),
                claims: vec![],
                since: "2026-03-01T02:05:00Z".parse().ok(),
            },
        ],
        sessions: vec![
            session(
                1,
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ),
            session(
                2,
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/140.0.0.0 Mobile Safari/537.36",
            ),
            session(3, "curl/8"),
        ],
        done: None,
        home_path: "/".to_owned(),
    }
}

/// Every page, with every kind of refusal.
pub(super) fn every_page(pages: &Pages, locale: Locale) -> Vec<(&'static str, Html)> {
    let view = View {
        locale,
        other_language: Some(format!("?lang={}", locale.other().tag())),
    };
    let mut all = sign_in_pages(pages, &view);
    all.extend(certificate_pages(pages, &view));
    all.extend(password_pages(pages, &view));
    all.extend(other_pages(pages, &view));
    all.extend(device_pages(pages, &view));
    all.extend(error_pages(pages, &view));
    all
}

fn sign_in_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let refused = |refusal| pages.render(&refused_sign_in(refusal), view);
    let again = SignInPage {
        again: true,
        user_name: "anhdtn.snv".to_owned(),
        ..sign_in()
    };
    vec![
        ("sign-in", pages.render(&sign_in(), view)),
        ("sign-in-again", pages.render(&again, view)),
        ("sign-in-wrong", refused(SignInRefusal::WrongCredentials)),
        (
            "sign-in-throttled",
            refused(SignInRefusal::Throttled { minutes: 15 }),
        ),
        (
            "sign-in-busy",
            refused(SignInRefusal::Busy { retry_after: 20 }),
        ),
    ]
}

fn password_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let sign_in_path = || "/sign-in".to_owned();
    let refused = |refusal| {
        let page = NewPasswordPage {
            refusal: Some(refusal),
            asks_current: true,
            ..new_password(NewPasswordReason::MustChange)
        };
        pages.render(&page, view)
    };
    let change = NewPasswordPage {
        asks_current: true,
        token: None,
        ..new_password(NewPasswordReason::Change)
    };
    let link = |problem| {
        pages.render(
            &LinkProblemPage {
                problem,
                sign_in_path: sign_in_path(),
            },
            view,
        )
    };
    let saved = |signed_in| {
        pages.render(
            &PasswordSavedPage {
                continue_path: sign_in_path(),
                signed_in,
            },
            view,
        )
    };
    let forgotten = ForgottenPasswordPage {
        sign_in_path: sign_in_path(),
    };
    vec![
        ("forgotten", pages.render(&forgotten, view)),
        (
            "activate",
            pages.render(&new_password(NewPasswordReason::Activation), view),
        ),
        (
            "reset",
            pages.render(&new_password(NewPasswordReason::Reset), view),
        ),
        (
            "must-change",
            pages.render(&new_password(NewPasswordReason::MustChange), view),
        ),
        ("change-password", pages.render(&change, view)),
        ("password-short", refused(NewPasswordRefusal::TooShort)),
        ("password-long", refused(NewPasswordRefusal::TooLong)),
        ("password-common", refused(NewPasswordRefusal::TooCommon)),
        (
            "password-user-name",
            refused(NewPasswordRefusal::ContainsUserName),
        ),
        ("password-used", refused(NewPasswordRefusal::UsedBefore)),
        ("password-differs", refused(NewPasswordRefusal::Differs)),
        (
            "password-current",
            refused(NewPasswordRefusal::WrongCurrent),
        ),
        ("link-expired", link(LinkProblem::Expired)),
        ("link-unknown", link(LinkProblem::Unknown)),
        ("password-saved", saved(false)),
        ("password-saved-signed-in", saved(true)),
    ]
}

fn other_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let bare_account = AccountPage {
        positions: vec![],
        roles: vec![],
        ..account()
    };
    let word = "Wwwwwwwwww".repeat(12);
    let long_account = AccountPage {
        full_name: word.clone(),
        user_name: word.clone(),
        ..account()
    };
    let long_client = ClientCard {
        name: word.clone(),
        host: Some(word.clone()),
        ..consent().client
    };
    let long_consent = ConsentPage {
        client: long_client,
        person: word,
        ..consent()
    };
    let plain_sign_out = ConfirmSignOutPage {
        client: None,
        applications: vec![],
        ..confirm_sign_out()
    };
    let plain_signed_out = SignedOutPage {
        back: None,
        applications: vec![],
        frames: vec![],
        ..signed_out()
    };
    let alone = AccessPage {
        launches: vec![],
        applications: vec![],
        sessions: access().sessions.into_iter().take(1).collect(),
        done: Some(AccessDone::Withdrawn),
        ..access()
    };
    let ended = AccessPage {
        done: Some(AccessDone::Ended),
        ..access()
    };
    let welcome = WelcomePage {
        sign_in_path: "/sign-in".to_owned(),
    };
    vec![
        ("choose-position", pages.render(&choose_position(), view)),
        ("consent", pages.render(&consent(), view)),
        ("consent-all", pages.render(&all_scopes(), view)),
        ("confirm-sign-out", pages.render(&confirm_sign_out(), view)),
        (
            "confirm-sign-out-plain",
            pages.render(&plain_sign_out, view),
        ),
        ("signed-out", pages.render(&signed_out(), view)),
        ("signed-out-plain", pages.render(&plain_signed_out, view)),
        ("signing-out", pages.render(&signing_out(), view)),
        ("welcome", pages.render(&welcome, view)),
        ("account", pages.render(&account(), view)),
        ("account-bare", pages.render(&bare_account, view)),
        ("account-long", pages.render(&long_account, view)),
        ("consent-long", pages.render(&long_consent, view)),
        ("access", pages.render(&access(), view)),
        ("access-alone", pages.render(&alone, view)),
        ("access-ended", pages.render(&ended, view)),
    ]
}

fn device_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let asked = |user_code: &str, refusal| DeviceCodePage {
        form: form("/device"),
        user_code: user_code.to_owned(),
        refusal,
    };
    let throttled = DeviceCodeRefusal::Throttled { minutes: 15 };
    let confirm = |same_network| ConfirmDevicePage {
        form: form("/device/answer"),
        user_code: "BCDF-GHJK".to_owned(),
        client: consent().client,
        scopes: consent().scopes,
        details: consent().details,
        person: "Đặng Thị Ngọc Ánh".to_owned(),
        shown_to: "person-value".to_owned(),
        network: "203.0.113.0/24".to_owned(),
        same_network,
        asked_at: chrono::DateTime::from_timestamp(1_790_000_000, 0),
    };
    let done = |approved| DeviceDonePage {
        approved,
        application: "Màn hình công khai".to_owned(),
        home_path: "/".to_owned(),
    };
    let wrong = asked("BCDF-GHJL", Some(DeviceCodeRefusal::Unknown));
    vec![
        ("device", pages.render(&asked("", None), view)),
        ("device-wrong", pages.render(&wrong, view)),
        (
            "device-throttled",
            pages.render(&asked("", Some(throttled)), view),
        ),
        ("device-confirm", pages.render(&confirm(true), view)),
        ("device-confirm-far", pages.render(&confirm(false), view)),
        ("device-approved", pages.render(&done(true), view)),
        ("device-refused", pages.render(&done(false), view)),
    ]
}

fn error_pages(pages: &Pages, view: &View) -> Vec<(&'static str, Html)> {
    let names = [
        "error-unknown-client",
        "error-redirect-uri",
        "error-malformed",
        "error-expired",
        "error-cross-site",
        "error-not-found",
        "error-too-many",
        "error-unfinished",
        "error-busy",
        "error-internal",
    ];
    names
        .into_iter()
        .zip(ErrorKind::ALL)
        .map(|(name, kind)| {
            let waits = matches!(
                kind,
                ErrorKind::TooManyRequests | ErrorKind::TooManySignIns | ErrorKind::ServerBusy
            );
            let page = ErrorPage {
                retry_after: waits.then_some(30),
                ..error(kind)
            };
            (name, pages.render(&page, view))
        })
        .collect()
}

/// Writes all pages and the static files they name below `folder`.
fn write_gallery(folder: &Path, pages: &Pages) -> usize {
    let assets = folder.join(ASSETS_PATH.trim_matches('/'));
    fs::create_dir_all(&assets).unwrap();
    let mut written = 0;
    for locale in Locale::ALL {
        for (name, html) in every_page(pages, locale) {
            let html = html.as_str();
            fs::write(folder.join(format!("{name}.{}.html", locale.tag())), html).unwrap();
            written += 1;
        }
    }
    for file in pages.static_files() {
        fs::write(assets.join(file), &pages.static_file(file).unwrap().bytes).unwrap();
    }
    written
}

#[test]
fn the_gallery_shows_every_page_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let chosen = std::env::var_os("IDP_UI_GALLERY");
    let folder = chosen.as_ref().map_or(folder.path(), Path::new);
    let mut input = full_input();
    if let Ok(colour) = std::env::var("IDP_UI_COLOUR") {
        input.primary_colour = colour;
    }
    assert_eq!(
        write_gallery(folder, &pages_of(input)),
        2 * (5 + 3 + 17 + 15 + 7 + 10)
    );
    assert!(folder.join("sign-in.vi.html").is_file());
}
