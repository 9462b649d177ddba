//! JSON Web Tokens (RFC 7519): a verified signature, and the rules for the registered claims.
//!
//! The order of the checks is fixed: algorithm, type, signature, form of the claims, issuer,
//! audience, times. So no claim is looked at before its signature, and the reason that a caller gets
//! is always that of the first violated rule.

use super::json::{ObjectError, object_without_duplicates};
use super::{CompactJws, Header, JoseError, SigningAlgorithm, VerificationKeys};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The last second of the year 9999; later times are a mistake or an attack on arithmetic.
const LATEST_SECONDS: i64 = 253_402_300_799;

/// Which `typ` header a token must have (RFC 8725 §3.11).
///
/// Compared as media types: letter case is ignored, and so is a leading `application/`
/// (RFC 7515 §4.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedTyp<'a> {
    /// Any or none; right only where another claim tells this kind of token from all others.
    NotChecked,
    /// One of these.
    OneOf(&'a [&'a str]),
    /// None at all, or one of these.
    AbsentOrOneOf(&'a [&'a str]),
}

/// What to make of `exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// It is there, and in the future.
    Required,
    /// If it is there, it is in the future.
    IfPresent,
    /// It may have passed: for tokens that only hint at somebody, such as `id_token_hint`.
    Ignored,
}

/// The rules for one kind of token. There is no default: a rule left out must be seen to be left out.
#[derive(Clone, Copy, Debug)]
pub struct JwtRules<'a> {
    /// The accepted algorithms (RFC 8725 §3.1); an empty list accepts nothing.
    pub algorithms: &'a [SigningAlgorithm],
    /// The accepted `typ`.
    pub typ: ExpectedTyp<'a>,
    /// The only accepted `iss`, octet by octet; `None` leaves the issuer to the caller.
    pub issuer: Option<&'a str>,
    /// The audiences of which `aud` must hold at least one; `None` leaves it to the caller.
    pub audience: Option<&'a [&'a str]>,
    /// What to make of `exp`.
    pub expiry: ExpiryRule,
    /// The greatest age by `iat`, in seconds, which makes `iat` required.
    pub max_age_seconds: Option<u32>,
    /// How far the sender's clock may be off in either direction, in seconds.
    pub skew_seconds: u32,
    /// The current time, in milliseconds since 1970.
    pub now_ms: i64,
}

/// The registered claims of RFC 7519 §4.1; times in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisteredClaims {
    /// `iss`
    pub issuer: Option<String>,
    /// `sub`
    pub subject: Option<String>,
    /// `aud`, as a list even if it was a single string; `None` if absent.
    pub audience: Option<Vec<String>>,
    /// `exp`
    pub expires_at_ms: Option<i64>,
    /// `nbf`
    pub not_before_ms: Option<i64>,
    /// `iat`
    pub issued_at_ms: Option<i64>,
    /// `jti`
    pub jwt_id: Option<String>,
}

impl RegisteredClaims {
    /// Reads the registered claims of an object; checks their form, not their content.
    ///
    /// Refuses `iss`, `sub`, `jti` that are no strings ([`JoseError::JwtClaimType`]), an `aud` that is
    /// neither a string nor an array of strings ([`JoseError::JwtAudienceType`]), and times that are
    /// no numbers from 0 to the end of the year 9999 ([`JoseError::JwtNumericDate`]).
    pub fn from_object(claims: &Map<String, Value>) -> Result<Self, JoseError> {
        Ok(Self {
            issuer: text(claims, "iss")?,
            subject: text(claims, "sub")?,
            audience: claims.get("aud").map(audience).transpose()?,
            expires_at_ms: claims.get("exp").map(numeric_date_ms).transpose()?,
            not_before_ms: claims.get("nbf").map(numeric_date_ms).transpose()?,
            issued_at_ms: claims.get("iat").map(numeric_date_ms).transpose()?,
            jwt_id: text(claims, "jti")?,
        })
    }

