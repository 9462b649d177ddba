//! `idp client add --profile`: safe values under one name, each with its reason.

use idp_admin_api::client::{ClientAuthenticationMethod, ClientKind, ConsentRule, GrantType};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::args::{ClientFields, Profile};
use crate::cli::failure::Failure;
use crate::cli::language::{Text, text};

/// One value that a profile sets.
pub(super) struct Setting {
    /// The option, or the feature by its registered name.
    pub(super) name: &'static str,
    /// Its value; several are separated by blanks.
    pub(super) value: &'static str,
    /// Why.
    pub(super) why: Text,
}

const fn setting(
    name: &'static str,
    value: &'static str,
    vi: &'static str,
    en: &'static str,
) -> Setting {
    let why = text(vi, en);
    Setting { name, value, why }
}

const CODE: Setting = setting(
    "grant_type",
    "authorization_code refresh_token",
    "Mã một lần, rồi token làm mới được thay sau mỗi lần dùng (RFC 9700).",
    "A single-use code, then refresh tokens that are replaced at every use (RFC 9700).",
);
const PUBLIC: Setting = setting(
    "auth_method",
    "none",
    "Ai cũng mở được chương trình này, nên nó không giữ bí mật; PKCE bảo vệ mã.",
    "Anybody can take this program apart, so it keeps no secret; PKCE protects its codes.",
);
const KEY: Setting = setting(
    "auth_method",
    "private_key_jwt",
    "Chứng minh bằng khóa riêng: không bí mật nào đi qua mạng. Cần --jwks hoặc --jwks-uri.",
    "Proves itself by a private key: no secret crosses the network. Needs --jwks or --jwks-uri.",
);
const PUSHED: Setting = setting(
    "require_pushed_authorization_requests",
    "true",
    "Yêu cầu đi thẳng từ máy chủ tới máy chủ, trình duyệt không sửa được (FAPI 2.0 §5.3.2).",
    "Requests go from server to server, where no browser changes them (FAPI 2.0 §5.3.2).",
);
const BOUND: Setting = setting(
    "dpop_bound_access_tokens",
    "true",
    "Token bị lấy cắp thì vô dụng nếu không có khóa (FAPI 2.0 §5.3.2).",
    "A stolen token is of no use without the key (FAPI 2.0 §5.3.2).",
);
const EVERYWHERE: Setting = setting(
    "id_token_alg",
    "RS256",
    "Thư viện nào cũng nhận RS256 khi không cấu hình gì (OpenID Connect Core §15.1); nhiều thư viện phổ biến từ chối ES256. Nếu đặt được: --id-token-alg ES256.",
    "Every library takes RS256 without configuration (OpenID Connect Core §15.1), and several common ones refuse ES256. Where it can be set: --id-token-alg ES256.",
);

const WEB: &[Setting] = &[
    setting(
        "auth_method",
        "client_secret_basic",
        "Máy chủ giữ được bí mật; dùng private_key_jwt nếu thư viện có.",
        "A server keeps a secret; use private_key_jwt where the library can.",
    ),
    EVERYWHERE,
    CODE,
];
const SPA: &[Setting] = &[
    PUBLIC,
    CODE,
    setting(
        "access_token_seconds",
        "300",
        "Script lạ lọt vào trang thì token lấy được cũng mau hết hạn.",
        "What strange script takes from the page ends soon.",
    ),
];
const NATIVE: &[Setting] = &[PUBLIC, CODE];
const DEVICE: &[Setting] = &[
    PUBLIC,
    setting(
        "grant_type",
        "urn:ietf:params:oauth:grant-type:device_code refresh_token",
        "Thiết bị không có trình duyệt: người dùng xác nhận trên máy khác (RFC 8628).",
        "The device has no browser: the person confirms on another one (RFC 8628).",
    ),
    setting(
        "consent",
        "ask",
        "Ai cũng gửi được mã thiết bị cho người khác, nên luôn hỏi lại (RFC 8628 §5.4).",
        "Anybody can send somebody a device code, so it is always asked (RFC 8628 §5.4).",
    ),
];
const SERVICE: &[Setting] = &[
    KEY,
    setting(
        "assertion_audience",
        "issuer",
        "Khẳng định chỉ dành cho issuer, nên máy chủ lạ không dùng lại được. Thư viện cũ chỉ biết ghi địa chỉ token: --set assertion_audience=any.",
        "Assertions are for the issuer alone, so that no other server can use them here. For old libraries that only know the token endpoint: --set assertion_audience=any.",
    ),
    setting(
        "grant_type",
        "client_credentials",
        "Hệ thống hành động cho chính nó, không thay ai.",
        "The system acts for itself and for nobody else.",
    ),
];
const FAPI2: &[Setting] = &[KEY, CODE, PUSHED, BOUND];
const FAPI2_MESSAGE_SIGNING: &[Setting] = &[
    KEY,
    CODE,
    PUSHED,
    BOUND,
    setting(
        "require_signed_request_object",
        "true",
        "Yêu cầu được ký, không chối được (FAPI 2.0 Message Signing §5.3).",
        "Requests are signed and cannot be denied later (FAPI 2.0 Message Signing §5.3).",
    ),
    setting(
        "authorization_signed_response_alg",
        "ES256",
        "Câu trả lời cũng được ký (JARM).",
        "Answers are signed too (JARM).",
    ),
];
const LEGACY: &[Setting] = &[
    setting(
        "auth_method",
        "client_secret_post",
        "Thư viện cũ gửi bí mật trong thân yêu cầu.",
        "Old libraries send the secret in the body.",
    ),
    EVERYWHERE,
    setting(
        "pkce_optional",
        "true",
        "Ứng dụng cũ không biết PKCE; bù lại mã chỉ đổi được bằng bí mật và dùng một lần.",
        "Old applications do not know PKCE; their codes still need the secret and are used once.",
    ),
    CODE,
];

