//! Access tokens that say nothing by themselves: 256 random bits. What one means rests as a ticket
//! under its digest, sealed, until it expires.

use crate::base::entropy::Entropy;
use crate::base::secret::SecretText;
use crate::store::tickets::{TicketKey, TicketKind};

/// How every opaque access token begins, so that programs that look for leaked secrets know one.
pub const PREFIX: &str = "idp_at_";
/// The base64url characters of 256 bits.
const CHANCE: usize = 43;

/// A token that was just made, with the randomness that seals what it means.
#[derive(Clone, Debug)]
pub struct OpaqueToken {
    text: SecretText,
    seed: SecretText,
}

impl OpaqueToken {
    /// A fresh token.
    pub fn generate(entropy: &mut Entropy) -> Self {
        let chance = SecretText::generate(entropy);
        Self {
            text: SecretText::new(format!("{PREFIX}{}", chance.expose())),
            seed: SecretText::generate(entropy),
        }
    }

    /// The text that the client gets.
    pub fn text(&self) -> &SecretText {
        &self.text
    }

    /// The randomness that seals its meaning, drawn when the token was made.
    pub fn sealing_entropy(&self) -> Entropy {
        let seed = self.seed.digest();
        Entropy::from_seed(seed.as_bytes())
    }

    /// Where the meaning of a token rests; `None` when the text has not the form of one.
    pub fn key(token: &str) -> Option<TicketKey> {
        let chance = token.strip_prefix(PREFIX)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (chance.len() == CHANCE && chance.bytes().all(allowed))
            .then(|| TicketKey::of(TicketKind::AccessToken, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{NOW, Stage};

    #[test]
    fn a_token_is_recognised_by_its_form_alone() {
        let mut entropy = Stage::at(NOW).entropy;
        let (one, two) = (
            OpaqueToken::generate(&mut entropy),
            OpaqueToken::generate(&mut entropy),
        );
        assert_ne!(one.text().expose(), two.text().expose());
        let text = one.text().expose();
        assert_eq!(text.len(), PREFIX.len() + CHANCE);
        assert_eq!(
            OpaqueToken::key(text),
            Some(TicketKey::of(TicketKind::AccessToken, text))
        );
        let short = &text[..text.len() - 1];
        let foreign = text.replace(PREFIX, "other_");
        let odd = format!("{short}.");
        for wrong in [short, &foreign, &odd, "", PREFIX] {
            assert_eq!(OpaqueToken::key(wrong), None, "{wrong}");
        }
    }
}