    /// Reads the claims of a token that nobody has vouched for, to find out whose keys to load.
    ///
    /// Refuses what [`RegisteredClaims::from_object`] refuses, and a payload that is no JSON object
    /// or repeats a member. Decide nothing by the result.
    pub fn peek(jws: &CompactJws<'_>) -> Result<Self, JoseError> {
        Self::peek_payload(jws.unverified_payload())
    }

    /// The same for a payload.
    pub fn peek_payload(payload: &[u8]) -> Result<Self, JoseError> {
        Self::from_object(&claims_object(payload)?)
    }
}

/// A token whose signature and registered claims were verified; only [`VerifiedJwt::verify`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedJwt<C> {
    header: Header,
    registered: RegisteredClaims,
    claims: C,
}

impl<C: DeserializeOwned> VerifiedJwt<C> {
    /// Verifies a token by the given keys and rules.
    ///
    /// Refuses, in this order: an algorithm or a type that the rules do not name; what
    /// [`CompactJws::verify`] refuses; claims that are no JSON object, repeat a member or are
    /// malformed; a wrong issuer or audience; `exp` reached, `nbf` or `iat` in the future, `iat` too
    /// long ago, each only beyond the skew; and claims that do not fit `C`
    /// ([`JoseError::JwtClaimsShape`]). Does not check `sub`, `jti` or replays.
    pub fn verify<'k>(
        jws: &CompactJws<'_>,
        keys: impl Into<VerificationKeys<'k>>,
        rules: &JwtRules<'_>,
    ) -> Result<Self, JoseError> {
        if !rules.algorithms.contains(&jws.header().algorithm()) {
            return Err(JoseError::JwtAlgorithmNotAllowed);
        }
        check_typ(jws.header().typ(), rules)?;
        let (header, payload) = jws.verify(keys)?.into_parts();
        let (registered, object) = check_claims(&payload, rules)?;
        let claims = serde_json::from_value(Value::Object(object));
        let claims = claims.map_err(|_| JoseError::JwtClaimsShape)?;
        Ok(Self {
            header,
            registered,
            claims,
        })
    }
}

impl<C> VerifiedJwt<C> {
    /// The header, covered by the signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The registered claims.
    pub fn registered(&self) -> &RegisteredClaims {
        &self.registered
    }

    /// All claims, in the caller's shape.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Registered and all claims, given away.
    pub fn into_parts(self) -> (RegisteredClaims, C) {
        (self.registered, self.claims)
    }
}

/// The claims of an authentic payload, once all rules about them hold.
pub(super) fn check_claims(
    payload: &[u8],
    rules: &JwtRules<'_>,
) -> Result<(RegisteredClaims, Map<String, Value>), JoseError> {
    let object = claims_object(payload)?;
    let registered = RegisteredClaims::from_object(&object)?;
    check_issuer(&registered, rules)?;
    check_audience(&registered, rules)?;
    check_expiry(&registered, rules)?;
    check_not_before(&registered, rules)?;
    check_issued_at(&registered, rules)?;
    Ok((registered, object))
}

/// RFC 8725 §3.11: a token of one kind must not pass for another.
pub(super) fn check_typ(typ: Option<&str>, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    let (accepted, absent_passes) = match rules.typ {
        ExpectedTyp::NotChecked => return Ok(()),
        ExpectedTyp::OneOf(accepted) => (accepted, false),
        ExpectedTyp::AbsentOrOneOf(accepted) => (accepted, true),
    };
    match typ {
        None if absent_passes => Ok(()),
        None => Err(JoseError::JwtTypMissing),
        Some(typ) if accepted.iter().any(|one| same_media_type(one, typ)) => Ok(()),
        Some(_) => Err(JoseError::JwtTypUnexpected),
    }
}

/// RFC 7519 §4.1.1.
fn check_issuer(claims: &RegisteredClaims, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    match (rules.issuer, claims.issuer.as_deref()) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(JoseError::JwtIssuerMissing),
        (Some(expected), Some(stated)) if expected == stated => Ok(()),
        _ => Err(JoseError::JwtIssuerMismatch),
    }
}

