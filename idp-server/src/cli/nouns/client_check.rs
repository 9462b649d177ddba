//! `idp client check`: what is weak about registered applications, and what to do.

use idp_admin_api::client::{Client, ClientAuthenticationMethod as Method, ClientKind, GrantType};
use idp_admin_api::client_features::{AssertionAudience, ClientProfile};
use serde::Serialize;

use crate::cli::language::{Language, Text, text};
use crate::cli::output::{Column, column};
use crate::cli::reason_texts::reason_text;

/// One weakness of one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) client_id: String,
    /// Its stable name; that of the reason for a rule which is broken.
    pub(super) finding: String,
    pub(super) what: String,
    pub(super) remedy: String,
}

pub(super) const COLUMNS: &[Column<Finding>] = &[
    column("client_id", text("Ứng dụng", "Application"), |f, _| {
        f.client_id.clone()
    }),
    column("finding", text("Điểm yếu", "Finding"), |f, _| {
        f.finding.clone()
    }),
    column("what", text("Vì sao", "Why"), |f, _| f.what.clone()),
    column("remedy", text("Cách sửa", "Remedy"), |f, _| {
        f.remedy.clone()
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
        name: "assertion_audience",
        weak: |f| {
            let asserts = matches!(
                f.client.token_endpoint_auth_method,
                Method::PrivateKeyJwt | Method::ClientSecretJwt
            );
            let alone = f.client.features.assertion_audience == AssertionAudience::Issuer;
            asserts && !alone && !is_fapi(f.client)
        },
        what: text(
            "Khẳng định được phép ghi địa chỉ token: nếu ứng dụng còn dùng máy chủ khác, máy chủ đó có thể lừa lấy nó.",
            "Assertions may name the token endpoint: another server that the application uses could trick one out of it.",
        ),
        remedy: text(
            "Cho thư viện ghi issuer vào aud, rồi: idp client edit ID --set assertion_audience=issuer",
            "Let the library put the issuer into aud, then: idp client edit ID --set assertion_audience=issuer",
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

/// Whose profile demands the issuer alone already.
fn is_fapi(client: &Client) -> bool {
    matches!(
        client.features.profile,
        Some(ClientProfile::Fapi2Security | ClientProfile::Fapi2MessageSigning)
    )
}

/// Everything about an application in use that the rules of today would refuse, such as those of
/// the installation's preset and of its own profile, then what is weak, in the order of the checks.
pub(super) fn findings(client: &Client, now: i64, language: Language) -> Vec<Finding> {
    if client.disabled {
        return Vec::new();
    }
    let broken = client.broken_rules.iter();
    let broken = broken.map(|reason| broken_rule(client, reason, language));
    let facts = Facts { client, now };
    let weak = CHECKS.iter().filter(|check| (check.weak)(&facts));
    let weak = weak.map(|check| Finding {
        client_id: client.client_id.clone(),
        finding: check.name.to_owned(),
        what: language.pick(check.what).to_owned(),
        remedy: language.pick(check.remedy).to_owned(),
    });
    broken.chain(weak).collect()
}

/// A rule that the application breaks; its name alone when a newer server knows a rule that this
/// program does not.
fn broken_rule(client: &Client, reason: &str, language: Language) -> Finding {
    let known = reason_text(reason, language);
    let (what, remedy) = known.map_or_else(Default::default, |text| (text.rule, text.remedy));
    Finding {
        client_id: client.client_id.clone(),
        finding: reason.to_owned(),
        what,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use serde_json::{Value, json};

    use super::super::{client_features, client_profile};
    use super::*;
    use crate::cli::args::{AdministrationCommand, Cli, ClientCommand, Command};

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
            "features": {"assertion_audience": "issuer"},
        });
        let Value::Object(changed) = changed else {
            panic!("{changed}")
        };
        sound.as_object_mut().unwrap().extend(changed);
        serde_json::from_value(sound).unwrap()
    }

    fn names(changed: Value) -> Vec<String> {
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
                json!({"features": {"pkce_optional": true, "assertion_audience": "issuer"}}),
                "pkce_optional",
            ),
            (json!({"features": {}}), "assertion_audience"),
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
        assert!(names(json!({"unit": null, "disabled": true})).is_empty());
    }
    #[test]
    fn what_a_preset_demands_is_told_by_its_reason() {
        let broken =
            json!({"broken_rules": ["fapi_tokens_unbound", "of_a_newer_server"], "unit": null});
        let found = findings(&client(broken.clone()), 0, Language::Vi);
        let names: Vec<_> = found.iter().map(|f| f.finding.as_str()).collect();
        assert_eq!(
            names,
            ["fapi_tokens_unbound", "of_a_newer_server", "no_unit"]
        );
        assert!(found[0].what.contains("FAPI 2.0"), "{found:?}");
        assert!(
            found[0].remedy.contains("dpop_bound_access_tokens"),
            "{found:?}"
        );
    }

    /// What an example of the help registers, as the server would show it.
    fn registered(example: &str) -> Client {
        let words = shell_words(example);
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|e| panic!("{example}: {e}"));
        let Command::Administration(AdministrationCommand::Client(ClientCommand::Add {
            profile,
            kind,
            mut fields,
            ..
        })) = cli.command
        else {
            panic!("{example}")
        };
        let kind = profile.map_or(kind, client_profile::kind);
        if let Some(profile) = profile {
            client_profile::apply(profile, &mut fields).unwrap();
        }
        let features = client_features::patch(&fields.set).unwrap();
        let method = fields.auth_method.map(|method| json!(method));
        let grants = fields.grant_type.map(|types| json!(types));
        let unit = fields
            .unit
            .map(|code| json!({"id": "01", "code": code, "name": {"vi": "x"}}));
        client(json!({
            "kind": kind, "unit": unit, "features": features,
            "token_endpoint_auth_method": method.unwrap_or(json!("client_secret_basic")),
            "grant_types": grants.unwrap_or(json!(["authorization_code", "refresh_token"])),
            "redirect_uris": fields.redirect_uri.unwrap_or_default(),
            "backchannel_logout_uri": fields.backchannel_logout_uri,
        }))
    }

    /// The words of a line as a shell divides it: double quotes keep blanks.
    fn shell_words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.replace("\\\n", " ").trim().chars() {
            match (c, quoted) {
                ('"', _) => quoted = !quoted,
                (' ', false) => words.push(String::new()),
                (c, _) => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn the_examples_of_the_help_register_nothing_weak() {
        let program = Cli::command();
        let add = program
            .find_subcommand("client")
            .and_then(|c| c.find_subcommand("add"));
        let help = add.unwrap().get_after_help().unwrap().to_string();
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        let examples: Vec<_> = examples.split("\n  idp ").collect();
        assert!(examples.len() >= 2, "{help}");
        for example in examples {
            let line = format!("idp {}", example.trim().trim_start_matches("idp "));
            let found = findings(&registered(&line), 0, Language::En);
            assert!(found.is_empty(), "{line}: {found:?}");
        }
    }
}
