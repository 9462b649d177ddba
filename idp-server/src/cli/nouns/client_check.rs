//! `idp client check`: what is weak about registered applications, and what to do.

use idp_admin_api::client::{Client, ClientAuthenticationMethod as Method, ClientKind, GrantType};
use idp_admin_api::client_features::ClientProfile;
use serde::Serialize;

use crate::cli::language::{Language, Text, text};
use crate::cli::output::{Column, column};

/// One weakness of one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) client_id: String,
    /// Its stable name.
    pub(super) finding: &'static str,
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

pub(super) const COLUMNS: &[Column<Finding>] = &[
    column("client_id", text("Ứng dụng", "Application"), |f, _| {
        f.client_id.clone()
    }),
    column("finding", text("Điểm yếu", "Finding"), |f, _| {
        f.finding.to_owned()
    }),
    column("what", text("Vì sao", "Why"), |f, _| f.what.to_owned()),
    column("remedy", text("Cách sửa", "Remedy"), |f, _| {
        f.remedy.to_owned()
    }),
];

/// A year in seconds.
const YEAR: i64 = 365 * 86_400;

/// What a check looks at: the application, and now in Unix seconds.
struct Facts<'a> {
    client: &'a Client,
    now: i64,
}

struct Check {
    name: &'static str,
    weak: fn(&Facts<'_>) -> bool,
    what: Text,
    remedy: Text,
}

const CHECKS: &[Check] = &[
    Check {
        name: "pkce_optional",
        weak: |f| f.client.features.pkce_optional,
        what: text(
            "Mã bị chặn giữa đường có thể đem đổi lấy token: ứng dụng không bắt buộc PKCE.",
            "An intercepted code could be redeemed: PKCE is not required.",
        ),
        remedy: text(
            "Nâng cấp thư viện rồi chạy: idp client edit ID --set pkce_optional=",
            "Upgrade the library, then: idp client edit ID --set pkce_optional=",
        ),
    },
    Check {
        name: "token_in_address",
        weak: |f| f.client.grant_types.contains(&GrantType::Implicit),
        what: text(
            "Token đi qua thanh địa chỉ của trình duyệt (RFC 9700 §2.1.2).",
            "Tokens travel in the browser's address (RFC 9700 §2.1.2).",
        ),
        remedy: text(
            "Chỉ dùng response type `code`.",
            "Use the response type `code` only.",
        ),
    },
    Check {
        name: "secret_in_body",
        weak: |f| f.client.token_endpoint_auth_method == Method::ClientSecretPost,
        what: text(
            "Bí mật nằm trong thân yêu cầu, nơi nhật ký hay chép lại.",
            "The secret is in the body, which logs often copy.",
        ),
        remedy: text(
            "Dùng private_key_jwt, hoặc ít nhất client_secret_basic.",
            "Use private_key_jwt, or at least client_secret_basic.",
        ),
    },
    Check {
        name: "old_secret",
        weak: |f| {
            let made = |text: &str| chrono::DateTime::parse_from_rfc3339(text);
            let old = |text: &str| made(text).is_ok_and(|at| f.now - at.timestamp() > YEAR);
            f.client.secrets.iter().any(|s| old(&s.created_at))
        },
        what: text("Bí mật đã hơn một năm.", "A secret is older than a year."),
        remedy: text(
            "Thay bằng: idp client rotate-secret ID",
            "Replace it: idp client rotate-secret ID",
        ),
    },
    Check {
        name: "bearer_tokens",
        weak: |f| {
            let features = &f.client.features;
            let bound = features.dpop_bound_access_tokens
                || features.tls_client_certificate_bound_access_tokens;
            is_fapi(f.client) && !bound
        },
        what: text(
            "Ứng dụng FAPI nhưng token không gắn với khóa nào: ai cầm cũng dùng được.",
            "A FAPI application whose tokens are bound to no key: whoever holds one may use it.",
        ),
        remedy: text(
            "idp client edit ID --set dpop_bound_access_tokens=true, hoặc gắn với chứng thư TLS.",
            "idp client edit ID --set dpop_bound_access_tokens=true, or bind them to its TLS certificate.",
        ),
    },
    Check {
        name: "requests_not_pushed",
        weak: |f| is_fapi(f.client) && !f.client.features.require_pushed_authorization_requests,
        what: text(
            "Ứng dụng FAPI nhưng yêu cầu vẫn đi qua trình duyệt.",
            "A FAPI application whose requests still travel through the browser.",
        ),
        remedy: text(
            "idp client edit ID --set require_pushed_authorization_requests=true",
            "idp client edit ID --set require_pushed_authorization_requests=true",
        ),
    },
    Check {
        name: "plain_http",
        weak: |f| {
            let plain = |uri: &String| uri.starts_with("http://");
            f.client.kind != ClientKind::Native && f.client.redirect_uris.iter().any(plain)
        },
        what: text(
            "Địa chỉ nhận mã là http trên máy cá nhân: chỉ dành cho phát triển.",
            "A redirect address is http on loopback: for development only.",
        ),
        remedy: text(
            "Bỏ địa chỉ đó khỏi ứng dụng chạy thật.",
            "Take it off the application in production.",
        ),
    },
    Check {
        name: "no_unit",
        weak: |f| f.client.unit.is_none(),
        what: text(
            "Không đơn vị nào chịu trách nhiệm về ứng dụng.",
            "No unit answers for the application.",
        ),
        remedy: text(
            "idp client edit ID --unit MÃ",
            "idp client edit ID --unit CODE",
        ),
    },
    Check {
        name: "secret_service",
        weak: |f| {
            f.client.kind == ClientKind::Service
                && matches!(
                    f.client.token_endpoint_auth_method,
                    Method::ClientSecretBasic | Method::ClientSecretPost
                )
        },
        what: text(
            "Hệ thống dùng bí mật chung thay vì khóa riêng hay chứng thư.",
            "The system uses a shared secret rather than a key or a certificate.",
        ),
        remedy: text(
            "Đăng ký khóa: idp client edit ID --auth-method private_key_jwt --jwks-uri ĐỊA_CHỈ",
            "Register its key: idp client edit ID --auth-method private_key_jwt --jwks-uri URL",
        ),
    },
    Check {
        name: "no_logout",
        weak: |f| {
            f.client.kind == ClientKind::Web
                && f.client.backchannel_logout_uri.is_none()
                && f.client.features.frontchannel_logout_uri.is_none()
        },
        what: text(
            "Đăng xuất ở nơi khác thì ứng dụng không biết, phiên ở đó vẫn mở.",
            "It does not hear of sign-outs elsewhere, so its own session stays open.",
        ),
        remedy: text(
            "idp client edit ID --backchannel-logout-uri ĐỊA_CHỈ",
            "idp client edit ID --backchannel-logout-uri URL",
        ),
    },
];

fn is_fapi(client: &Client) -> bool {
    matches!(
        client.features.profile,
        Some(ClientProfile::Fapi2Security | ClientProfile::Fapi2MessageSigning)
    )
}

/// Everything that is weak about an application in use, in the order of the checks.
pub(super) fn findings(client: &Client, now: i64, language: Language) -> Vec<Finding> {
    if client.disabled {
        return Vec::new();
    }
    let facts = Facts { client, now };
    let weak = CHECKS.iter().filter(|check| (check.weak)(&facts));
    weak.map(|check| Finding {
        client_id: client.client_id.clone(),
        finding: check.name,
        what: language.pick(check.what),
        remedy: language.pick(check.remedy),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn client(changed: Value) -> Client {
        let mut sound = json!({
            "client_id": "app", "version": 1, "name": {"vi": "Ứng dụng"}, "kind": "web",
            "disabled": false, "token_endpoint_auth_method": "private_key_jwt", "secrets": [],
            "redirect_uris": ["https://rp.example/cb"], "post_logout_redirect_uris": [],
            "backchannel_logout_uri": "https://rp.example/logout",
            "grant_types": ["authorization_code", "refresh_token"], "scopes": ["openid"],
            "id_token_signed_response_alg": "ES256", "position": "main", "consent": "never",
            "introspects": false, "created_at": "2026-01-01T00:00:00Z",
            "unit": {"id": "01", "code": "H42", "name": {"vi": "Tỉnh"}},
        });
        let Value::Object(changed) = changed else {
            panic!("{changed}")
        };
        sound.as_object_mut().unwrap().extend(changed);
        serde_json::from_value(sound).unwrap()
    }

    fn names(changed: Value) -> Vec<&'static str> {
        let now = 1_790_000_000;
        let found = findings(&client(changed), now, Language::Vi);
        found.into_iter().map(|f| f.finding).collect()
    }

    #[test]
    fn each_weakness_is_found_by_its_own_check() {
        assert!(names(json!({})).is_empty());
        let rs256 = json!({"id_token_signed_response_alg": "RS256"});
        assert!(
            names(rs256).is_empty(),
            "sound, and what most libraries expect"
        );
        let secret = json!([{"created_at": "2024-01-01T00:00:00Z"}]);
        for (changed, expected) in [
            (
                json!({"features": {"pkce_optional": true}}),
                "pkce_optional",
            ),
            (
                json!({"grant_types": ["authorization_code", "implicit"]}),
                "token_in_address",
            ),
            (
                json!({"token_endpoint_auth_method": "client_secret_post"}),
                "secret_in_body",
            ),
            (json!({"secrets": secret}), "old_secret"),
            (
                json!({"redirect_uris": ["http://localhost:3000/cb"]}),
                "plain_http",
            ),
            (json!({"unit": null}), "no_unit"),
            (json!({"backchannel_logout_uri": null}), "no_logout"),
            (
                json!({"kind": "service", "token_endpoint_auth_method": "client_secret_basic"}),
                "secret_service",
            ),
        ] {
            assert_eq!(names(changed.clone()), [expected], "{changed}");
        }
        assert_eq!(
            names(json!({"features": {"profile": "fapi2_security"}})),
            ["bearer_tokens", "requests_not_pushed"]
        );
        assert!(names(json!({"unit": null, "disabled": true})).is_empty());
    }
}
