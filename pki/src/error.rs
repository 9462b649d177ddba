//! Why something is refused: one name per violated rule.

macro_rules! rejections {
    ($($(#[$doc:meta])+ $name:ident: $message:literal, $section:literal;)+) => {
        /// A rule that does not hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        pub enum Rejection {
            $($(#[$doc])+ #[error($message)] $name,)+
        }

        impl Rejection {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Where the rule stands; empty for bounds and rules of this crate's own.
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$name => $section,)+
                }
            }
        }
    };
}

// Meaning, name, message, and where the rule stands.
rejections! {
    /// More octets than are looked at.
    TooLarge: "too large", "";
    /// Not DER (X.690 §10): BER, cut short, trailing octets, nested too deep.
    DerMalformed: "not in the distinguished encoding", "X.690 §10";
    /// Not the structure of RFC 5280 §4.1.
    CertificateMalformed: "not a certificate", "RFC 5280 §4.1";
    /// Not the structure of RFC 5280 §5.1.
    CrlMalformed: "not a revocation list", "RFC 5280 §5.1";
    /// Not the structure of RFC 5280 §4.1.2.4.
    NameMalformed: "a name is malformed", "RFC 5280 §4.1.2.4";
    /// Not one of the forms of RFC 5280 §4.1.2.5.
    TimeMalformed: "a time is malformed", "RFC 5280 §4.1.2.5";
    /// An extension's value is not what its type says.
    ExtensionMalformed: "an extension is malformed", "RFC 5280 §4.2.1";
    /// An extension comes twice (RFC 5280 §4.2).
    ExtensionRepeated: "an extension comes twice", "RFC 5280 §4.2";
    /// Extensions outside version 3, or a list that is not version 2 (RFC 5280 §4.1.2.1, §5.1.2.1).
    VersionInvalid: "the version does not fit", "RFC 5280 §4.1.2.1";
    /// Not in its shortest form, or longer than 20 octets (RFC 5280 §4.1.2.2).
    SerialInvalid: "the serial number is invalid", "RFC 5280 §4.1.2.2";
    /// The signed and the outer algorithm differ (RFC 5280 §4.1.1.2).
    AlgorithmMismatch: "two different signature algorithms", "RFC 5280 §4.1.1.2";
    /// Nobody here verifies such signatures.
    AlgorithmUnsupported: "the signature algorithm is not supported", "RFC 5280 §4.1.1.2";
    /// SHA-1 where the anchor was not marked for it.
    AlgorithmWeak: "the signature algorithm is too weak", "RFC 6194 §3.1";
    /// A signature algorithm for another kind of key.
    AlgorithmOfOtherKey: "the signature algorithm is for another kind of key", "RFC 5280 §6.1.3 (a)(1)";
    /// Not the structure of RFC 5280 §4.1.2.7, an even or trivial exponent.
    KeyMalformed: "the public key is malformed", "RFC 5280 §4.1.2.7";
    /// DSA, a curve without a name, or another kind.
    KeyUnsupported: "the public key is of no supported kind", "RFC 5280 §4.1.2.7";
    /// A modulus below the bound.
    KeyWeak: "the public key is too short", "NIST SP 800-131A §3";
    /// The signature is not of this key over these octets.
    SignatureWrong: "the signature is wrong", "RFC 5280 §6.1.3 (a)(1)";
    /// Used before its time.
    NotYetValid: "not yet valid", "RFC 5280 §6.1.3 (a)(2)";
    /// Used after its time.
    Expired: "expired", "RFC 5280 §6.1.3 (a)(2)";
    /// A certificate's issuer is not the subject of the one above (RFC 5280 §6.1.3 (a)(4)).
    NamesDoNotChain: "the names do not chain", "RFC 5280 §6.1.3 (a)(4)";
    /// A critical extension that is not understood here (RFC 5280 §4.2).
    CriticalExtensionUnknown: "a critical extension is not understood", "RFC 5280 §4.2";
    /// An issuer without `basicConstraints` `cA` (RFC 5280 §6.1.4 (k)).
    NotAnAuthority: "an issuer is no authority", "RFC 5280 §6.1.4 (k)";
    /// More authorities than one above allows (RFC 5280 §6.1.4 (l)).
    PathTooLong: "more authorities than allowed", "RFC 5280 §6.1.4 (l)";
    /// An issuer's key may not sign certificates (RFC 5280 §6.1.4 (n)).
    KeyUsageWrong: "an issuer's key may not sign certificates", "RFC 5280 §6.1.4 (n)";
    /// A name outside the permitted subtrees (RFC 5280 §6.1.3 (b)).
    NameNotPermitted: "a name is not permitted", "RFC 5280 §6.1.3 (b)";
    /// A name in an excluded subtree (RFC 5280 §6.1.3 (c)).
    NameExcluded: "a name is excluded", "RFC 5280 §6.1.3 (c)";
    /// A name and a constraint that nobody here can compare.
    NameConstraintUnsupported: "a name constraint is not supported", "RFC 5280 §4.2.1.10";
    /// `anyPolicy` is mapped (RFC 5280 §6.1.4 (a)).
    PolicyMappingInvalid: "a policy mapping is invalid", "RFC 5280 §6.1.4 (a)";
    /// No policy is left where one is required (RFC 5280 §6.1.3 (f), §6.1.5 (g)).
    PolicyMissing: "no acceptable policy", "RFC 5280 §6.1.5 (g)";
    /// A path of no certificate, or of more than are looked at.
    PathLengthUnfit: "the path has no acceptable length", "RFC 5280 §6.1";
    /// No path leads to an anchor.
    NoPath: "no path to a trust anchor", "RFC 5280 §6.1.1 (d)";
    /// The work that one question may cause is spent.
    BudgetSpent: "too much work", "";
    /// The list is not, or no longer, current.
    CrlOutOfDate: "the revocation list is out of date", "RFC 5280 §6.3.3 (a)";
    /// A list that does not speak of this certificate.
    CrlOfOtherScope: "the revocation list has another scope", "RFC 5280 §6.3.3 (b)";
    /// The signer of a list may not sign lists (RFC 5280 §6.3.3 (f)).
    CrlSignerWrong: "the signer may not sign revocation lists", "RFC 5280 §6.3.3 (f)";
    /// A critical extension of a list that is not understood here (RFC 5280 §5.2).
    CrlExtensionUnknown: "a critical extension of the revocation list is not understood", "RFC 5280 §5.2";
    /// Nobody says anything, or not for every reason (RFC 5280 §6.3.3).
    RevocationUnknown: "the revocation status is unknown", "RFC 5280 §6.3.3";
    /// It is revoked.
    Revoked: "revoked", "RFC 5280 §6.3.3 (i)";

    // End entities.
    /// An authority, or a key that signs certificates, where a person is expected.
    EndEntityIsAuthority: "an authority, where a person is expected", "RFC 5280 §4.2.1.9";
    /// Issuer and subject are the same.
    EndEntityIssuedItself: "issued by itself", "RFC 5280 §3.2";
    /// Nothing says what the key may do.
    EndEntityKeyUsageMissing: "the key usage is missing", "RFC 5280 §4.2.1.3";
    /// The key may not sign.
    EndEntityMayNotSign: "the key may not sign", "RFC 5280 §4.2.1.3";
    /// Meant for something else, or not said what for where that is required.
    EndEntityPurposeWrong: "the certificate is meant for something else", "RFC 5280 §4.2.1.12";

    // Textual encodings.
    /// Not a block of the right label with base64 inside, or not exactly one.
    PemMalformed: "not a textual encoding", "RFC 7468 §3";

    // Answers about the status of one certificate (OCSP).
    /// Not the structure of RFC 6960 §4.2.1.
    OcspMalformed: "not an answer about a certificate's status", "RFC 6960 §4.2.1";
    /// The responder says that it could not read the request.
    OcspRequestMalformed: "the responder could not read the request", "RFC 6960 §2.3";
    /// The responder says that it has an internal error.
    OcspInternalError: "the responder has an internal error", "RFC 6960 §2.3";
    /// The responder asks to try later.
    OcspTryLater: "the responder asks to try later", "RFC 6960 §2.3";
    /// The responder wants signed requests.
    OcspSignatureRequired: "the responder wants signed requests", "RFC 6960 §2.3";
    /// The responder does not answer such a client, or nothing about this issuer.
    OcspUnauthorized: "the responder may not or will not answer", "RFC 6960 §2.3";
    /// An answer of another type than the basic one.
    OcspTypeUnknown: "the answer is of an unknown type", "RFC 6960 §4.2.1";
    /// A critical extension of an answer that is not understood here.
    OcspExtensionUnknown: "a critical extension of the answer is not understood", "RFC 6960 §4.4";
    /// The answer speaks of other certificates only.
    OcspOfOtherCertificate: "the answer is about another certificate", "RFC 6960 §3.2 (1)";
    /// The answer speaks of this certificate more than once.
    OcspAmbiguous: "the answer speaks of the certificate more than once", "RFC 6960 §4.2.2.3";
    /// No certificate at hand is the one that the answer names as its signer.
    OcspResponderUnknown: "the responder's certificate is missing", "RFC 6960 §3.2 (3)";
    /// The signer is neither the issuer, nor marked by it for this, nor pinned.
    OcspResponderUnauthorized: "the responder does not speak for the issuer", "RFC 6960 §4.2.2.2";
    /// The answer is of a later time, or its times contradict each other.
    OcspNotYetValid: "the answer is from the future", "RFC 6960 §4.2.2.1";
    /// A newer answer was due.
    OcspOutOfDate: "the answer is out of date", "RFC 6960 §4.2.2.1";
    /// Older than the operator allows.
    OcspTooOld: "the answer is too old", "RFC 6960 §4.2.2.1";
    /// The nonce of the request is required and does not come back.
    OcspNonceMissing: "the answer lacks the nonce", "RFC 9654 §2.1";
    /// Another nonce than that of the request.
    OcspNonceWrong: "the answer has another nonce", "RFC 9654 §2.1";

    // Signed data (CMS).
    /// Indefinite lengths: BER, where DER is required.
    CmsInBer: "in the basic encoding; the distinguished encoding is required", "X.690 §10.1";
    /// Not the structure of RFC 5652 §5.
    CmsMalformed: "not signed data", "RFC 5652 §5.1";
    /// Another content type, such as enveloped data.
    CmsNotSignedData: "another kind of message than signed data", "RFC 5652 §5.1";
    /// The version does not fit what is inside.
    CmsVersionInvalid: "the version of the signed data does not fit", "RFC 5652 §5.3";
    /// None or several signers.
    CmsSignerCount: "not exactly one signer", "RFC 5652 §5.1";
    /// The content is inside; it must come from whoever asks.
    CmsContentAttached: "the content is attached", "RFC 5652 §5.2";
    /// What is signed is said to be something else than data.
    CmsContentNotData: "the signed content is not plain data", "RFC 5652 §4";
    /// More certificates than are looked at, or another kind of them.
    CmsCertificatesUnfit: "too many certificates, or of another kind", "RFC 5652 §10.2.3";
    /// A signature over the content itself could pass for one over attributes.
    CmsSignedAttributesMissing: "signed attributes are missing", "RFC 5652 §5.3";
    /// An attribute comes twice, or has another number of values than one.
    CmsAttributeRepeated: "a signed attribute comes twice or has not one value", "RFC 5652 §11";
    /// `content-type` is missing.
    CmsContentTypeMissing: "the attribute content-type is missing", "RFC 5652 §11.1";
    /// `content-type` is not that of the content.
    CmsContentTypeWrong: "the attribute content-type names another type", "RFC 5652 §11.1";
    /// `message-digest` is missing.
    CmsMessageDigestMissing: "the attribute message-digest is missing", "RFC 5652 §11.2";
    /// `message-digest` is of other content.
    CmsMessageDigestWrong: "the message digest is of other content", "RFC 5652 §5.6";
    /// `signing-certificate-v2` is missing.
    CmsSigningCertificateMissing: "the attribute signing-certificate-v2 is missing", "RFC 5035 §3";
    /// `signing-certificate-v2` names another certificate.
    CmsSigningCertificateWrong: "the attribute signing-certificate-v2 names another certificate", "RFC 5035 §5.4";
    /// The digest algorithm is not that of the signature, or was not announced.
    CmsDigestMismatch: "two different digest algorithms", "RFC 5754 §3";
    /// The signer's certificate is not among those that came.
    CmsSignerUnknown: "the signer's certificate is missing", "RFC 5652 §5.3";
    /// Several certificates answer to the signer's identifier.
    CmsSignerAmbiguous: "several certificates answer to the signer's identifier", "RFC 5652 §5.3";

    // Raw signatures.
    /// `r || s` is of another length than the curve asks.
    RawSignatureMalformed: "the signature has another length than the curve asks", "RFC 7518 §3.4";

    // Identifiers in a subject.
    /// An identifier is in a relative name of several values.
    IdentityMultiValued: "an identifier stands beside another value", "X.501 §9.3";
    /// A value that is no text, or holds control characters.
    IdentityNotText: "an identifier is not plain text", "RFC 4519 §2.39";
    /// A number of the wrong length, or not of digits.
    IdentityNumberInvalid: "an identifier's number is invalid", "";
    /// Two identifiers of one kind.
    IdentityRepeated: "two identifiers of one kind", "";

    // Challenges.
    /// Another prefix, a field cut short or too long, something left over.
    ChallengeMalformed: "not a sign-in challenge", "";
    /// Fewer or more octets than the bounds of a nonce.
    ChallengeNonceUnfit: "the nonce has an unfit length", "";
    /// The origin is not `scheme://host[:port]`.
    ChallengeOriginInvalid: "the origin is invalid", "RFC 6454 §6.2";
    /// An empty client or line, too long, or with control characters.
    ChallengeTextInvalid: "a text of the challenge is invalid", "";
    /// A way or an algorithm of no known name.
    ChallengeWayUnknown: "the way or the algorithm is unknown", "";
    /// Answered too late, or made in the future.
    ChallengeExpired: "the challenge has expired", "";
}

impl Rejection {
    /// A stable name for metrics, logs and tests.
    pub fn reason(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::Rejection;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_messages_tell_the_rules_apart() {
        let all = Rejection::ALL;
        let reasons: BTreeSet<String> = all.iter().map(|r| r.reason()).collect();
        let messages: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!((reasons.len(), messages.len()), (all.len(), all.len()));
        assert_eq!(Rejection::CmsInBer.reason(), "cms_in_ber");
        assert_eq!(Rejection::NotYetValid.section(), "RFC 5280 §6.1.3 (a)(2)");
    }
}
