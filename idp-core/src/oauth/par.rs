//! Pushed authorization requests (RFC 9126): the client hands its request over on its own
//! connection, and the browser only carries a reference to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorize::check;
use super::client_auth::AuthenticatedClient;
use super::demands::{self, Carriage};
use super::dpop;
use super::params::Parameters;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::{Digest, SecretText};
use crate::base::time::Timestamp;
use crate::model::client::{Client, ClientId};
use crate::store::decision::{Deciding, Decision};

/// What every reference begins with (RFC 9126 §2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The most bytes of names and values that rest for one reference.
pub const MOST_BYTES: usize = 32 * 1024;
/// The client's proof, which is no part of the request and must not rest with it.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// A pushed request as it rests, sealed, under the digest of its reference. It outlives the time
/// in which it may be begun, so that of all its completions one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushedRequest {
    /// Who pushed it, proved.
    pub client: ClientId,
    /// The parameters that count: those of the request object, where there was one.
    pub parameters: Vec<(String, String)>,
    /// Whether they came in a request object signed by the client.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// A browser may begin with it until then.
    pub expires_at: Timestamp,
    /// What it is counted under while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Digest>,
}

impl PushedRequest {
    /// The parameters, for the client that pushed them and while they may be begun
    /// (RFC 9126 §4). They are checked again by whoever uses them: the registration of the client
    /// may have changed.
    ///
    /// # Errors
    /// [`Reason::PushedRequestOfAnotherClient`], [`Reason::PushedRequestExpired`].
    pub fn open(self, client: &Client, now: Timestamp) -> Result<Parameters, Refusal> {
        if self.client != client.id {
            return Err(Reason::PushedRequestOfAnotherClient.into());
        }
        if now >= self.expires_at {
            return Err(Reason::PushedRequestExpired.into());
        }
        Parameters::of_pairs(self.parameters)
    }
}

/// A push that was accepted.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The `request_uri`: the prefix and 256 random bits.
    pub reference: SecretText,
    /// What rests behind it.
    pub request: PushedRequest,
    /// For how long a browser may begin with it.
    pub lifetime: Duration,
}

/// The secret part of a `request_uri` that names a pushed request; `None` for an address.
pub fn reference(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(PREFIX)
}

/// The authorization request in the body of a push: without the client's proof, and in the name
/// of the client that proved itself, however it named itself.
///
/// # Errors
/// [`Reason::PushedRequestUri`] for a `request_uri` in it (RFC 9126 §2.1);
/// [`Reason::ClientAuthenticationMixed`] for the name of another client.
pub fn request_in(body: &Parameters, client: &Client) -> Result<Parameters, Refusal> {
    if body.find("request_uri").is_some() {
        return Err(Reason::PushedRequestUri.into());
    }
    let name = client.id.as_str();
    if body.find("client_id").is_some_and(|other| other != name) {
        return Err(Reason::ClientAuthenticationMixed.into());
    }
    Ok(body.without(&CREDENTIALS).with("client_id", name))
}

/// The request, its code bound to the key whose proof came with the push (RFC 9449 §10.1).
///
/// # Errors
/// What [`dpop::bound_key`] refuses.
pub fn bound(parameters: &Parameters, client: &AuthenticatedClient) -> Result<Parameters, Refusal> {
    let proved = client.confirmation().jkt.as_deref();
    let key = dpop::bound_key(parameters, proved)?;
    Ok(key.map_or_else(
        || parameters.clone(),
        |key| parameters.with("dpop_jkt", &key),
    ))
}

/// A request to be pushed: what is known of it before it is judged.
#[derive(Debug)]
pub struct Push<'a> {
    /// Who pushes.
    pub client: &'a AuthenticatedClient,
    /// The parameters that count.
    pub parameters: &'a Parameters,
    /// How they came.
    pub carriage: Carriage,
    /// The `sub` of a verified `id_token_hint`.
    pub hinted_sub: Result<Option<String>, Refusal>,
    /// What it is counted under.
    pub counted: Option<Digest>,
}