/// What a profile sets.
pub(super) const fn settings(profile: Profile) -> &'static [Setting] {
    match profile {
        Profile::Web => WEB,
        Profile::Spa => SPA,
        Profile::Native => NATIVE,
        Profile::Device => DEVICE,
        Profile::Service => SERVICE,
        Profile::Fapi2 => FAPI2,
        Profile::Fapi2MessageSigning => FAPI2_MESSAGE_SIGNING,
        Profile::Legacy => LEGACY,
    }
}

/// The kind of program that a profile is for.
pub(super) const fn kind(profile: Profile) -> ClientKind {
    match profile {
        Profile::Spa => ClientKind::Spa,
        Profile::Native => ClientKind::Native,
        Profile::Device => ClientKind::Device,
        Profile::Service => ClientKind::Service,
        Profile::Web | Profile::Fapi2 | Profile::Fapi2MessageSigning | Profile::Legacy => {
            ClientKind::Web
        }
    }
}

/// Fills in what was not said otherwise; answers the settings that took effect.
pub(super) fn apply(
    profile: Profile,
    fields: &mut ClientFields,
) -> Result<Vec<&'static Setting>, Failure> {
    let mut taken = Vec::new();
    for setting in settings(profile) {
        if fill(setting, fields)? {
            taken.push(setting);
        }
    }
    fields.set.push(format!("profile={}", profile.wire_name()));
    Ok(taken)
}

fn fill(setting: &Setting, fields: &mut ClientFields) -> Result<bool, Failure> {
    let value = setting.value;
    match setting.name {
        "auth_method" => put(&mut fields.auth_method, || {
            read::<ClientAuthenticationMethod>(value)
        }),
        "grant_type" => put(&mut fields.grant_type, || {
            value.split(' ').map(read::<GrantType>).collect()
        }),
        "consent" => put(&mut fields.consent, || read::<ConsentRule>(value)),
        "id_token_alg" => put(&mut fields.id_token_alg, || Ok(value.to_owned())),
        "access_token_seconds" => put(&mut fields.access_token_seconds, || {
            value.parse().map_err(|_| Failure::failed(value.to_owned()))
        }),
        feature => {
            let said = format!("{feature}=");
            if fields.set.iter().any(|set| set.starts_with(&said)) {
                return Ok(false);
            }
            fields.set.push(format!("{said}{value}"));
            Ok(true)
        }
    }
}

fn put<T>(field: &mut Option<T>, make: impl Fn() -> Result<T, Failure>) -> Result<bool, Failure> {
    if field.is_some() {
        return Ok(false);
    }
    *field = Some(make()?);
    Ok(true)
}

fn read<T: DeserializeOwned>(name: &str) -> Result<T, Failure> {
    serde_json::from_value(Value::from(name)).map_err(|e| Failure::failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_setting_of_every_profile_is_a_value_that_exists() {
        for profile in Profile::value_variants() {
            let mut fields = ClientFields::default();
            let taken = apply(*profile, &mut fields).unwrap();
            assert_eq!(taken.len(), settings(*profile).len(), "{profile:?}");
            let patch = super::super::client_features::patch(&fields.set).unwrap();
            assert!(patch.contains_key("profile"), "{profile:?}");
            assert!(fields.grant_type.is_some() && fields.auth_method.is_some());
        }
    }

    #[test]
    fn what_was_said_otherwise_stays() {
        let mut fields = ClientFields {
            auth_method: Some(ClientAuthenticationMethod::TlsClientAuth),
            set: vec!["dpop_bound_access_tokens=false".into()],
            ..ClientFields::default()
        };
        let taken = apply(Profile::Fapi2, &mut fields).unwrap();
        let names: Vec<_> = taken.iter().map(|s| s.name).collect();
        assert_eq!(
            names,
            ["grant_type", "require_pushed_authorization_requests"]
        );
        assert_eq!(
            fields.auth_method,
            Some(ClientAuthenticationMethod::TlsClientAuth)
        );
    }
}
