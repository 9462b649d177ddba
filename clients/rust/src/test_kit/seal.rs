//! Encrypting ID tokens to the client's key, by ECDH-ES with A256GCM, rightly or not.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::rand::SecureRandom as _;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::lie::{Bend, Lie};
use crate::{jwe, random, signing};

/// `text` as a compact JWE for the P-256 key `jwk`; nothing when the key is another one.
pub(super) fn seal(text: &str, jwk: &Value, lie: Option<Lie>) -> Option<String> {
    let bend = lie.map(Lie::bend);
    let mine = agreement::PrivateKey::generate(&ECDH_P256).ok()?;
    let point = mine.compute_public_key().ok()?;
    let mut header = json!({
        "alg": "ECDH-ES", "enc": "A256GCM", "cty": "JWT", "kid": jwk.get("kid"),
        "epk": signing::ec_jwk(point.as_ref()),
    });
    if let (Some(Bend::Header(name, value)), Some(object)) = (bend, header.as_object_mut()) {
        object.insert(name.to_owned(), serde_json::from_str(value).ok()?);
    }
    let theirs = if bend == Some(Bend::ForeignKey) {
        let other = agreement::PrivateKey::generate(&ECDH_P256).ok()?;
        other.compute_public_key().ok()?.as_ref().to_vec()
    } else {
        point_of(jwk)?
    };
    let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
    let info = jwe::other_info_of(&header)?;
    let key = agreement::agree(&mine, &theirs, (), |z| Ok(jwe::derive(z, &info, 32))).ok()?;
    let protected = signing::coded(header.to_string().as_bytes());
    let mut iv = [0; 12];
    random::generator().fill(&mut iv).ok()?;
    let mut sealed = text.as_bytes().to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?);
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut sealed)
        .ok()?;
    let (iv, text, tag) = (
        signing::coded(&iv),
        signing::coded(&sealed),
        signing::coded(tag.as_ref()),
    );
    Some(format!("{protected}..{iv}.{text}.{tag}"))
}

fn point_of(jwk: &Value) -> Option<Vec<u8>> {
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = jwk.get(name)?.as_str()?;
        point.extend(BASE64_URL_SAFE_NO_PAD.decode(coordinate).ok()?);
    }
    Some(point)
}
