//! Access tokens as JWTs (RFC 9068): their claims, and what a token presented here must satisfy.

use serde::{Deserialize, Serialize, Serializer};

use crate::base::entropy::Entropy;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use crate::model::GrantId;
use crate::model::authorization_details::AuthorizationDetails;
use crate::model::confirmation::Confirmation;
use crate::policy::Policy;
use crate::store::tickets::{TicketKey, TicketKind};

/// The `typ` of an access token (RFC 9068 §2.1).
pub const TYP: &str = "at+jwt";
/// The most bytes of a token that are looked at.
pub const MAX_BYTES: usize = 8 * 1024;

/// For whom a token is (RFC 7519 §4.1.3): one as text, several as an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct Audience(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Audience {
    fn from(aud: OneOrMany) -> Self {
        match aud {
            OneOrMany::One(one) => Self(vec![one]),
            OneOrMany::Many(many) => Self(many),
        }
    }
}

impl From<&str> for Audience {
    fn from(one: &str) -> Self {
        Self(vec![one.to_owned()])
    }
}

impl From<&[String]> for Audience {
    fn from(many: &[String]) -> Self {
        Self(many.to_vec())
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl Audience {
    /// Whether it names `audience`, letter by letter.
    pub fn holds(&self, audience: &str) -> bool {
        self.0.iter().any(|a| a == audience)
    }

    /// Those it names.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// The claims of an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The user's subject, or the client itself.
    pub sub: String,
    /// For whom: the resources asked for, or the issuer's own userinfo endpoint where none was.
    pub aud: Audience,
    /// Which client asked.
    pub client_id: String,
    /// Over at, in seconds.
    pub exp: i64,
    /// Made at, in seconds.
    pub iat: i64,
    /// Its identity. With a grant it begins with the grant's id and a dot.
    pub jti: String,
    /// Scopes, separated by spaces; no claim without any, for a list of none is no `scope`
    /// (RFC 6749 §3.3, RFC 8693 §4.2).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// When the user signed in, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The key that its user must show (RFC 7800 §3.1).
    #[serde(default, skip_serializing_if = "Confirmation::is_none")]
    pub cnf: Confirmation,
    /// Who acts for the subject (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActorClaim>,
    /// What exactly it is for (RFC 9396 §9.1).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
}

/// Who acts for the subject (RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorClaim {
    /// The subject of the one who acts: a person's, or a client's id.
    pub sub: String,
    /// The client that exchanged the token.
    pub client_id: String,
    /// Who acted before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<ActorClaim>>,
}

impl ActorClaim {
    /// How many act, one behind the other.
    pub fn length(&self) -> usize {
        std::iter::successors(Some(self), |claim| claim.act.as_deref()).count()
    }
}

impl AccessTokenClaims {
    /// A fresh `jti`, naming the grant if there is one.
    pub fn jti(grant: Option<GrantId>, entropy: &mut Entropy) -> String {
        let chance = crate::base::id::Id::<()>::from_u128(u128::from_be_bytes(entropy.bytes()));
        match grant {
            Some(grant) => format!("{grant}.{chance}"),
            None => chance.to_string(),
        }
    }

    /// The grant under which the token was issued; none for a token of a client's own.
    pub fn grant(&self) -> Option<GrantId> {
        self.jti
            .split_once('.')
            .and_then(|(grant, _)| grant.parse().ok())
    }

    /// The mark that revokes this one token.
    pub fn revocation_mark(&self) -> TicketKey {
        TicketKey::of(TicketKind::TokenRevoked, &self.jti)
    }

    /// Whether it carries a scope.
    pub fn holds(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|s| s == scope)
    }

    /// Checks that the token is for `audience` (RFC 9068 §4).
    ///
    /// # Errors
    /// [`Reason::TokenAudienceWrong`].
    pub fn check_for(&self, audience: &str) -> Result<(), Refusal> {
        let named = self.aud.holds(audience);
        named
            .then_some(())
            .ok_or_else(|| Reason::TokenAudienceWrong.into())
    }

    /// Over at.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }
}