/// Judges a request as the authorization endpoint will (RFC 9126 §2.1), and gives it a reference.
///
/// Refuses by the rules of [`check`] and [`demands::check`], and [`Reason::BodyTooLarge`] beyond
/// [`MOST_BYTES`]. Does not authenticate the client: [`AuthenticatedClient`] is the proof of that.
pub fn decide(push: Push<'_>, deciding: &mut Deciding<'_>) -> Decision<Pushed> {
    let client = push.client.client();
    let pairs = push.parameters.pairs();
    let bytes: usize = pairs.iter().map(|(n, v)| n.len() + v.len()).sum();
    if bytes > MOST_BYTES {
        return Decision::refused(Reason::BodyTooLarge);
    }
    let now = deciding.now();
    if let Err(refused) = check(push.parameters, Some(client), push.hinted_sub, now) {
        return Decision::refused(refused.refusal());
    }
    if let Err(refusal) = demands::check(client, push.carriage, push.parameters, deciding.policy) {
        return Decision::refused(refusal);
    }
    let lifetime = deciding.policy.lifetimes.pushed_request;
    let secret = SecretText::generate(deciding.entropy);
    Decision::done(Pushed {
        reference: SecretText::new(format!("{PREFIX}{}", secret.expose())),
        request: PushedRequest {
            client: client.id.clone(),
            parameters: pairs.to_vec(),
            signed: push.carriage.signed,
            expires_at: now + lifetime,
            counted: push.counted,
        },
        lifetime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::ClientAuthenticationMethod as Method;
    use crate::oauth::sample::{
        CHALLENGE, NOW, REDIRECT, Stage, after, authenticated, named, parameters, reason, web,
    };
    use crate::store::decision::Outcome;

    const GOOD: [(&str, &str); 6] = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];

    fn good() -> Parameters {
        parameters(&GOOD)
    }

    fn push(client: &Client, parameters: &Parameters) -> Decision<Pushed> {
        let mut stage = Stage::at(NOW);
        let push = Push {
            client: &authenticated(client),
            parameters,
            carriage: Carriage::PUSHED,
            hinted_sub: Ok(None),
            counted: None,
        };
        decide(push, &mut stage.deciding())
    }

    fn pushed() -> Pushed {
        match push(&web(), &good()).outcome {
            Outcome::Done(pushed) => pushed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_gets_a_reference_of_256_bits_for_a_bounded_time() {
        let pushed = pushed();
        let secret = reference(pushed.reference.expose()).unwrap();
        assert!(Digest::from_base64url(secret).is_some(), "256 bits");
        assert_eq!(pushed.lifetime, Duration::from_secs(90));
        assert_eq!(pushed.request.expires_at, after(90));
        let opened = pushed.request.open(&web(), after(89)).unwrap();
        assert_eq!(opened.pairs(), good().pairs());
    }

    #[test]
    fn each_rule_of_a_reference_has_its_refusal() {
        let open = |client: &Client, now| {
            let opened = pushed().request.open(client, now);
            opened.err().map(|refusal| refusal.reason)
        };
        let other = named("other");
        for (client, now, expected) in [
            (&web(), NOW, None),
            (&web(), after(90), Some(Reason::PushedRequestExpired)),
            (&other, NOW, Some(Reason::PushedRequestOfAnotherClient)),
            (
                &other,
                after(90),
                Some(Reason::PushedRequestOfAnotherClient),
            ),
        ] {
            assert_eq!(open(client, now), expected, "{:?} {now:?}", client.id);
        }
    }

    #[test]
    fn what_the_authorization_endpoint_refuses_is_refused_at_once() {
        for (name, value, expected) in [
            (
                "redirect_uri",
                "https://evil.example/",
                Reason::RedirectUriMismatch,
            ),
            ("redirect_uri", "", Reason::RedirectUriMissing),
            ("response_type", "", Reason::ParameterMissing),
            ("scope", "openid payroll", Reason::ScopeNotAllowed),
            ("code_challenge", "", Reason::PkceMissing),
            ("max_age", "-1", Reason::MaxAgeMalformed),
        ] {
            let decision = push(&web(), &good().with(name, value));
            assert_eq!(reason(&decision), expected, "{name}={value}");
        }
        let large = (0..5).fold(good(), |body, n| {
            body.with(&format!("p{n}"), &"x".repeat(8000))
        });
        assert_eq!(reason(&push(&web(), &large)), Reason::BodyTooLarge);
    }

    #[test]
    fn the_body_of_a_push_is_the_request_without_the_proof() {
        let body = good()
            .with("client_secret", "s")
            .with("client_assertion", "a.b.c")
            .with("client_assertion_type", "t");
        let inside = request_in(&body, &web()).unwrap();
        for name in CREDENTIALS {
            assert_eq!(inside.find(name), None, "{name}");
        }
        assert_eq!(inside.find("client_id"), Some("app"));
        let unnamed = request_in(&good().without(&["client_id"]), &web()).unwrap();
        assert_eq!(unnamed.find("client_id"), Some("app"), "the proof names it");
        let refused = |body: &Parameters| request_in(body, &web()).unwrap_err().reason;
        let reference = good().with("request_uri", &format!("{PREFIX}x"));
        assert_eq!(refused(&reference), Reason::PushedRequestUri);
        let other = good().with("client_id", "other");
        assert_eq!(refused(&other), Reason::ClientAuthenticationMixed);
    }

    #[test]
    fn a_public_client_may_push_too() {
        let public = Client {
            authentication: Method::None,
            secrets: Vec::new(),
            ..web()
        };
        assert!(matches!(push(&public, &good()).outcome, Outcome::Done(_)));
    }

    #[test]
    fn only_our_own_references_are_looked_up() {
        assert_eq!(
            reference("urn:ietf:params:oauth:request_uri:abc"),
            Some("abc")
        );
        for other in [
            "https://rp.example/r",
            "URN:ietf:params:oauth:request_uri:abc",
            "",
        ] {
            assert_eq!(reference(other), None, "{other}");
        }
    }
}