/// RFC 7519 §4.1.3.
fn check_audience(claims: &RegisteredClaims, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    let Some(accepted) = rules.audience else {
        return Ok(());
    };
    let stated = claims
        .audience
        .as_ref()
        .ok_or(JoseError::JwtAudienceMissing)?;
    if stated.iter().any(|one| accepted.contains(&one.as_str())) {
        Ok(())
    } else {
        Err(JoseError::JwtAudienceMismatch)
    }
}

/// RFC 7519 §4.1.4: valid strictly before `exp`.
fn check_expiry(claims: &RegisteredClaims, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    match (rules.expiry, claims.expires_at_ms) {
        (ExpiryRule::Ignored, _) | (ExpiryRule::IfPresent, None) => Ok(()),
        (ExpiryRule::Required, None) => Err(JoseError::JwtExpiryMissing),
        (_, Some(expiry)) if rules.now_ms < expiry.saturating_add(rules.skew_ms()) => Ok(()),
        _ => Err(JoseError::JwtExpired),
    }
}

/// RFC 7519 §4.1.5: valid from `nbf` on.
fn check_not_before(claims: &RegisteredClaims, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    match claims.not_before_ms {
        Some(start) if rules.latest_now_ms() < start => Err(JoseError::JwtNotYetValid),
        _ => Ok(()),
    }
}

/// RFC 7519 §4.1.6 leaves the age of a token to the application.
fn check_issued_at(claims: &RegisteredClaims, rules: &JwtRules<'_>) -> Result<(), JoseError> {
    if claims
        .issued_at_ms
        .is_some_and(|issued| rules.latest_now_ms() < issued)
    {
        return Err(JoseError::JwtIssuedInFuture);
    }
    let Some(max_age) = rules.max_age_seconds else {
        return Ok(());
    };
    let issued = claims.issued_at_ms.ok_or(JoseError::JwtIssuedAtMissing)?;
    let allowed_ms = (i64::from(max_age) * 1000).saturating_add(rules.skew_ms());
    if rules.now_ms.saturating_sub(issued) > allowed_ms {
        return Err(JoseError::JwtTooOld);
    }
    Ok(())
}

impl JwtRules<'_> {
    fn skew_ms(&self) -> i64 {
        i64::from(self.skew_seconds) * 1000
    }

    /// What a sender's clock may show now at the latest.
    fn latest_now_ms(&self) -> i64 {
        self.now_ms.saturating_add(self.skew_ms())
    }
}

fn same_media_type(one: &str, other: &str) -> bool {
    short_media_type(one).eq_ignore_ascii_case(short_media_type(other))
}

/// Without `application/`, unless another slash follows (RFC 7515 §4.1.9).
fn short_media_type(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match (typ.get(..PREFIX.len()), typ.get(PREFIX.len()..)) {
        (Some(prefix), Some(rest))
            if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') =>
        {
            rest
        }
        _ => typ,
    }
}

fn claims_object(payload: &[u8]) -> Result<Map<String, Value>, JoseError> {
    object_without_duplicates(payload).map_err(|error| match error {
        ObjectError::DuplicateMember => JoseError::JwtClaimsDuplicateMember,
        ObjectError::Malformed | ObjectError::NotAnObject => JoseError::JwtClaimsJson,
    })
}

fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, JoseError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JoseError::JwtClaimType),
    }
}

fn audience(value: &Value) -> Result<Vec<String>, JoseError> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    let all = match value {
        Value::Array(entries) => entries.iter().map(one).collect(),
        single => one(single).map(|audience| vec![audience]),
    };
    all.ok_or(JoseError::JwtAudienceType)
}

/// A NumericDate (RFC 7519 §2) in milliseconds; fractions beyond are cut off.
fn numeric_date_ms(value: &Value) -> Result<i64, JoseError> {
    if let Some(seconds) = value.as_i64() {
        let in_range = (0..=LATEST_SECONDS).contains(&seconds);
        return if in_range {
            Ok(seconds * 1000)
        } else {
            Err(JoseError::JwtNumericDate)
        };
    }
    // `as` is exact on the bound and cuts off the fraction of what lies within it.
    match value.as_f64() {
        Some(seconds) if (0.0..=LATEST_SECONDS as f64).contains(&seconds) => {
            Ok((seconds * 1000.0) as i64)
        }
        _ => Err(JoseError::JwtNumericDate),
    }
}

