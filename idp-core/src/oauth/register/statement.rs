//! Software statements (RFC 7591 §2.3): metadata that somebody vouches for whom the operator
//! approved.

use serde_json::{Map, Value};

use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, RegisteredClaims,
    SigningAlgorithm, VerifiedJwt,
};
use crate::policy::{Policy, StatementKeys};
use crate::store::decision::Asks;

const MOST_BYTES: usize = 16 * 1024;

/// Claims that speak of the statement, not of the software.
const ABOUT_ITSELF: [&str; 8] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "software_statement",
];

/// What became of a statement.
#[derive(Clone, Debug)]
pub(super) enum Stated {
    /// The metadata it vouches for.
    Claims(Map<String, Value>),
    /// Its issuer's keys have to be fetched first.
    Ask(Asks),
}

/// Verifies a statement: signed by a key of a configured issuer, not expired, and for this provider
/// where it names an audience. `fetched` are the issuer's keys, if they were asked for. Does not
/// check replays: one statement may register many copies of a software.
///
/// # Errors
/// [`Reason::SoftwareStatementUnapproved`] for an issuer that is not configured;
/// [`Reason::SoftwareStatementInvalid`] for anything else.
pub(super) fn verify(
    statement: &str,
    fetched: Option<&JwkSet>,
    (now, policy): (Timestamp, &Policy),
) -> Result<Stated, Reason> {
    let invalid = |_: JoseError| Reason::SoftwareStatementInvalid;
    let jws = CompactJws::parse(statement, MOST_BYTES).map_err(invalid)?;
    let issuer = RegisteredClaims::peek(&jws).map_err(invalid)?.issuer;
    let approved = policy
        .registration
        .statements
        .iter()
        .find(|approved| issuer.as_deref() == Some(approved.issuer.as_str()))
        .ok_or(Reason::SoftwareStatementUnapproved)?;
    let keys = match (&approved.keys, fetched) {
        (StatementKeys::Set(keys), _) | (StatementKeys::Uri(_), Some(keys)) => keys,
        (StatementKeys::Uri(uri), None) => {
            return Ok(Stated::Ask(Asks::ClientKeys {
                uri: uri.clone(),
                fresh: false,
            }));
        }
    };
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::NotChecked,
        issuer: Some(&approved.issuer),
        audience: None,
        expiry: ExpiryRule::IfPresent,
        max_age_seconds: None,
        skew_seconds: u32::try_from(policy.skew.as_secs()).unwrap_or(0),
        now_ms: now.millis(),
    };
    let verified =
        VerifiedJwt::<Map<String, Value>>::verify(&jws, keys, &rules).map_err(invalid)?;
    let (registered, mut claims) = verified.into_parts();
    let here = |audience: &Vec<String>| audience.iter().any(|a| a == policy.issuer.as_str());
    if !registered.audience.as_ref().is_none_or(here) {
        return Err(Reason::SoftwareStatementInvalid);
    }
    claims.retain(|name, _| !ABOUT_ITSELF.contains(&name.as_str()));
    Ok(Stated::Claims(claims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Header, SigningKey, jws};
    use crate::oauth::sample::{ISSUER, NOW, after, policy};
    use crate::policy::StatementIssuer;
    use serde_json::json;

    const AUTHORITY: &str = "https://authority.example";

    #[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
    fn rng() -> ring::rand::SystemRandom {
        ring::rand::SystemRandom::new()
    }

    fn keys() -> (SigningKey, JwkSet) {
        let der = SigningKey::generate(SigningAlgorithm::ES256, &rng()).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng()).unwrap();
        let set = JwkSet::new(vec![key.public_jwk("authority").unwrap()]);
        (key, set)
    }

    fn stated(claims: &Value, key: &SigningKey) -> String {
        let header = Header::new(SigningAlgorithm::ES256).with_kid("authority");
        jws::sign(&header, claims.to_string().as_bytes(), key, &rng()).unwrap()
    }

    fn verified(
        policy: &Policy,
        statement: &str,
        fetched: Option<&JwkSet>,
    ) -> Result<Value, Reason> {
        match verify(statement, fetched, (NOW, policy))? {
            Stated::Claims(claims) => Ok(claims.into()),
            Stated::Ask(Asks::ClientKeys { uri, fresh }) => Ok(json!([uri, fresh])),
            Stated::Ask(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_approved_issuers_vouch() {
        let (key, set) = keys();
        let mut policy = policy();
        let claims = json!({
            "iss": AUTHORITY, "iat": NOW.seconds(), "software_id": "hoso",
            "redirect_uris": ["https://rp.example/cb"],
        });
        let statement = stated(&claims, &key);
        let unapproved = Err(Reason::SoftwareStatementUnapproved);
        assert_eq!(verified(&policy, &statement, None), unapproved);
        policy.registration.statements = vec![StatementIssuer {
            issuer: AUTHORITY.into(),
            keys: StatementKeys::Set(set.clone()),
        }];
        let metadata = json!({"software_id": "hoso", "redirect_uris": ["https://rp.example/cb"]});
        assert_eq!(verified(&policy, &statement, None), Ok(metadata.clone()));
        let uri = "https://authority.example/jwks";
        policy.registration.statements[0].keys = StatementKeys::Uri(uri.into());
        assert_eq!(verified(&policy, &statement, None), Ok(json!([uri, false])));
        assert_eq!(verified(&policy, &statement, Some(&set)), Ok(metadata));
    }

    #[test]
    fn what_is_wrong_with_a_statement_is_refused() {
        let (key, set) = keys();
        let (stranger, _) = keys();
        let mut policy = policy();
        policy.registration.statements = vec![StatementIssuer {
            issuer: AUTHORITY.into(),
            keys: StatementKeys::Set(set),
        }];
        let invalid = Err(Reason::SoftwareStatementInvalid);
        let signed = |claims: Value| stated(&claims, &key);
        for (what, statement) in [
            ("no JWT", "statement".to_owned()),
            ("another key", stated(&json!({"iss": AUTHORITY}), &stranger)),
            (
                "expired",
                signed(json!({"iss": AUTHORITY, "exp": after(-3600).seconds()})),
            ),
            (
                "for somebody else",
                signed(json!({"iss": AUTHORITY, "aud": "https://x.example"})),
            ),
        ] {
            assert_eq!(verified(&policy, &statement, None), invalid, "{what}");
        }
        let here = signed(json!({"iss": AUTHORITY, "aud": [ISSUER]}));
        assert_eq!(verified(&policy, &here, None), Ok(json!({})));
        let unsigned = "eyJhbGciOiJub25lIn0.e30.".to_owned();
        assert_eq!(verified(&policy, &unsigned, None), invalid);
    }
}