/// Verifies a token of ours by signature, type, issuer and time. Whether it was revoked, and
/// whether its grant lives, is for the caller to check.
///
/// # Errors
/// [`Reason::TokenExpired`], or [`Reason::TokenMalformed`] for everything else.
pub fn verify(
    token: &str,
    keys: &JwkSet,
    now: Timestamp,
    policy: &Policy,
) -> Result<AccessTokenClaims, Refusal> {
    let malformed = || Refusal::new(Reason::TokenMalformed);
    let jws = CompactJws::parse(token, MAX_BYTES).map_err(|_| malformed())?;
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::OneOf(&[TYP]),
        issuer: Some(policy.issuer.as_str()),
        audience: None,
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: 0,
        now_ms: now.millis(),
    };
    match VerifiedJwt::<AccessTokenClaims>::verify(&jws, keys, &rules) {
        Ok(verified) => Ok(verified.into_parts().1),
        Err(JoseError::JwtExpired) => Err(Reason::TokenExpired.into()),
        Err(_) => Err(malformed()),
    }
}

/// Checks what an opaque token of ours means by issuer and time: several provinces may live in one
/// store.
///
/// # Errors
/// [`Reason::TokenExpired`], or [`Reason::TokenMalformed`] for another issuer's.
pub fn check_opaque(
    claims: AccessTokenClaims,
    now: Timestamp,
    policy: &Policy,
) -> Result<AccessTokenClaims, Refusal> {
    if claims.iss != policy.issuer.as_str() {
        return Err(Reason::TokenMalformed.into());
    }
    if now >= claims.expires_at() {
        return Err(Reason::TokenExpired.into());
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Header, SigningKey, jws};
    use crate::oauth::sample::{ISSUER, NOW, after, policy};

    #[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
    fn rng() -> ring::rand::SystemRandom {
        ring::rand::SystemRandom::new()
    }

    fn key() -> SigningKey {
        let der = SigningKey::generate(SigningAlgorithm::ES256, &rng()).unwrap();
        SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng()).unwrap()
    }

    fn claims(iss: &str) -> AccessTokenClaims {
        AccessTokenClaims {
            iss: iss.into(),
            sub: "sub-an".into(),
            aud: ISSUER.into(),
            client_id: "app".into(),
            exp: after(60).seconds(),
            iat: NOW.seconds(),
            jti: "one".into(),
            scope: "openid profile".into(),
            ..AccessTokenClaims::default()
        }
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let (ours, foreign) = (key(), key());
        let keys = JwkSet::new(vec![ours.public_jwk("k").unwrap()]);
        let token = |iss: &str, typ: Option<&str>, key: &SigningKey| {
            let header = Header::new(SigningAlgorithm::ES256).with_kid("k");
            let header = typ.map_or(header.clone(), |typ| header.with_typ(typ));
            let payload = serde_json::to_vec(&claims(iss)).unwrap();
            jws::sign(&header, &payload, key, &rng()).unwrap()
        };
        let read = |token: &str, now| verify(token, &keys, now, &policy()).map_err(|r| r.reason);
        let good = token(ISSUER, Some(TYP), &ours);
        assert_eq!(read(&good, NOW), Ok(claims(ISSUER)));
        assert_eq!(read(&good, after(59)), Ok(claims(ISSUER)));
        assert_eq!(read(&good, after(60)), Err(Reason::TokenExpired));
        for (shown, token) in [
            ("no type", token(ISSUER, None, &ours)),
            ("another type", token(ISSUER, Some("JWT"), &ours)),
            (
                "another issuer",
                token("https://other.example", Some(TYP), &ours),
            ),
            ("another key", token(ISSUER, Some(TYP), &foreign)),
            ("cut off", good[..good.len() - 2].to_owned()),
            ("too long", good.clone() + &"A".repeat(MAX_BYTES)),
        ] {
            assert_eq!(read(&token, NOW), Err(Reason::TokenMalformed), "{shown}");
        }
    }

    #[test]
    fn a_token_names_its_grant_and_its_scopes_whole() {
        let mut entropy = crate::admin::sample::entropy();
        let grant = GrantId::from_u128(7);
        let mut token = claims(ISSUER);
        assert_eq!(token.grant(), None);
        token.jti = AccessTokenClaims::jti(Some(grant), &mut entropy);
        assert_eq!(token.grant(), Some(grant));
        let mark = token.revocation_mark();
        token.jti = AccessTokenClaims::jti(Some(grant), &mut entropy);
        assert_ne!(
            token.revocation_mark(),
            mark,
            "one token is revoked, not its siblings"
        );
        token.jti = AccessTokenClaims::jti(None, &mut entropy);
        assert_eq!(token.grant(), None);
        assert!(token.holds("openid") && token.holds("profile") && !token.holds("open"));
        token.scope.clear();
        let written = serde_json::to_value(&token).unwrap();
        assert_eq!(written.get("scope"), None);
        assert_eq!(
            serde_json::from_value::<AccessTokenClaims>(written).unwrap(),
            token
        );
    }
}
