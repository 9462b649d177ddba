//! Key objects of a token: made, found, signed with, read, destroyed.

use cryptoki::error::Error;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use idp_core::jose::{EcCurve, PublicKey, SigningAlgorithm};
use idp_core::ports::Obstacle;
use ring::digest::{SHA256, digest};

use super::trouble::Trouble;

/// The size of RSA keys, as of those that rest in the store.
const RSA_BITS: u64 = 2048;
/// The exponent 65537.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];
/// DER: the object identifier of P-256 (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// DER: the curve's name as a printable string (PKCS#11 §6.3.3).
const ED25519: &[u8; 14] = b"\x13\x0cedwards25519";
/// Every key of ours bears a label that begins so.
const LABEL: &str = "idp ";

/// The private key with this CKA_ID.
pub(super) fn find(session: &Session, id: &[u8]) -> Result<Option<ObjectHandle>, Error> {
    let found = session.find_objects(&named(ObjectClass::PRIVATE_KEY, id))?;
    Ok(found.into_iter().next())
}

/// The signature in its JWS form: for ECDSA `r` and `s` of full length, which is how PKCS#11 has
/// it (§6.3.1).
pub(super) fn sign(
    session: &Session,
    key: ObjectHandle,
    algorithm: SigningAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    match algorithm {
        // Hashed here: devices that hash for ECDSA are fewer than those that sign.
        SigningAlgorithm::ES256 => {
            let hash = digest(&SHA256, message);
            session.sign(&Mechanism::Ecdsa, key, hash.as_ref())
        }
        SigningAlgorithm::RS256 => session.sign(&Mechanism::Sha256RsaPkcs, key, message),
        SigningAlgorithm::PS256 => {
            let parameters = PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            };
            session.sign(&Mechanism::Sha256RsaPkcsPss(parameters), key, message)
        }
        SigningAlgorithm::EdDSA => {
            let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
            session.sign(&Mechanism::Eddsa(pure), key, message)
        }
        SigningAlgorithm::ES384 => Err(Error::NotSupported),
    }
}

/// Makes a key pair inside the token and proves it by a signature: it signs, as its public half
/// says, and it cannot be taken out. What fails the proof is destroyed again.
pub(super) fn generate(
    session: &Session,
    id: &[u8],
    algorithm: SigningAlgorithm,
) -> Result<PublicKey, Trouble> {
    let unusable = |e: &dyn std::fmt::Display| {
        let detail = format!("the device makes no {algorithm} key: {e}");
        Trouble::new(Obstacle::KeyUnusable, detail)
    };
    let (mechanism, kind, exact) = templates(algorithm).ok_or_else(|| unusable(&"not offered"))?;
    let label = Attribute::Label(format!("{LABEL}{algorithm}").into_bytes());
    let common = [
        Attribute::Token(true),
        Attribute::KeyType(kind),
        Attribute::Id(id.to_vec()),
        label,
    ];
    let mut public = common.to_vec();
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    public.extend(exact);
    let mut private = common.to_vec();
    private.extend(PRIVATE_USES);
    let (public, private) = session
        .generate_key_pair(&mechanism, &public, &private)
        .map_err(|e| unusable(&e))?;
    let proved = prove(session, (public, private), algorithm);
    if proved.is_err() {
        let _both = destroy(session, id);
    }
    proved.map_err(|e| unusable(&e))
}

/// Destroys both halves of a key.
pub(super) fn destroy(session: &Session, id: &[u8]) -> Result<(), Error> {
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for object in session.find_objects(&named(class, id))? {
            session.destroy_object(object)?;
        }
    }
    Ok(())
}

fn named(class: ObjectClass, id: &[u8]) -> [Attribute; 3] {
    [
        Attribute::Class(class),
        Attribute::Token(true),
        Attribute::Id(id.to_vec()),
    ]
}

/// How a pair is made: mechanism, type, and what describes the public half.
fn templates(algorithm: SigningAlgorithm) -> Option<(Mechanism<'static>, KeyType, Vec<Attribute>)> {
    match algorithm {
        SigningAlgorithm::ES256 => {
            let curve = Attribute::EcParams(P256.to_vec());
            Some((Mechanism::EccKeyPairGen, KeyType::EC, vec![curve]))
        }
        SigningAlgorithm::EdDSA => {
            let curve = Attribute::EcParams(ED25519.to_vec());
            let mechanism = Mechanism::EccEdwardsKeyPairGen;
            Some((mechanism, KeyType::EC_EDWARDS, vec![curve]))
        }
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            let size = Attribute::ModulusBits(RSA_BITS.into());
            let exponent = Attribute::PublicExponent(RSA_EXPONENT.to_vec());
            let mechanism = Mechanism::RsaPkcsKeyPairGen;
            Some((mechanism, KeyType::RSA, vec![size, exponent]))
        }
        SigningAlgorithm::ES384 => None,
    }
}

