//! ID Tokens (OpenID Connect Core §2): claims, and the hint that one may be later.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::claims::Person;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use crate::model::grant::Grant;
use crate::oauth::scope::Scope;
use crate::policy::Policy;

const MAX_HINT_BYTES: usize = 8 * 1024;

/// The claims of an ID Token, without `at_hash`, which needs the signed access token. `scope` is
/// what this token is asked for: the grant's, or less after a refresh.
pub fn claims(
    (grant, scope): (&Grant, &Scope),
    person: &Person<'_>,
    sub: &str,
    (now, policy): (Timestamp, &Policy),
) -> Map<String, Value> {
    let mut claims = person.organisation_claims(scope, now);
    claims.append(&mut person.named_claims(&grant.claims.id_token));
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", policy.issuer.as_str().into());
    put("sub", sub.into());
    put("aud", grant.client.as_str().into());
    put("azp", grant.client.as_str().into());
    put("iat", now.seconds().into());
    put("exp", (now + policy.lifetimes.id_token).seconds().into());
    put("auth_time", grant.authentication.at.seconds().into());
    put("acr", grant.authentication.level.acr().into());
    let methods: Vec<&str> = grant
        .authentication
        .methods
        .iter()
        .map(|m| m.amr())
        .collect();
    put("amr", methods.into());
    put("sid", grant.session.to_string().into());
    if let Some(nonce) = &grant.nonce {
        put("nonce", nonce.clone().into());
    }
    claims
}

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that the signing
/// algorithm uses; Ed25519 uses SHA-512.
pub fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    let hash = match algorithm {
        SigningAlgorithm::ES256 | SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            &ring::digest::SHA256
        }
        SigningAlgorithm::ES384 => &ring::digest::SHA384,
        SigningAlgorithm::EdDSA => &ring::digest::SHA512,
    };
    let digest = ring::digest::digest(hash, access_token.as_bytes());
    let half = digest.as_ref().len() / 2;
    URL_SAFE_NO_PAD.encode(digest.as_ref().split_at(half).0)
}

/// `c_hash` (OpenID Connect Core §3.3.2.11): the same of the code.
pub fn c_hash(code: &str, algorithm: SigningAlgorithm) -> String {
    at_hash(code, algorithm)
}

/// What a verified hint says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct IdTokenHint {
    /// The subject.
    pub sub: String,
    /// The client it was issued to.
    pub aud: String,
    /// The session it was issued in.
    #[serde(default)]
    pub sid: Option<String>,
}

