//! Invented facts for the tests of the protocol's rules.

use std::time::Duration;

use super::access_token::AccessTokenClaims;
use super::client_auth::{AuthenticatedClient, ClientFacts, Presented, Proof, authenticate};
use super::dpop;
use super::dpop::sample::ProofKey;
use super::params::Parameters;
use crate::admin::sample;
pub(crate) use crate::admin::sample::NOW;
use crate::base::entropy::Entropy;
use crate::base::issuer::{Issuer, IssuerKey};
use crate::base::secret::{Digest, SecretText};
use crate::base::time::Timestamp;
use crate::event::Circumstances;
use crate::model::client::{
    Client, ClientAuthenticationMethod, ClientKind, ClientSecret, GrantType,
};
use crate::model::subject::Subject;
use crate::policy::Policy;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision, Outcome};
use crate::store::records::GrantFacts;

pub(crate) const ISSUER: &str = "https://sso.tinh.example";
pub(crate) const REDIRECT: &str = "https://rp.example/cb?tenant=1";
pub(crate) const SECRET: &str = "bí mật của ứng dụng";
// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// `NOW` moved by seconds, back when negative.
pub(crate) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.millis() + seconds * 1000)
}

pub(crate) fn policy() -> Policy {
    Policy::new(IssuerKey::main(), Issuer::parse(ISSUER).unwrap())
}

/// What decisions are given.
pub(crate) struct Stage {
    pub(crate) here: Circumstances,
    pub(crate) policy: Policy,
    pub(crate) entropy: Entropy,
}

impl Stage {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            here: Circumstances::of_system(IssuerKey::main(), now),
            policy: policy(),
            entropy: sample::entropy(),
        }
    }

    pub(crate) fn deciding(&mut self) -> Deciding<'_> {
        Deciding {
            here: &self.here,
            policy: &self.policy,
            entropy: &mut self.entropy,
        }
    }
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    Parameters::parse(form.finish().as_bytes()).unwrap()
}

/// A web client with a secret, that may do everything a web client may.
pub(crate) fn web() -> Client {
    let mut client = sample::client(ClientKind::Web, &[REDIRECT]);
    client.secrets = vec![ClientSecret {
        digest: Some(Digest::of(SECRET.as_bytes())),
        sealed: None,
        created_at: NOW,
        expires_at: None,
    }];
    client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    let scopes = ["openid", "profile", "offline_access", "roles", "unit"];
    client.scopes = scopes.map(str::to_owned).to_vec();
    client
}

/// A client of another name.
pub(crate) fn named(name: &str) -> Client {
    Client {
        id: sample::client_id(name),
        ..web()
    }
}

/// A public client.
pub(crate) fn public() -> Client {
    Client {
        kind: ClientKind::Spa,
        authentication: ClientAuthenticationMethod::None,
        secrets: Vec::new(),
        ..web()
    }
}

/// The proof that a client is who it is.
pub(crate) fn authenticated(client: &Client) -> AuthenticatedClient {
    let proof = match client.authentication {
        ClientAuthenticationMethod::None => Proof::None,
        _ => Proof::Basic(SecretText::new(SECRET.into())),
    };
    let presented = Presented {
        client: client.id.clone(),
        proof,
    };
    let facts = ClientFacts {
        client: Some(client.clone()),
        ..ClientFacts::default()
    };
    sample::done(authenticate(&presented, &facts, NOW, &policy()))
}

/// The claims of an access token for `app` under no grant.
pub(crate) fn access_claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.into(),
        sub: "sub-an".into(),
        aud: ISSUER.into(),
        client_id: "app".into(),
        exp: after(600).seconds(),
        iat: NOW.seconds(),
        jti: "one".into(),
        scope: "openid".into(),
        ..AccessTokenClaims::default()
    }
}

/// The same client, with the proof that it holds a DPoP key.
pub(crate) fn proved_by(client: &AuthenticatedClient, key: &ProofKey) -> AuthenticatedClient {
    let address = format!("{ISSUER}/token");
    let proof = key.proof(("POST", &address), "one", NOW, &serde_json::json!({}));
    let request = dpop::Request {
        method: "POST",
        addresses: &[address],
        access_token: None,
        nonces: None,
    };
    let proof = dpop::verify(&[proof], &request, NOW, Duration::ZERO).unwrap();
    client.clone().proved_by(proof.as_ref())
}

/// An active grant of `an` to the client, in a live session.
pub(crate) fn grant_facts(client: &Client) -> GrantFacts {
    let user = sample::user("an");
    let session = sample::session(user.id);
    let subject = Subject {
        issuer: IssuerKey::main(),
        user: user.id,
        sector: String::new(),
        sub: "sub-an".into(),
    };
    let mut grant = sample::grant(&session, client);
    grant.generation = 1;
    grant.expires_at = NOW + Duration::from_secs(8 * 3600);
    GrantFacts {
        grant,
        user,
        session: Some(session),
        subject: Some(subject),
    }
}

/// The reason of a refusal; the outcome must be one.
pub(crate) fn reason<T: std::fmt::Debug>(decision: &Decision<T>) -> crate::base::refusal::Reason {
    match &decision.outcome {
        Outcome::Refused(refusal) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// The grant that a decision writes.
pub(crate) fn written_grant<T>(decision: &Decision<T>) -> Option<&crate::model::grant::Grant> {
    decision.changes.iter().find_map(|change| match change {
        Change::Grant(Write::Put(grant)) => Some(grant),
        _ => None,
    })
}

/// The grant that a decision revokes.
pub(crate) fn revoked_grant<T>(decision: &Decision<T>) -> Option<crate::model::GrantId> {
    decision.changes.iter().find_map(|change| match change {
        Change::RevokeGrant(grant) => Some(*grant),
        _ => None,
    })
}
