//! `[issuer]`: who we are.

use std::time::Duration;

use idp_core::base::issuer::{Issuer, IssuerKey};
use idp_core::jose::SigningAlgorithm;

use super::key::Absent::{Required, Value};
use super::key::Kind::{Choice, Span, Switch, Text};
use super::key::keys;
use super::reader::Reader;

keys! {
    "issuer.url": Text, Required, "https://sso.tinh.example",
        "Địa chỉ của hệ thống, cũng là `iss` trong mọi token. Không đổi được nữa khi đã có ứng dụng dùng. https, không có dấu / ở cuối; http chỉ cho localhost.",
        "The system's address, which is also the `iss` of every token. It cannot change once applications use it. https, no slash at the end; http on localhost only.";
    "issuer.key": Text, Value("main"), "main",
        "Tên ngắn của nhà phát hành trong kho dữ liệu: 1–32 ký tự a-z, 0-9, -. Không đổi được nữa.",
        "The issuer's short name inside the store: 1–32 of a-z, 0-9, -. It cannot change later.";
    "issuer.clock_skew": Span(Duration::ZERO, Duration::from_secs(300)), Value("30s"), "30s",
        "Chênh lệch đồng hồ được chấp nhận trong chứng thực do bên khác ký.",
        "The clock difference accepted in assertions that others sign.";
    "issuer.default_algorithm": Choice(&["ES256", "EdDSA", "PS256", "RS256"]), Value("ES256"), "ES256",
        "Thuật toán ký access token, và ID token của ứng dụng mới.",
        "The algorithm that signs access tokens, and ID Tokens of new clients.";
    "issuer.require_pushed": Switch, Value("false"), "false",
        "Mọi ứng dụng phải gửi trước yêu cầu uỷ quyền (PAR), không chỉ những ứng dụng đăng ký như vậy.",
        "Every application must push its authorization requests (PAR), not only those registered so.";
}

/// Who we are.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// The issuer identifier.
    pub url: Issuer,
    /// Its key in the store.
    pub key: IssuerKey,
    /// Tolerated clock difference.
    pub clock_skew: Duration,
    /// The default signing algorithm.
    pub default_algorithm: SigningAlgorithm,
    /// Whether every application must push its authorization requests.
    pub require_pushed: bool,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<IssuerSettings> {
    let url = reader
        .optional_text("issuer.url")
        .map(|text| Issuer::parse(&text));
    if let Some(Err(error)) = &url {
        reader.problem(
            "issuer.url",
            error.to_string(),
            "an address like \"https://sso.tinh.example\"",
        );
    }
    let key = IssuerKey::new(&reader.text("issuer.key"));
    if key.is_none() {
        reader.problem(
            "issuer.key",
            "it is not a key",
            "1 to 32 characters of a-z, 0-9 and -",
        );
    }
    let algorithm = reader.text("issuer.default_algorithm");
    let clock_skew = reader.span("issuer.clock_skew");
    let require_pushed = reader.switch("issuer.require_pushed");
    Some(IssuerSettings {
        url: url?.ok()?,
        key: key?,
        clock_skew,
        default_algorithm: SigningAlgorithm::parse(&algorithm).ok()?,
        require_pushed,
    })
}
