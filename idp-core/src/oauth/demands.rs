//! What a client's registration, its profile and the installation demand of every authorization
//! request, beyond its being well-formed.
//!
//! A demand that is a registered feature is read from there. Those that the FAPI profiles make
//! and no feature names stand in one table, [`Demands::of`].

use crate::base::issuer::is_loopback;
use crate::base::refusal::{Reason, Refusal};
use crate::model::client::{Client, ClientAuthenticationMethod, ClientProfile};
use crate::oauth::params::Parameters;
use crate::policy::Policy;

/// How the parameters that count came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriage {
    /// The client pushed them on its own connection (RFC 9126), not through the browser.
    pub pushed: bool,
    /// The client signed them (RFC 9101).
    pub signed: bool,
}

impl Carriage {
    /// Through the browser, as they are.
    pub const PLAIN: Self = Self {
        pushed: false,
        signed: false,
    };
    /// Pushed as they are.
    pub const PUSHED: Self = Self {
        pushed: true,
        signed: false,
    };
}

/// The demands on the requests of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Pushed (RFC 9126 §6; FAPI 2.0 Security Profile §5.3.2.2).
    pub pushed: bool,
    /// In an object that the client signed (RFC 9101 §10.5; FAPI 2.0 Message Signing §5.3.1).
    pub signed: bool,
    /// With `nbf` and `exp` an hour apart at most (FAPI 2.0 Message Signing §5.3.1).
    pub bounded: bool,
    /// Signed with PS256, ES256, ES384 or EdDSA (FAPI 2.0 Security Profile §5.4.1).
    pub strong: bool,
    /// By a client that proves itself (§5.3.2.1).
    pub confidential: bool,
    /// For codes only, with PKCE by S256 (§5.3.2.2).
    pub code: bool,
    /// Answered at an https address (§5.3.2.2; native programs on loopback excepted).
    pub https: bool,
    /// Answered by a signed response (FAPI 2.0 Message Signing §5.4.1).
    pub signed_answer: bool,
}

/// FAPI 2.0 Security Profile, as far as no feature says it.
const SECURITY: Demands = Demands {
    pushed: false,
    signed: false,
    bounded: false,
    strong: true,
    confidential: true,
    code: true,
    https: true,
    signed_answer: false,
};

/// FAPI 2.0 Message Signing, as far as no feature says it.
const MESSAGE_SIGNING: Demands = Demands {
    bounded: true,
    signed_answer: true,
    ..SECURITY
};

impl Demands {
    /// The demands on this client's requests.
    pub fn of(client: &Client) -> Self {
        let features = &client.features;
        let profile = match features.profile {
            Some(ClientProfile::Fapi2Security) => SECURITY,
            Some(ClientProfile::Fapi2MessageSigning) => MESSAGE_SIGNING,
            _ => Self::default(),
        };
        Self {
            pushed: features.require_pushed_authorization_requests,
            signed: features.require_signed_request_object,
            ..profile
        }
    }
}

/// Checks how a request came, and what it asks for, against what is demanded of it.
///
/// # Errors
/// The reason of the first demand that is not met: [`Reason::PushedRequestRequired`] (by the
/// client, RFC 9126 §6, or by the installation, §5), [`Reason::RequestObjectRequired`],
/// [`Reason::ProfileDemandsProof`], [`Reason::ProfileDemandsCode`],
/// [`Reason::ProfileDemandsHttps`], [`Reason::ProfileDemandsSignedAnswer`].
pub fn check(
    client: &Client,
    carriage: Carriage,
    parameters: &Parameters,
    policy: &Policy,
) -> Result<(), Refusal> {
    let demands = Demands::of(client);
    let text = |name| parameters.find(name).unwrap_or_default();
    let public = client.authentication == ClientAuthenticationMethod::None;
    let codes = text("response_type") == "code"
        && text("code_challenge_method") == "S256"
        && !text("code_challenge").is_empty();
    let signed_answer = text("response_mode").rsplit('.').next() == Some("jwt");
    for (demanded, met, reason) in [
        (
            demands.pushed || policy.require_pushed,
            carriage.pushed,
            Reason::PushedRequestRequired,
        ),
        (
            demands.signed,
            carriage.signed,
            Reason::RequestObjectRequired,
        ),
        (demands.confidential, !public, Reason::ProfileDemandsProof),
        (demands.code, codes, Reason::ProfileDemandsCode),
        (
            demands.https,
            is_safe(text("redirect_uri")),
            Reason::ProfileDemandsHttps,
        ),
        (
            demands.signed_answer,
            signed_answer,
            Reason::ProfileDemandsSignedAnswer,
        ),
    ] {
        if demanded && !met {
            return Err(reason.into());
        }
    }
    Ok(())
}