/// Verifies an ID Token of ours as a hint: an expired one is fine, a foreign one is not. What tells
/// it from the other JWTs that we sign for clients without a `typ` is that it has `exp` and `iat`
/// (OpenID Connect Core §2): userinfo has neither, an answer of JARM has no `sub`.
///
/// # Errors
/// `reason` for anything that was not signed here as an ID Token.
pub fn verify_hint(
    token: &str,
    keys: &JwkSet,
    (now, policy): (Timestamp, &Policy),
    reason: Reason,
) -> Result<IdTokenHint, Refusal> {
    let jws = CompactJws::parse(token, MAX_HINT_BYTES).map_err(|_| Refusal::new(reason))?;
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::AbsentOrOneOf(&["JWT"]),
        issuer: Some(policy.issuer.as_str()),
        audience: None,
        expiry: ExpiryRule::Ignored,
        max_age_seconds: None,
        skew_seconds: u32::try_from(policy.skew.as_secs()).unwrap_or(0),
        now_ms: now.millis(),
    };
    let verified = VerifiedJwt::<IdTokenHint>::verify(&jws, keys, &rules);
    let (times, hint) = verified.map_err(|_| reason)?.into_parts();
    (times.expires_at_ms.is_some() && times.issued_at_ms.is_some())
        .then_some(hint)
        .ok_or_else(|| reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Header, SigningKey, jws};
    use crate::oauth::sample::{ISSUER, NOW, after, grant_facts, policy, web};
    use serde_json::json;

    #[test]
    fn at_hash_is_the_left_half_of_the_algorithms_hash() {
        // OpenID Connect Core appendix A.3 gives this token and this at_hash for RS256.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(
            at_hash(token, SigningAlgorithm::RS256),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        assert_eq!(at_hash(token, SigningAlgorithm::EdDSA).len(), 43);
    }

    #[test]
    fn the_claims_say_who_how_and_when() {
        let (policy, session) = (policy(), grant_facts(&web()).session.unwrap());
        let mut facts = grant_facts(&web());
        facts.grant.nonce = Some("số một".into());
        facts.grant.authentication.at = after(-100);
        let person = Person {
            user: &facts.user,
            position: None,
            paths: &[],
        };
        let scope = Scope::parse("openid profile email").unwrap();
        let told = claims((&facts.grant, &scope), &person, "sub-an", (NOW, &policy));
        assert_eq!(
            Value::Object(told),
            json!({
                "iss": ISSUER, "sub": "sub-an", "aud": "app", "azp": "app",
                "iat": NOW.seconds(), "exp": after(600).seconds(),
                "auth_time": after(-100).seconds(), "acr": "urn:vn:nd69-2024:loa:1",
                "amr": ["pwd"], "sid": session.id.to_string(), "nonce": "số một",
            })
        );
        facts.grant.nonce = None;
        let told = claims((&facts.grant, &scope), &person, "sub-an", (NOW, &policy));
        assert!(!told.contains_key("nonce"));
    }

    #[test]
    fn a_hint_is_an_id_token_of_ours_expired_or_not() {
        let keys = JwkSet::new(vec![key().public_jwk("k").unwrap()]);
        let hint = |token: &str| {
            let judged = (NOW, &policy());
            verify_hint(token, &keys, judged, Reason::IdTokenHintWrong).map_err(|r| r.reason)
        };
        let claims = json!({
            "iss": ISSUER, "sub": "sub-an", "aud": "app", "sid": "s", "exp": after(-9999).seconds(),
            "iat": after(-19_999).seconds(),
        });
        let known = IdTokenHint {
            sub: "sub-an".into(),
            aud: "app".into(),
            sid: Some("s".into()),
        };
        assert_eq!(hint(&signed(&claims, None, key())), Ok(known));
        let mut foreign = claims.clone();
        foreign["iss"] = "https://other.example".into();
        let mut nobody = claims.clone();
        nobody.as_object_mut().unwrap().remove("sub");
        let without = |name: &str| {
            let mut claims = claims.clone();
            claims.as_object_mut().unwrap().remove(name);
            signed(&claims, None, key())
        };
        let unsigned = signed(&claims, None, key());
        let unsigned = unsigned.rsplit_once('.').unwrap().0;
        for (shown, token) in [
            ("foreign signature", signed(&claims, None, &fresh())),
            ("foreign issuer", signed(&foreign, None, key())),
            ("an access token", signed(&claims, Some("at+jwt"), key())),
            ("a logout token", signed(&claims, Some("logout+jwt"), key())),
            ("nobody", signed(&nobody, None, key())),
            ("userinfo: no end", without("exp")),
            ("no beginning", without("iat")),
            ("unsigned", format!("{unsigned}.")),
            (
                "algorithm none",
                format!(
                    "eyJhbGciOiJub25lIn0.{}.",
                    unsigned.split_once('.').unwrap().1
                ),
            ),
            ("no token", "x".into()),
        ] {
            assert_eq!(hint(&token), Err(Reason::IdTokenHintWrong), "{shown}");
        }
    }

    #[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
    fn rng() -> ring::rand::SystemRandom {
        ring::rand::SystemRandom::new()
    }

    fn fresh() -> SigningKey {
        let der = SigningKey::generate(SigningAlgorithm::ES256, &rng()).unwrap();
        SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng()).unwrap()
    }

    fn key() -> &'static SigningKey {
        static KEY: std::sync::OnceLock<SigningKey> = std::sync::OnceLock::new();
        KEY.get_or_init(fresh)
    }

    fn signed(claims: &Value, typ: Option<&str>, key: &SigningKey) -> String {
        let header = Header::new(SigningAlgorithm::ES256).with_kid("k");
        let header = typ.map_or(header.clone(), |typ| header.with_typ(typ));
        jws::sign(&header, claims.to_string().as_bytes(), key, &rng()).unwrap()
    }
}