#[cfg(test)]
mod tests {
    use super::{ExpectedTyp, ExpiryRule, JwtRules, RegisteredClaims, VerifiedJwt};
    use crate::jose::{CompactJws, Header, JoseError, SigningAlgorithm, jws, sample};
    use serde::Deserialize;
    use serde_json::{Map, Value, json};

    const NOW: i64 = 1_900_000_000;
    const ISSUER: &str = "https://id.example.vn";

    fn rules() -> JwtRules<'static> {
        JwtRules {
            algorithms: &[SigningAlgorithm::ES256],
            typ: ExpectedTyp::NotChecked,
            issuer: Some(ISSUER),
            audience: Some(&["a", "b"]),
            expiry: ExpiryRule::Required,
            max_age_seconds: None,
            skew_seconds: 10,
            now_ms: NOW * 1000,
        }
    }

    fn verify_text<C: serde::de::DeserializeOwned>(
        text: &str,
        rules: &JwtRules<'_>,
    ) -> Result<VerifiedJwt<C>, JoseError> {
        let jws = CompactJws::parse(text, jws::DEFAULT_MAX_BYTES)?;
        VerifiedJwt::verify(&jws, &sample::jwk(SigningAlgorithm::ES256), rules)
    }

    /// Verifies a token with good claims, changed; null removes a claim.
    fn verify_changed(
        changes: &Value,
        rules: &JwtRules<'_>,
    ) -> Result<VerifiedJwt<Map<String, Value>>, JoseError> {
        let mut claims = json!({"iss": ISSUER, "aud": "a", "exp": NOW + 60});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let text = sample::token(SigningAlgorithm::ES256, claims.to_string().as_bytes());
        verify_text(&text, rules)
    }

    #[test]
    fn issuer_and_audience() {
        let cases = [
            (json!({}), Ok(())),
            (json!({"aud": ["x", "b"]}), Ok(())),
            (json!({"iss": null}), Err(JoseError::JwtIssuerMissing)),
            (
                json!({"iss": "https://id.example.vn/"}),
                Err(JoseError::JwtIssuerMismatch),
            ),
            (
                json!({"iss": "https://ID.example.vn"}),
                Err(JoseError::JwtIssuerMismatch),
            ),
            (json!({"iss": [ISSUER]}), Err(JoseError::JwtClaimType)),
            (json!({"sub": 7}), Err(JoseError::JwtClaimType)),
            (json!({"jti": false}), Err(JoseError::JwtClaimType)),
            (json!({"aud": null}), Err(JoseError::JwtAudienceMissing)),
            (json!({"aud": "x"}), Err(JoseError::JwtAudienceMismatch)),
            (json!({"aud": "A"}), Err(JoseError::JwtAudienceMismatch)),
            (json!({"aud": []}), Err(JoseError::JwtAudienceMismatch)),
            (json!({"aud": ["a", 1]}), Err(JoseError::JwtAudienceType)),
            (json!({"aud": {"a": 1}}), Err(JoseError::JwtAudienceType)),
        ];
        for (changes, expected) in cases {
            assert_eq!(
                verify_changed(&changes, &rules()).map(|_| ()),
                expected,
                "{changes}"
            );
        }
        let anybody = JwtRules {
            issuer: None,
            audience: None,
            ..rules()
        };
        assert!(verify_changed(&json!({"iss": "x", "aud": null}), &anybody).is_ok());
        let nobody = JwtRules {
            audience: Some(&[]),
            ..rules()
        };
        let refused = verify_changed(&json!({}), &nobody);
        assert_eq!(refused, Err(JoseError::JwtAudienceMismatch));
    }

    #[test]
    fn times_with_a_skew_of_ten_seconds() {
        let cases = [
            (json!({"exp": null}), Err(JoseError::JwtExpiryMissing)),
            (json!({"exp": NOW - 9}), Ok(())),
            (json!({"exp": NOW - 10}), Err(JoseError::JwtExpired)),
            (json!({"exp": (NOW - 10) as f64 + 0.25}), Ok(())),
            (json!({"exp": 0}), Err(JoseError::JwtExpired)),
            (json!({"exp": "1900000060"}), Err(JoseError::JwtNumericDate)),
            (json!({"exp": -1}), Err(JoseError::JwtNumericDate)),
            (json!({"exp": 253_402_300_799_i64}), Ok(())),
            (
                json!({"exp": 253_402_300_800_i64}),
                Err(JoseError::JwtNumericDate),
            ),
            (json!({"exp": u64::MAX}), Err(JoseError::JwtNumericDate)),
            (json!({"exp": 1e300}), Err(JoseError::JwtNumericDate)),
            (json!({"nbf": NOW + 10}), Ok(())),
            (json!({"nbf": NOW + 11}), Err(JoseError::JwtNotYetValid)),
            (json!({"nbf": true}), Err(JoseError::JwtNumericDate)),
            (json!({"iat": NOW + 10}), Ok(())),
            (json!({"iat": NOW + 11}), Err(JoseError::JwtIssuedInFuture)),
            (json!({"iat": []}), Err(JoseError::JwtNumericDate)),
            (json!({"iat": 0}), Ok(())),
        ];
        for (changes, expected) in cases {
            assert_eq!(
                verify_changed(&changes, &rules()).map(|_| ()),
                expected,
                "{changes}"
            );
        }
    }

    #[test]
    fn expiry_may_be_optional_or_ignored() {
        let optional = JwtRules {
            expiry: ExpiryRule::IfPresent,
            ..rules()
        };
        let ignored = JwtRules {
            expiry: ExpiryRule::Ignored,
            ..rules()
        };
        let (absent, past) = (json!({"exp": null}), json!({"exp": 1}));
        assert!(verify_changed(&absent, &optional).is_ok());
        assert_eq!(verify_changed(&past, &optional), Err(JoseError::JwtExpired));
        assert!(verify_changed(&absent, &ignored).is_ok());
        assert!(verify_changed(&past, &ignored).is_ok());
    }

    #[test]
    fn age() {
        let fresh = JwtRules {
            max_age_seconds: Some(60),
            ..rules()
        };
        let cases = [
            (json!({}), Err(JoseError::JwtIssuedAtMissing)),
            (json!({"iat": NOW - 70}), Ok(())),
            (json!({"iat": NOW - 71}), Err(JoseError::JwtTooOld)),
            (json!({"iat": 0}), Err(JoseError::JwtTooOld)),
        ];
        for (changes, expected) in cases {
            assert_eq!(
                verify_changed(&changes, &fresh).map(|_| ()),
                expected,
                "{changes}"
            );
        }
    }

    #[test]
    fn extreme_clocks_do_not_overflow() {
        for (now_ms, expected) in [
            (i64::MAX, Err(JoseError::JwtExpired)),
            (i64::MIN, Err(JoseError::JwtIssuedInFuture)),
        ] {
            let rules = JwtRules {
                now_ms,
                skew_seconds: u32::MAX,
                ..rules()
            };
            assert_eq!(
                verify_changed(&json!({"iat": 1}), &rules).map(|_| ()),
                expected
            );
        }
    }

    #[test]
    fn types() {
        let one = ExpectedTyp::OneOf(&["at+jwt"]);
        let or_absent = ExpectedTyp::AbsentOrOneOf(&["JWT", "application/example"]);
        let cases = [
            (one, Some("at+jwt"), Ok(())),
            (one, Some("AT+JWT"), Ok(())),
            (one, Some("application/at+jwt"), Ok(())),
            (one, Some("APPLICATION/At+jwt"), Ok(())),
            (
                one,
                Some("application/at+jwt/x"),
                Err(JoseError::JwtTypUnexpected),
            ),
            (one, Some("JWT"), Err(JoseError::JwtTypUnexpected)),
            (one, Some(""), Err(JoseError::JwtTypUnexpected)),
            (one, None, Err(JoseError::JwtTypMissing)),
            (or_absent, None, Ok(())),
            (or_absent, Some("jwt"), Ok(())),
            (or_absent, Some("example"), Ok(())),
            (or_absent, Some("at+jwt"), Err(JoseError::JwtTypUnexpected)),
            (ExpectedTyp::NotChecked, Some("anything"), Ok(())),
        ];
        let claims = json!({"iss": ISSUER, "aud": "a", "exp": NOW + 60}).to_string();
        for (typ, stated, expected) in cases {
            let mut header = Header::new(SigningAlgorithm::ES256);
            if let Some(stated) = stated {
                header = header.with_typ(stated);
            }
            let key = sample::key(SigningAlgorithm::ES256);
            let text = jws::sign(&header, claims.as_bytes(), key, &sample::rng()).unwrap();
            let verified = verify_text::<Value>(&text, &JwtRules { typ, ..rules() });
            assert_eq!(verified.map(|_| ()), expected, "{typ:?} {stated:?}");
        }
    }

    #[test]
    fn only_accepted_algorithms() {
        let es256 = sample::token(SigningAlgorithm::ES256, b"{}");
        for algorithms in [&[][..], &[SigningAlgorithm::PS256, SigningAlgorithm::EdDSA]] {
            let refused = verify_text::<Value>(
                &es256,
                &JwtRules {
                    algorithms,
                    ..rules()
                },
            );
            assert_eq!(refused, Err(JoseError::JwtAlgorithmNotAllowed));
        }
    }

    #[test]
    fn form_of_the_claims() {
        let cases: [(&[u8], JoseError); 6] = [
            (b"", JoseError::JwtClaimsJson),
            (b"null", JoseError::JwtClaimsJson),
            (b"[{}]", JoseError::JwtClaimsJson),
            (b"{\"iss\":\"\xff\"}", JoseError::JwtClaimsJson),
            (
                b"{\"iss\":\"a\",\"iss\":\"b\"}",
                JoseError::JwtClaimsDuplicateMember,
            ),
            (
                b"{\"cnf\":{\"jkt\":1,\"jkt\":1}}",
                JoseError::JwtClaimsDuplicateMember,
            ),
        ];
        for (payload, expected) in cases {
            let text = sample::token(SigningAlgorithm::ES256, payload);
            assert_eq!(
                verify_text::<Value>(&text, &rules()),
                Err(expected),
                "{payload:?}"
            );
        }
    }

    #[test]
    fn nothing_is_judged_before_the_signature() {
        let text = sample::token(SigningAlgorithm::ES256, b"not even JSON");
        let (signed, _) = text.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{}", "A".repeat(86));
        let refused = verify_text::<Value>(&forged, &rules());
        assert_eq!(refused, Err(JoseError::JwsSignatureInvalid));
    }

    #[test]
    fn claims_in_the_callers_shape() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Claims {
            scope: String,
        }
        let good = json!({"iss": ISSUER, "aud": "a", "exp": NOW + 1, "scope": "s", "jti": "j"});
        let text = sample::token(SigningAlgorithm::ES256, good.to_string().as_bytes());
        let verified = verify_text::<Claims>(&text, &rules()).unwrap();
        assert_eq!(verified.claims().scope, "s");
        assert_eq!(verified.header().kid(), Some("k1"));
        assert_eq!(verified.registered().jwt_id.as_deref(), Some("j"));
        assert_eq!(verified.registered().expires_at_ms, Some((NOW + 1) * 1000));
        assert_eq!(verified.registered().audience, Some(vec!["a".to_owned()]));
        let other = json!({"iss": ISSUER, "aud": "a", "exp": NOW + 1, "scope": 1});
        let text = sample::token(SigningAlgorithm::ES256, other.to_string().as_bytes());
        assert_eq!(
            verify_text::<Claims>(&text, &rules()),
            Err(JoseError::JwtClaimsShape)
        );
    }

    #[test]
    fn peeking_reads_without_believing() {
        let text = sample::token(SigningAlgorithm::ES256, b"{\"iss\":\"c\",\"iat\":1.5}");
        let jws = CompactJws::parse(&text, jws::DEFAULT_MAX_BYTES).unwrap();
        let claims = RegisteredClaims::peek(&jws).unwrap();
        assert_eq!(
            (claims.issuer.as_deref(), claims.issued_at_ms),
            (Some("c"), Some(1500))
        );
    }
}
