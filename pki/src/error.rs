//! Why something is refused: one name per violated rule.

/// A rule that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Rejection {
    /// More octets than are looked at.
    #[error("too large")]
    TooLarge,
    /// Not DER (X.690 §10): BER, cut short, trailing octets, nested too deep.
    #[error("not in the distinguished encoding")]
    DerMalformed,
    /// Not the structure of RFC 5280 §4.1.
    #[error("not a certificate")]
    CertificateMalformed,
    /// Not the structure of RFC 5280 §5.1.
    #[error("not a revocation list")]
    CrlMalformed,
    /// Not the structure of RFC 5280 §4.1.2.4.
    #[error("a name is malformed")]
    NameMalformed,
    /// Not one of the forms of RFC 5280 §4.1.2.5.
    #[error("a time is malformed")]
    TimeMalformed,
    /// An extension's value is not what its type says.
    #[error("an extension is malformed")]
    ExtensionMalformed,
    /// An extension comes twice (RFC 5280 §4.2).
    #[error("an extension comes twice")]
    ExtensionRepeated,
    /// Extensions outside version 3, or a list that is not version 2 (RFC 5280 §4.1.2.1, §5.1.2.1).
    #[error("the version does not fit")]
    VersionInvalid,
    /// Not in its shortest form, or longer than 20 octets (RFC 5280 §4.1.2.2).
    #[error("the serial number is invalid")]
    SerialInvalid,
    /// The signed and the outer algorithm differ (RFC 5280 §4.1.1.2).
    #[error("two different signature algorithms")]
    AlgorithmMismatch,
    /// Nobody here verifies such signatures.
    #[error("the signature algorithm is not supported")]
    AlgorithmUnsupported,
    /// SHA-1 where the anchor was not marked for it.
    #[error("the signature algorithm is too weak")]
    AlgorithmWeak,
    /// A signature algorithm for another kind of key.
    #[error("the signature algorithm is for another kind of key")]
    AlgorithmOfOtherKey,
    /// Not the structure of RFC 5280 §4.1.2.7, an even or trivial exponent.
    #[error("the public key is malformed")]
    KeyMalformed,
    /// DSA, a curve without a name, or another kind.
    #[error("the public key is of no supported kind")]
    KeyUnsupported,
    /// A modulus below the bound.
    #[error("the public key is too short")]
    KeyWeak,
    /// The signature is not of this key over these octets.
    #[error("the signature is wrong")]
    SignatureWrong,
    /// Used before its time.
    #[error("not yet valid")]
    NotYetValid,
    /// Used after its time.
    #[error("expired")]
    Expired,
    /// A certificate's issuer is not the subject of the one above (RFC 5280 §6.1.3 (a)(4)).
    #[error("the names do not chain")]
    NamesDoNotChain,
    /// A critical extension that is not understood here (RFC 5280 §4.2).
    #[error("a critical extension is not understood")]
    CriticalExtensionUnknown,
    /// An issuer without `basicConstraints` `cA` (RFC 5280 §6.1.4 (k)).
    #[error("an issuer is no authority")]
    NotAnAuthority,
    /// More authorities than one above allows (RFC 5280 §6.1.4 (l)).
    #[error("more authorities than allowed")]
    PathTooLong,
    /// An issuer's key may not sign certificates (RFC 5280 §6.1.4 (n)).
    #[error("an issuer's key may not sign certificates")]
    KeyUsageWrong,
    /// A name outside the permitted subtrees (RFC 5280 §6.1.3 (b)).
    #[error("a name is not permitted")]
    NameNotPermitted,
    /// A name in an excluded subtree (RFC 5280 §6.1.3 (c)).
    #[error("a name is excluded")]
    NameExcluded,
    /// A name and a constraint that nobody here can compare.
    #[error("a name constraint is not supported")]
    NameConstraintUnsupported,
    /// `anyPolicy` is mapped (RFC 5280 §6.1.4 (a)).
    #[error("a policy mapping is invalid")]
    PolicyMappingInvalid,
    /// No policy is left where one is required (RFC 5280 §6.1.3 (f), §6.1.5 (g)).
    #[error("no acceptable policy")]
    PolicyMissing,
    /// A path of no certificate, or of more than are looked at.
    #[error("the path has no acceptable length")]
    PathLengthUnfit,
    /// No path leads to an anchor.
    #[error("no path to a trust anchor")]
    NoPath,
    /// The work that one question may cause is spent.
    #[error("too much work")]
    BudgetSpent,
    /// The list is not, or no longer, current.
    #[error("the revocation list is out of date")]
    CrlOutOfDate,
    /// A list that does not speak of this certificate.
    #[error("the revocation list has another scope")]
    CrlOfOtherScope,
    /// The signer of a list may not sign lists (RFC 5280 §6.3.3 (f)).
    #[error("the signer may not sign revocation lists")]
    CrlSignerWrong,
    /// A critical extension of a list that is not understood here (RFC 5280 §5.2).
    #[error("a critical extension of the revocation list is not understood")]
    CrlExtensionUnknown,
    /// Nobody says anything, or not for every reason (RFC 5280 §6.3.3).
    #[error("the revocation status is unknown")]
    RevocationUnknown,
    /// It is revoked.
    #[error("revoked")]
    Revoked,
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
