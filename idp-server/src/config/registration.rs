//! `[registration]`: clients that register themselves.

use std::time::Duration;

use idp_core::policy::{
    Preset, RegistrationMode, RegistrationRules, StatementIssuer, StatementKeys,
};

use super::key::Absent::Value;
use super::key::Kind::{Choice, Count, Span, Words};
use super::key::keys;
use super::reader::Reader;

const DAY: Duration = Duration::from_secs(86_400);

keys! {
    "registration.mode": Choice(&["off", "initial_access_token", "open"]), Value("off"), "initial_access_token",
        "Ai được tự đăng ký ứng dụng qua giao thức: không ai, người có mã đăng ký (`idp registration-token`), hay bất kỳ ai.",
        "Who may register clients over the protocol: nobody, who holds an initial access token (`idp registration-token`), or anybody.";
    "registration.scopes": Words, Value("openid, profile, email, phone, address, offline_access"), "openid",
        "Các phạm vi mà ứng dụng tự đăng ký được xin; không bao giờ nên có phạm vi của tỉnh ở đây.",
        "Scopes that such clients may have; those of the province's own services do not belong here.";
    "registration.per_source": Count(1, 100_000), Value("20"), "20",
        "Số lần đăng ký từ một địa chỉ trong một khoảng `registration.window`.",
        "Registrations from one address within `registration.window`.";
    "registration.window": Span(Duration::from_secs(60), DAY), Value("1h"), "1h",
        "Độ dài của khoảng thời gian đó.",
        "The window's length.";
    "registration.unused_after": Span(Duration::from_secs(3_600), Duration::from_secs(365 * 86_400)), Value("7d"), "7d",
        "Ứng dụng do bất kỳ ai đăng ký mà sau thời gian này chưa ai đăng nhập thì bị xóa.",
        "A client that anybody registered is removed when nobody signed in with it for this long.";
    "registration.statement_issuers": Words, Value(""), "https://phanmem.example https://phanmem.example/jwks",
        "Các nơi được tin khi chứng nhận phần mềm (software statement): issuer, dấu cách, rồi địa chỉ https của bộ khóa.",
        "Whose software statements are believed: the issuer, a blank, the https address of its key set.";
}

pub(super) fn read(reader: &mut Reader<'_>, preset: Preset) -> RegistrationRules {
    let certifies = preset == Preset::Certification;
    let mode = match reader.text("registration.mode").as_str() {
        "open" => RegistrationMode::Open,
        "initial_access_token" => RegistrationMode::InitialAccessToken,
        _ if certifies => RegistrationMode::Open,
        _ => RegistrationMode::Off,
    };
    let per_source = reader.count_u32("registration.per_source");
    RegistrationRules {
        mode,
        scopes: reader.words("registration.scopes"),
        // A conformance suite registers hundreds of clients from one address.
        per_source: if certifies { u32::MAX } else { per_source },
        window: reader.span("registration.window"),
        unused: reader.span("registration.unused_after"),
        statements: statements(reader),
        certifies,
    }
}

fn statements(reader: &mut Reader<'_>) -> Vec<StatementIssuer> {
    let key = "registration.statement_issuers";
    let mut issuers = Vec::new();
    for text in reader.words(key) {
        match text.split_once(' ') {
            Some((issuer, uri)) if uri.starts_with("https://") && !uri.contains(' ') => {
                issuers.push(StatementIssuer {
                    issuer: issuer.to_owned(),
                    keys: StatementKeys::Uri(uri.to_owned()),
                });
            }
            _ => reader.problem(
                key,
                format!("`{text}` is not an issuer and the https address of its keys"),
                "\"https://issuer.example https://issuer.example/jwks\"",
            ),
        }
    }
    issuers
}
