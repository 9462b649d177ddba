//! Typed identifiers: 128 bits, time-ordered for the index, written as 26 Crockford base-32 digits.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::entropy::Entropy;
use super::time::Timestamp;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// An identifier of a `K`: 48 bits of time, 80 of chance. Internal: it tells when the thing was
/// made, so it never serves as a public subject or as a secret.
pub struct Id<K> {
    value: u128,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// A new identifier; two with the same entropy state are equal.
    pub fn generate(now: Timestamp, entropy: &mut Entropy) -> Self {
        let time = u128::from(u64::try_from(now.millis()).unwrap_or(0) & 0xffff_ffff_ffff);
        let chance = u128::from_be_bytes(entropy.bytes()) >> 48;
        Self::from_u128(time << 80 | chance)
    }

    /// The identifier with this number.
    pub const fn from_u128(value: u128) -> Self {
        Self {
            value,
            kind: PhantomData,
        }
    }

    /// The number behind the identifier.
    pub const fn as_u128(self) -> u128 {
        self.value
    }

    /// Sixteen bytes, big-endian, for binding into a MAC or a seal.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.value.to_be_bytes()
    }
}

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has 26 digits of 0-9 and a-z without i, l, o, u")]
pub struct MalformedId;

impl<K> FromStr for Id<K> {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        if text.len() != LENGTH {
            return Err(MalformedId);
        }
        let mut value: u128 = 0;
        for (place, byte) in text.bytes().enumerate() {
            let digit = DIGITS.iter().position(|d| *d == byte).ok_or(MalformedId)?;
            // 26 digits hold 130 bits: the first may use only three of its five.
            if place == 0 && digit > 7 {
                return Err(MalformedId);
            }
            value = value << 5 | digit as u128;
        }
        Ok(Self::from_u128(value))
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'0'; LENGTH];
        let mut rest = self.value;
        for place in text.iter_mut().rev() {
            *place = DIGITS.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;

    #[test]
    fn identifiers_sort_by_time_and_survive_their_text() {
        let mut entropy = Entropy::from_seed(&[1; 32]);
        let early = Id::<Thing>::generate(Timestamp::from_millis(1_000), &mut entropy);
        let late = Id::<Thing>::generate(Timestamp::from_millis(2_000), &mut entropy);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.to_string().parse(), Ok(late));
        assert_eq!(
            Id::<Thing>::from_u128(u128::MAX).to_string().parse(),
            Ok(Id::<Thing>::from_u128(u128::MAX))
        );
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in [
            "",
            "0",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "0123456789012345678901234I",
            "é123456789012345678901234",
        ] {
            assert_eq!(text.parse::<Id<Thing>>(), Err(MalformedId), "{text}");
        }
    }
}
