//! A signature beside a certificate, and nothing else, as local signing agents return them.
//!
//! Only what may sign a sign-in verifies here: SHA-256 and longer, RSA from 2048 bits (PKCS #1, and
//! PSS with a salt of the digest's length), P-256, P-384, P-521.

use crate::der::{self, element};
use crate::error::Rejection;
use crate::signature::{self, Algorithm, Curve, Digest, KeyInfo, KeyKind, Strength};

/// How ECDSA signatures are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EcdsaForm {
    /// `SEQUENCE { r, s }` in DER (RFC 3279 §2.2.3).
    Der,
    /// `r || s`, each as long as the curve's order (RFC 7518 §3.4); hardware tokens return it so.
    Fixed,
}

/// Verifies a signature over some octets by the key of a certificate (or any key). `form` counts for
/// ECDSA only.
///
/// Not checked: whose key it is. Find and validate the path of its certificate.
///
/// # Errors
/// [`Rejection::AlgorithmUnsupported`] for Ed25519 and pairs of curve and digest that nobody uses;
/// [`Rejection::AlgorithmWeak`] for SHA-1; [`Rejection::KeyWeak`], [`Rejection::KeyUnsupported`];
/// [`Rejection::AlgorithmOfOtherKey`]; [`Rejection::RawSignatureMalformed`] for `r || s` of the
/// wrong length; [`Rejection::SignatureWrong`].
pub fn verify(
    key: &KeyInfo,
    algorithm: Algorithm,
    form: EcdsaForm,
    octets: &[u8],
    signature: &[u8],
) -> Result<(), Rejection> {
    if let (Algorithm::Ecdsa(_), EcdsaForm::Fixed, KeyKind::Ec(curve)) =
        (algorithm, form, key.kind())
    {
        let signature = from_fixed(curve, signature)?;
        return verify_allowed(algorithm, key, octets, &signature);
    }
    verify_allowed(algorithm, key, octets, signature)
}

/// Verifies by what may sign a sign-in.
pub(crate) fn verify_allowed(
    algorithm: Algorithm,
    key: &KeyInfo,
    octets: &[u8],
    signature: &[u8],
) -> Result<(), Rejection> {
    match algorithm.digest() {
        None => return Err(Rejection::AlgorithmUnsupported),
        Some(Digest::Sha1) => return Err(Rejection::AlgorithmWeak),
        Some(_) => {}
    }
    let strength = Strength::default();
    strength.check(key)?;
    signature::verify(algorithm, key, octets, signature, strength)
}

/// The DER of `r || s`.
fn from_fixed(curve: Curve, signature: &[u8]) -> Result<Vec<u8>, Rejection> {
    let length = match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    };
    if signature.len() != 2 * length {
        return Err(Rejection::RawSignatureMalformed);
    }
    let (r, s) = signature.split_at(length);
    Ok(element(
        der::SEQUENCE,
        &[der::integer(r), der::integer(s)].concat(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_ca::{Key, Scheme};

    const OCTETS: &[u8] = b"what is signed";

    fn public(key: &Key) -> KeyInfo {
        KeyInfo::parse(&key.spki()).unwrap()
    }

    /// `r || s` of a DER signature.
    fn fixed(length: usize, signature: &[u8]) -> Vec<u8> {
        let mut both = der::only(signature, der::SEQUENCE).unwrap();
        let mut written = Vec::new();
        for _ in 0..2 {
            let digits = der::non_negative(both.read(der::INTEGER).unwrap()).unwrap();
            written.extend(std::iter::repeat_n(0, length - digits.len()));
            written.extend_from_slice(digits);
        }
        written
    }

    #[test]
    fn rsa_signs_by_both_paddings_over_each_digest() {
        let key = Key::rsa(2048);
        let public = public(&key);
        let judge = |algorithm, signature: &[u8]| {
            verify(&public, algorithm, EcdsaForm::Der, OCTETS, signature)
        };
        for digest in [Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            let pkcs1 = key.sign(Scheme::RsaPkcs1(digest), OCTETS);
            let pss = key.sign(Scheme::RsaPss(digest), OCTETS);
            assert_eq!(judge(Algorithm::RsaPkcs1(digest), &pkcs1), Ok(()));
            assert_eq!(judge(Algorithm::RsaPss(digest), &pss), Ok(()));
            let wrong = Err(Rejection::SignatureWrong);
            assert_eq!(judge(Algorithm::RsaPss(digest), &pkcs1), wrong);
            assert_eq!(judge(Algorithm::RsaPkcs1(digest), &pss), wrong);
            let (_, short) = pkcs1.split_first().unwrap();
            assert_eq!(judge(Algorithm::RsaPkcs1(digest), short), wrong);
        }
        let of_other = Err(Rejection::AlgorithmOfOtherKey);
        assert_eq!(judge(Algorithm::Ecdsa(Digest::Sha256), &[0; 64]), of_other);
        let weak = Err(Rejection::AlgorithmWeak);
        assert_eq!(judge(Algorithm::RsaPkcs1(Digest::Sha1), &[0; 256]), weak);
    }

    #[test]
    fn curves_sign_in_both_forms() {
        for (curve, digest, length) in [
            (Curve::P256, Digest::Sha256, 32),
            (Curve::P384, Digest::Sha384, 48),
            (Curve::P521, Digest::Sha512, 66),
            (Curve::P521, Digest::Sha256, 66),
        ] {
            let key = Key::on(curve, digest);
            let public = public(&key);
            let signature = key.sign(Scheme::Ecdsa(digest), OCTETS);
            let fixed = fixed(length, &signature);
            let judge = |form, octets: &[u8], signature: &[u8]| {
                verify(&public, Algorithm::Ecdsa(digest), form, octets, signature)
            };
            assert_eq!(
                judge(EcdsaForm::Der, OCTETS, &signature),
                Ok(()),
                "{curve:?}"
            );
            assert_eq!(judge(EcdsaForm::Fixed, OCTETS, &fixed), Ok(()), "{curve:?}");
            let wrong = Err(Rejection::SignatureWrong);
            assert_eq!(judge(EcdsaForm::Der, OCTETS, &fixed), wrong);
            assert_eq!(judge(EcdsaForm::Fixed, b"other", &fixed), wrong);
            assert_eq!(judge(EcdsaForm::Fixed, OCTETS, &vec![0; 2 * length]), wrong);
            let malformed = Err(Rejection::RawSignatureMalformed);
            assert_eq!(judge(EcdsaForm::Fixed, OCTETS, &fixed[1..]), malformed);
            assert_eq!(judge(EcdsaForm::Fixed, OCTETS, &[]), malformed);
        }
    }

    #[test]
    fn what_may_not_sign_a_sign_in_is_refused() {
        let key = Key::ed25519();
        let signature = key.sign(Scheme::Ed25519, OCTETS);
        let judge =
            |algorithm| verify(&public(&key), algorithm, EcdsaForm::Der, OCTETS, &signature);
        assert_eq!(
            judge(Algorithm::Ed25519),
            Err(Rejection::AlgorithmUnsupported)
        );
        let of_other = Err(Rejection::AlgorithmOfOtherKey);
        assert_eq!(judge(Algorithm::RsaPkcs1(Digest::Sha256)), of_other);
        let key = Key::p256();
        let over_512 = verify(
            &public(&key),
            Algorithm::Ecdsa(Digest::Sha512),
            EcdsaForm::Der,
            OCTETS,
            &signature,
        );
        assert_eq!(over_512, Err(Rejection::AlgorithmUnsupported));
    }
}
