//! Client secrets: made, dropped and compared. They rest as digests, or sealed where they are keys.

use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::base64url;
use crate::model::client::{Client, ClientAuthenticationMethod as Method, ClientSecret};

/// Whether the client authenticates by a secret at all.
pub(super) fn has_secret(client: &Client) -> bool {
    matches!(
        client.authentication,
        Method::ClientSecretBasic | Method::ClientSecretPost | Method::ClientSecretJwt
    )
}

/// Drops the secrets that serve the client no longer: all, where it uses none; those of the other
/// form, where it began or ceased to compute with them.
pub(super) fn drop_unfit(client: &mut Client) {
    let (uses, seals) = (has_secret(client), client.seals_secrets());
    client
        .secrets
        .retain(|rests| uses && rests.sealed.is_some() == seals);
}

/// Makes the first secret of a client that needs one and has none that fits; drops those that do not.
pub fn first_secret(
    client: &mut Client,
    sealing: &SealingKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Option<SecretText> {
    drop_unfit(client);
    let needed = has_secret(client) && client.secrets.is_empty();
    needed.then(|| fresh(client, sealing, now, entropy))
}

/// A secret of 256 bits; one that is a key of 512, as HS512 asks (RFC 7518 §3.2).
pub(super) fn fresh(
    client: &mut Client,
    sealing: &SealingKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> SecretText {
    let mut secret = SecretText::generate(entropy);
    if client.seals_secrets() {
        let second = SecretText::generate(entropy);
        secret = SecretText::new(format!("{}{}", secret.expose(), second.expose()));
    }
    let rests = rest(client, &secret, (sealing, now), entropy);
    client.secrets.insert(0, rests);
    secret
}

/// A secret in the form in which it rests with this client.
pub(super) fn rest(
    client: &Client,
    secret: &SecretText,
    (sealing, now): (&SealingKey, Timestamp),
    entropy: &mut Entropy,
) -> ClientSecret {
    let sealed = client.seals_secrets().then(|| {
        let plain = secret.expose().as_bytes();
        let bytes = sealing.seal(&client.secret_seal_name(), plain, entropy);
        base64url::encode(&bytes)
    });
    ClientSecret {
        digest: sealed.is_none().then(|| secret.digest()),
        sealed,
        created_at: now,
        expires_at: None,
    }
}

/// The secrets that rest sealed, in the client's order; none for a client whose secrets do not.
///
/// # Errors
/// A lasting fault for one that does not open: it was sealed under another master key, or for another
/// client.
pub fn opened_secrets(client: &Client, sealing: &SealingKey) -> Result<Vec<SecretText>, Fault> {
    let open = |rests: &ClientSecret| {
        let trouble = |detail: &str| Fault::lasting("client secret", detail.to_owned());
        let sealed = rests.sealed.as_deref().unwrap_or_default();
        let sealed = base64url::decode(sealed.as_bytes()).ok_or_else(|| trouble("base64url"))?;
        let plain = sealing.open(&client.secret_seal_name(), &sealed);
        let plain = plain.map_err(|e| trouble(&e.to_string()))?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| trouble("UTF-8"))?;
        Ok(SecretText::new(text))
    };
    if !client.seals_secrets() {
        return Ok(Vec::new());
    }
    client.secrets.iter().map(open).collect()
}

/// Whether `presented` is one of the client's secrets, whichever way it rests. One that does not open
/// is nobody's.
pub fn is_secret_of(client: &Client, presented: &SecretText, sealing: &SealingKey) -> bool {
    let digest = presented.digest();
    let opened = opened_secrets(client, sealing).unwrap_or_default();
    opened.iter().any(|secret| secret.digest() == digest)
        || client.secrets.iter().any(|s| s.digest == Some(digest))
}
