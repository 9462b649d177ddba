//! One name per violated rule.

/// Declares [`JoseError`] as a table, so that a rule's name, its reason and its sentence stand in
/// one row and cannot drift apart.
macro_rules! violated_rules {
    ($( $(#[$doc:meta])* $variant:ident, $reason:literal, $sentence:literal; )+) => {
        /// Why a key, a signature or a token was refused, or could not be made.
        ///
        /// Flat on purpose: every violated rule has its own variant, no variant serves two rules,
        /// and none carries a value of the refused message, so an error may always be logged.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum JoseError {
            $( $(#[$doc])* #[error($sentence)] $variant, )+
        }

        impl JoseError {
            /// Every variant once, in the order of the table.
            pub const ALL: &[JoseError] = &[ $( JoseError::$variant, )+ ];

            /// The stable name of the violated rule, in snake case; for tests, metrics and logs.
            pub fn reason(&self) -> &'static str {
                match self { $( JoseError::$variant => $reason, )+ }
            }
        }
    };
}

violated_rules! {
    /// RFC 7518 §3.6 and RFC 8725 §3.2: unsecured messages are never accepted.
    AlgorithmNone, "jose_algorithm_none", "the algorithm `none` is not accepted";
    /// RFC 8725 §3.2: HS256, HS384 and HS512 would let a public key serve as a secret.
    AlgorithmSymmetric, "jose_algorithm_symmetric", "symmetric algorithms are not accepted";
    /// A name outside ES256, ES384, RS256, PS256 and EdDSA; names are case-sensitive (RFC 7515 §4.1.1).
    AlgorithmUnsupported, "jose_algorithm_unsupported", "the algorithm is not supported";

    /// The caller's size bound, checked before anything is decoded.
    JwsTooLarge, "jws_too_large", "the JWS is larger than allowed";
    /// RFC 7515 §7.1: exactly three parts, separated by two dots.
    JwsPartCount, "jws_part_count", "a compact JWS has exactly three parts";
    /// RFC 7515 §2: base64url without padding, without stray bits, for the header.
    JwsHeaderBase64, "jws_header_base64", "the header is not strict base64url";
    /// The same for the payload.
    JwsPayloadBase64, "jws_payload_base64", "the payload is not strict base64url";
    /// The same for the signature.
    JwsSignatureBase64, "jws_signature_base64", "the signature is not strict base64url";
    /// RFC 7515 §3: every algorithm we accept has a signature of at least one octet.
    JwsSignatureEmpty, "jws_signature_empty", "the signature is empty";
    /// RFC 7515 §4: the header is one JSON object.
    JwsHeaderJson, "jws_header_json", "the header is not a JSON object";
    /// RFC 7515 §4: header parameter names are unique; at any depth here.
    JwsHeaderDuplicateMember, "jws_header_duplicate_member", "the header repeats a member";
    /// RFC 7515 §4.1.1: `alg` is present.
    JwsAlgorithmMissing, "jws_algorithm_missing", "the header names no algorithm";
    /// RFC 7515 §4.1: `alg`, `kid` and `typ` are strings.
    JwsHeaderMemberType, "jws_header_member_type", "a header member has the wrong JSON type";
    /// RFC 7515 §4.1.11: no extension is understood here, so no `crit` can be satisfied.
    JwsCritical, "jws_critical", "the header marks extensions as critical and none is supported";
    /// RFC 7797 §3: a payload that is not base64url encoded.
    JwsUnencodedPayload, "jws_unencoded_payload", "unencoded payloads are not accepted";
    /// No key of the set fits the header's `alg` and `kid`.
    JwsNoMatchingKey, "jws_no_matching_key", "no key of the set fits the header";
    /// More keys fit than are worth trying; a `kid` would tell them apart (OpenID Connect Core §10.1).
    JwsTooManyCandidateKeys, "jws_too_many_candidate_keys", "too many keys fit the header";
    /// The header's `kid` names another key.
    JwsKeyIdMismatch, "jws_key_id_mismatch", "the key has another identifier";
    /// The key's own `alg` member differs from the header's (RFC 7517 §4.4).
    JwsKeyAlgorithmMismatch, "jws_key_algorithm_mismatch", "the key was made for another algorithm";
    /// The key's type or curve cannot be used with the header's `alg`.
    JwsKeyTypeMismatch, "jws_key_type_mismatch", "the key's type does not fit the algorithm";
    /// The key's `use` or `key_ops` excludes verification (RFC 7517 §4.2, §4.3).
    JwsKeyNotForVerification, "jws_key_not_for_verification", "the key is not for verification";
    /// No candidate key verifies the signature.
    JwsSignatureInvalid, "jws_signature_invalid", "the signature does not verify";

    /// The caller's size bound, checked before anything is decoded.
    JweTooLarge, "jwe_too_large", "the JWE is larger than allowed";
    /// RFC 7516 §7.1: exactly five parts, separated by four dots.
    JwePartCount, "jwe_part_count", "a compact JWE has exactly five parts";
    /// RFC 7515 §2: base64url without padding, without stray bits, for the header.
    JweHeaderBase64, "jwe_header_base64", "the JWE header is not strict base64url";
    /// The same for any other part.
    JwePartBase64, "jwe_part_base64", "a part of the JWE is not strict base64url";
    /// RFC 7516 §4: the header is one JSON object.
    JweHeaderJson, "jwe_header_json", "the JWE header is not a JSON object";
    /// RFC 7516 §4: header parameter names are unique; at any depth here.
    JweHeaderDuplicateMember, "jwe_header_duplicate_member", "the JWE header repeats a member";
    /// RFC 7516 §4.1: `alg`, `enc`, `kid`, `typ`, `cty`, `apu` and `apv` are strings.
    JweHeaderMemberType, "jwe_header_member_type", "a member of the JWE header has the wrong JSON type";
    /// RFC 7516 §4.1.1: `alg` is present.
    JweAlgorithmMissing, "jwe_algorithm_missing", "the JWE header names no algorithm for the key";
    /// RFC 8725 §3.2: RSA with PKCS #1 v1.5 padding lets a sender ask questions of the private key.
    JweAlgorithmRsa15, "jwe_algorithm_rsa1_5", "RSA1_5 is not accepted";
    /// A key that both sides hold, used directly or for wrapping; clients' secrets rest as digests.
    JweAlgorithmSymmetric, "jwe_algorithm_symmetric", "keys under a shared secret are not accepted";
    /// PBES2: the header would choose how much work (`p2c`) we do.
    JweAlgorithmPassword, "jwe_algorithm_password", "keys derived from passwords are not accepted";
    /// A name outside RSA-OAEP-256 and the ECDH-ES family; RSA-OAEP with SHA-1 is among them.
    JweAlgorithmUnsupported, "jwe_algorithm_unsupported", "the algorithm for the key is not supported";
    /// A name outside A128GCM, A256GCM and A128CBC-HS256.
    JweEncryptionUnsupported, "jwe_encryption_unsupported", "the algorithm for the content is not supported";
    /// RFC 7516 §4.1.2: `enc` is present.
    JweEncryptionMissing, "jwe_encryption_missing", "the JWE header names no algorithm for the content";
    /// RFC 7516 §4.1.13: no extension is understood here, so no `crit` can be satisfied.
    JweCritical, "jwe_critical", "the JWE header marks extensions as critical and none is supported";
    /// RFC 8725 §3.6: compression tells of the content, and a small message could unpack into a large one.
    JweCompressed, "jwe_compressed", "compressed content is not accepted";
    /// RFC 7518 §4.6.1.1: key agreement needs the sender's ephemeral key, on P-256 or P-384.
    JweEphemeralKey, "jwe_ephemeral_key", "the ephemeral key is missing or on no supported curve";
    /// RFC 7518 §4.6.1.2, §4.6.1.3: `apu` and `apv` are base64url.
    JwePartyBase64, "jwe_party_base64", "apu or apv is not strict base64url";
    /// The key's type cannot be used with the header's `alg`.
    JweKeyTypeMismatch, "jwe_key_type_mismatch", "the key's type does not fit the way of encryption";
    /// The key's `use`, `key_ops` or `alg` reserves it for something else (RFC 7517 §4.2 to §4.4).
    JweKeyNotForEncryption, "jwe_key_not_for_encryption", "the key is not for encryption";
    /// None of our keys fits the header's `alg` and `kid`.
    JweNoMatchingKey, "jwe_no_matching_key", "no key of ours fits the JWE header";
    /// RFC 7516 §11.5: whatever is wrong once a private key is at work, in one word.
    JweDecryptionFailed, "jwe_decryption_failed", "the JWE does not decrypt";
    /// Encrypting failed inside the cryptographic library.
    JweEncryptionFailed, "jwe_encryption_failed", "the JWE could not be made";
    /// The private key for decryption is malformed, of another type than the algorithm, or out of range.
    DecryptionKeyRejected, "decryption_key_rejected", "the private key cannot be used for decryption";

    /// RFC 7517 §4: a JWK is one JSON object.
    JwkJson, "jwk_json", "the JWK is not a JSON object";
    /// RFC 7517 §4: member names are unique; at any depth here.
    JwkDuplicateMember, "jwk_duplicate_member", "the JWK repeats a member";
    /// A member that must be a string, or a list of strings, is something else.
    JwkMemberType, "jwk_member_type", "a member of the JWK has the wrong JSON type";
    /// RFC 7517 §4.1: `kty` is present.
    JwkKeyTypeMissing, "jwk_key_type_missing", "the JWK has no key type";
    /// A `kty` outside EC, RSA and OKP.
    JwkKeyTypeUnsupported, "jwk_key_type_unsupported", "the key type is not supported";
    /// `kty` is `oct`: a shared secret has no place among public keys.
    JwkSymmetric, "jwk_symmetric", "a symmetric key was given where a public key belongs";
    /// RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2: a member of a private key is present.
    JwkPrivate, "jwk_private", "a private key was given where a public key belongs";
    /// A member that the key type requires is absent.
    JwkMemberMissing, "jwk_member_missing", "the JWK lacks a required member";
    /// A key member is not strict base64url.
    JwkBase64, "jwk_base64", "a key member is not strict base64url";
    /// A `crv` outside P-256, P-384 and Ed25519, or one of another key type.
    JwkCurveUnsupported, "jwk_curve_unsupported", "the curve is not supported";
    /// RFC 7518 §6.2.1.2: a coordinate has exactly the curve's length.
    JwkCoordinateLength, "jwk_coordinate_length", "a coordinate has the wrong length";
    /// The coordinates are no point of the curve.
    JwkPointInvalid, "jwk_point_invalid", "the point is not on the curve";
    /// RFC 7518 §6.3.1: an unsigned integer has no leading zero octet.
    JwkRsaInteger, "jwk_rsa_integer", "an RSA integer is empty or has a leading zero octet";
    /// RFC 7518 §3.3 asks for 2048 bits at least; more than 8192 cost too much to verify.
    JwkRsaModulusSize, "jwk_rsa_modulus_size", "the RSA modulus is not of 2048 to 8192 bits";
    /// A product of two odd primes is odd.
    JwkRsaModulusEven, "jwk_rsa_modulus_even", "the RSA modulus is even";
    /// An odd exponent from 3 to 2^33 - 1, the range that `ring` verifies with.
    JwkRsaExponent, "jwk_rsa_exponent", "the RSA exponent is out of range";
    /// RFC 7517 §4.4: `alg` names a signing algorithm of another key type.
    JwkAlgorithmMismatch, "jwk_algorithm_mismatch", "the JWK's algorithm does not fit its key type";
    /// RFC 7517 §4.3: duplicate operation values must not be present.
    JwkDuplicateOperation, "jwk_duplicate_operation", "the JWK repeats a key operation";

    /// A set larger than [`crate::jose::jwk_set::MAX_BYTES`].
    JwkSetTooLarge, "jwk_set_too_large", "the JWK set is larger than allowed";
    /// RFC 7517 §5: a set is one JSON object.
    JwkSetJson, "jwk_set_json", "the JWK set is not a JSON object";
    /// A member repeated anywhere in the set.
    JwkSetDuplicateMember, "jwk_set_duplicate_member", "the JWK set repeats a member";
    /// RFC 7517 §5.1: `keys` is present and is an array.
    JwkSetKeysMissing, "jwk_set_keys_missing", "the JWK set has no array of keys";
    /// More than [`crate::jose::jwk_set::MAX_KEYS`] entries.
    JwkSetTooManyKeys, "jwk_set_too_many_keys", "the JWK set has too many keys";

    /// The header's algorithm is not among those the caller accepts (RFC 8725 §3.1).
    JwtAlgorithmNotAllowed, "jwt_algorithm_not_allowed", "the algorithm is not accepted here";
    /// A `typ` is required and absent (RFC 8725 §3.11).
    JwtTypMissing, "jwt_typ_missing", "the token states no type";
    /// The `typ` is that of another kind of token.
    JwtTypUnexpected, "jwt_typ_unexpected", "the token is of another type";
    /// RFC 7519 §7.2: the claims set is one JSON object.
    JwtClaimsJson, "jwt_claims_json", "the claims are not a JSON object";
    /// RFC 7519 §4: claim names are unique; at any depth here.
    JwtClaimsDuplicateMember, "jwt_claims_duplicate_member", "the claims repeat a member";
    /// The claims do not have the shape that the caller asked for.
    JwtClaimsShape, "jwt_claims_shape", "the claims do not have the expected shape";
    /// RFC 7519 §4.1: `iss`, `sub` and `jti` are strings.
    JwtClaimType, "jwt_claim_type", "a registered claim has the wrong JSON type";
    /// RFC 7519 §2: a NumericDate is a number, here between 1970 and the end of 9999.
    JwtNumericDate, "jwt_numeric_date", "a time claim is not a usable number";
    /// `iss` is required and absent.
    JwtIssuerMissing, "jwt_issuer_missing", "the token states no issuer";
    /// `iss` is somebody else, compared octet by octet.
    JwtIssuerMismatch, "jwt_issuer_mismatch", "the token is from another issuer";
    /// `aud` is required and absent.
    JwtAudienceMissing, "jwt_audience_missing", "the token states no audience";
    /// RFC 7519 §4.1.3: `aud` is a string or an array of strings.
    JwtAudienceType, "jwt_audience_type", "the audience is neither a string nor a list of strings";
    /// None of the accepted audiences is in `aud`.
    JwtAudienceMismatch, "jwt_audience_mismatch", "the token is for another audience";
    /// `exp` is required and absent.
    JwtExpiryMissing, "jwt_expiry_missing", "the token states no expiry";
    /// RFC 7519 §4.1.4: now is on or after `exp`, the skew allowed for.
    JwtExpired, "jwt_expired", "the token has expired";
    /// RFC 7519 §4.1.5: now is before `nbf`, the skew allowed for.
    JwtNotYetValid, "jwt_not_yet_valid", "the token is not valid yet";
    /// `iat` is needed to judge the age and is absent.
    JwtIssuedAtMissing, "jwt_issued_at_missing", "the token states no time of issue";
    /// `iat` lies in the future, the skew allowed for.
    JwtIssuedInFuture, "jwt_issued_in_future", "the token was issued in the future";
    /// `iat` is longer ago than the caller's maximal age, the skew allowed for.
    JwtTooOld, "jwt_too_old", "the token was issued too long ago";

    /// The private key is malformed, of another type than the algorithm, or out of range.
    SigningKeyRejected, "signing_key_rejected", "the private key cannot be used";
    /// Key generation failed inside the cryptographic library.
    SigningKeyGeneration, "signing_key_generation", "no key could be generated";
    /// Sizes apply to RSA keys only, and only to RS256 and PS256.
    SigningKeySize, "signing_key_size", "a key size was asked for where none applies";
    /// Signing failed inside the cryptographic library.
    SigningFailed, "signing_failed", "the signature could not be made";
    /// The header names another algorithm than the key signs with.
    SigningAlgorithmMismatch, "signing_algorithm_mismatch", "the header names another algorithm than the key's";
}

#[cfg(test)]
mod tests {
    use super::JoseError;
    use std::collections::HashSet;

    #[test]
    fn every_rule_has_its_own_reason_and_sentence() {
        let reasons: HashSet<_> = JoseError::ALL.iter().map(JoseError::reason).collect();
        let sentences: HashSet<_> = JoseError::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(reasons.len(), JoseError::ALL.len());
        assert_eq!(sentences.len(), JoseError::ALL.len());
    }

    #[test]
    fn reasons_are_snake_case() {
        for error in JoseError::ALL {
            let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(error.reason().chars().all(snake), "{}", error.reason());
        }
    }
}