/// https, or a native program's own address on this machine (FAPI 2.0 Security Profile
/// §5.3.2.2, RFC 8252 §7.3).
fn is_safe(redirect_uri: &str) -> bool {
    let url = url::Url::parse(redirect_uri).ok();
    url.is_some_and(|url| url.scheme() == "https" || is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{CHALLENGE, REDIRECT, parameters, policy, public, web};

    const PUSHED_AND_SIGNED: Carriage = Carriage {
        pushed: true,
        signed: true,
    };

    /// A request that meets every demand, with one parameter changed.
    fn request(name: &str, value: &str) -> Parameters {
        let good = parameters(&[
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("response_mode", "jwt"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        good.with(name, value)
    }

    fn refused(client: &Client, carriage: Carriage, parameters: &Parameters) -> Option<Reason> {
        let answer = check(client, carriage, parameters, &policy());
        answer.err().map(|refusal| refusal.reason)
    }

    #[test]
    fn a_push_is_demanded_by_the_client_or_by_the_installation() {
        for (by_client, by_policy, carriage, allowed) in [
            (false, false, Carriage::PLAIN, true),
            (true, false, Carriage::PLAIN, false),
            (false, true, Carriage::PLAIN, false),
            (true, true, Carriage::PUSHED, true),
        ] {
            let mut client = web();
            client.features.require_pushed_authorization_requests = by_client;
            let mut policy = policy();
            policy.require_pushed = by_policy;
            let answer = check(&client, carriage, &request("x", "y"), &policy);
            let expected = (!allowed).then_some(Reason::PushedRequestRequired);
            assert_eq!(
                answer.err().map(|r| r.reason),
                expected,
                "{by_client} {by_policy}"
            );
        }
    }

    #[test]
    fn a_signature_is_demanded_by_the_client() {
        let mut client = web();
        assert_eq!(refused(&client, Carriage::PLAIN, &request("x", "y")), None);
        client.features.require_signed_request_object = true;
        let plain = refused(&client, Carriage::PUSHED, &request("x", "y"));
        assert_eq!(plain, Some(Reason::RequestObjectRequired));
        assert_eq!(
            refused(&client, PUSHED_AND_SIGNED, &request("x", "y")),
            None
        );
    }

    #[test]
    fn what_a_profile_demands_of_every_request() {
        let of = |client: Client, profile| {
            let mut client = client;
            client.features.profile = Some(profile);
            client
        };
        let security = of(web(), ClientProfile::Fapi2Security);
        let signing = of(web(), ClientProfile::Fapi2MessageSigning);
        let public = of(public(), ClientProfile::Fapi2Security);
        let ordinary = of(web(), ClientProfile::Web);
        let mode = Some(Reason::ProfileDemandsSignedAnswer);
        let https = Some(Reason::ProfileDemandsHttps);
        for (client, name, value, expected) in [
            (&security, "x", "y", None),
            (&signing, "x", "y", None),
            (&public, "x", "y", Some(Reason::ProfileDemandsProof)),
            (
                &security,
                "response_type",
                "code id_token",
                Some(Reason::ProfileDemandsCode),
            ),
            (
                &security,
                "code_challenge_method",
                "plain",
                Some(Reason::ProfileDemandsCode),
            ),
            (
                &security,
                "code_challenge",
                "",
                Some(Reason::ProfileDemandsCode),
            ),
            (&security, "redirect_uri", "http://rp.example/cb", https),
            (&security, "redirect_uri", "vn.tinh.app:/cb", https),
            (&security, "redirect_uri", "http://127.0.0.1:8080/cb", None),
            (&security, "response_mode", "", None),
            (&signing, "response_mode", "", mode),
            (&signing, "response_mode", "query", mode),
            (&signing, "response_mode", "form_post.jwt", None),
            (&ordinary, "response_mode", "", None),
            (&ordinary, "code_challenge", "", None),
        ] {
            let answer = refused(client, Carriage::PUSHED, &request(name, value));
            assert_eq!(
                answer, expected,
                "{:?} {name}={value}",
                client.features.profile
            );
        }
    }

    #[test]
    fn message_signing_demands_what_the_security_profile_demands() {
        let all = |demands: Demands| {
            [
                demands.strong,
                demands.confidential,
                demands.code,
                demands.https,
            ]
        };
        assert_eq!(all(SECURITY), all(MESSAGE_SIGNING));
        let more = (MESSAGE_SIGNING.bounded, MESSAGE_SIGNING.signed_answer);
        assert_eq!(more, (true, true));
    }
}