/// Signs, and nothing else; never leaves the token.
const PRIVATE_USES: [Attribute; 7] = [
    Attribute::Private(true),
    Attribute::Sensitive(true),
    Attribute::Extractable(false),
    Attribute::Sign(true),
    Attribute::Decrypt(false),
    Attribute::Unwrap(false),
    Attribute::Derive(false),
];

fn prove(
    session: &Session,
    (public, private): (ObjectHandle, ObjectHandle),
    algorithm: SigningAlgorithm,
) -> Result<PublicKey, String> {
    let bound = [AttributeType::Sensitive, AttributeType::Extractable];
    let bound = session.get_attributes(private, &bound);
    let kept = |of: &Attribute| {
        matches!(
            of,
            Attribute::Sensitive(true) | Attribute::Extractable(false)
        )
    };
    let bound = bound.map_err(|e| e.to_string())?;
    if bound.len() != 2 || !bound.iter().all(kept) {
        return Err("what it makes can be taken out".to_owned());
    }
    let key = public_half(session, public, algorithm)?;
    let signature = sign(session, private, algorithm, PROBE).map_err(|e| e.to_string())?;
    key.verify(algorithm, PROBE, &signature)
        .map_err(|_| "its signature does not verify under its own public half".to_owned())?;
    Ok(key)
}

/// What is signed to see whether a key signs: nothing that could pass for a JWS, which has two
/// dots, or for the head of an audit block, which is binary.
pub(super) const PROBE: &[u8] = b"idp: does this key sign";

fn public_half(
    session: &Session,
    object: ObjectHandle,
    algorithm: SigningAlgorithm,
) -> Result<PublicKey, String> {
    let wanted = if algorithm.is_rsa() {
        vec![AttributeType::Modulus, AttributeType::PublicExponent]
    } else {
        vec![AttributeType::EcPoint]
    };
    let read = session.get_attributes(object, &wanted);
    let (mut point, mut modulus, mut exponent) = (Vec::new(), Vec::new(), Vec::new());
    for attribute in read.map_err(|e| e.to_string())? {
        match attribute {
            Attribute::EcPoint(value) => point = value,
            Attribute::Modulus(value) => modulus = value,
            Attribute::PublicExponent(value) => exponent = value,
            _ => {}
        }
    }
    let key = match algorithm {
        SigningAlgorithm::ES256 => {
            let (x, y) = coordinates(&point).ok_or("its public half is no point of P-256")?;
            PublicKey::ec(EcCurve::P256, x, y)
        }
        SigningAlgorithm::EdDSA => PublicKey::ed25519(unwrapped(&point, 32)),
        _ => PublicKey::rsa(without_zeros(&modulus), without_zeros(&exponent)),
    };
    key.map_err(|e| e.to_string())
}

/// Both coordinates of an uncompressed point of P-256: one octet 04, then 32 octets each.
fn coordinates(point: &[u8]) -> Option<(&[u8], &[u8])> {
    match unwrapped(point, 65).split_first() {
        Some((4, both)) if both.len() == 64 => Some(both.split_at(32)),
        _ => None,
    }
}

/// CKA_EC_POINT is a DER octet string (§6.3.3), but some modules leave the wrapping out: told
/// apart by the length that the point must have.
fn unwrapped(point: &[u8], length: usize) -> &[u8] {
    match point {
        [0x04, inside, rest @ ..] if usize::from(*inside) == length && rest.len() == length => rest,
        _ => point,
    }
}

/// Big integers come with or without leading zeros.
fn without_zeros(mut octets: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = octets {
        octets = rest;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_with_and_without_their_wrapping() {
        // A raw point whose second octet looks like the length of a wrapped one.
        let mut raw = vec![4, 63];
        raw.resize(65, 7);
        let wrapped = [&[4, 65], raw.as_slice()].concat();
        for point in [&raw, &wrapped] {
            let (x, y) = coordinates(point).unwrap();
            assert_eq!((x, y), (&raw[1..33], &raw[33..]));
        }
        assert_eq!(coordinates(&raw[..64]), None);
        assert_eq!(coordinates(&[]), None);
        let key = [[4, 32].as_slice(), &[9; 32]].concat();
        assert_eq!(unwrapped(&key, 32), [9; 32]);
        assert_eq!(unwrapped(&[4; 32], 32), [4; 32]);
    }

    #[test]
    fn integers_lose_their_leading_zeros() {
        assert_eq!(without_zeros(&[0, 0, 1, 0]), [1, 0]);
        assert!(without_zeros(&[0]).is_empty());
    }
}
