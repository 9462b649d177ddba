//! What leaves the authorization endpoint (OpenID Connect Core §3, OAuth 2.0 Multiple Response
//! Type Encoding Practices).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A response type. `token` alone and `none` are not members: an access token that nobody can
/// bind to a request is not given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseType {
    /// A code (RFC 6749 §4.1).
    Code,
    /// An ID Token.
    IdToken,
    /// An ID Token and an access token.
    IdTokenToken,
    /// A code and an ID Token.
    CodeIdToken,
    /// A code and an access token.
    CodeToken,
    /// All three.
    CodeIdTokenToken,
}

impl ResponseType {
    /// Every response type once.
    pub const ALL: &[Self] = &[
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
    ];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    /// The response type of that name; the order of its words does not matter (RFC 6749 §3.1.1),
    /// a word that comes twice does.
    pub fn parse(text: &str) -> Option<Self> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let wanted = sorted(text);
        Self::ALL
            .iter()
            .copied()
            .find(|known| sorted(known.as_str()) == wanted)
    }

    /// Whether a code leaves the authorization endpoint.
    pub const fn has_code(self) -> bool {
        !matches!(self, Self::IdToken | Self::IdTokenToken)
    }

    /// Whether an ID Token leaves the authorization endpoint.
    pub const fn has_id_token(self) -> bool {
        !matches!(self, Self::Code | Self::CodeToken)
    }

    /// Whether an access token leaves the authorization endpoint.
    pub const fn has_token(self) -> bool {
        matches!(
            self,
            Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken
        )
    }
}

impl Serialize for ResponseType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResponseType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("not a response type"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_in_any_order_and_once() {
        for (text, expected) in [
            ("code", Some(ResponseType::Code)),
            ("token id_token code", Some(ResponseType::CodeIdTokenToken)),
            ("id_token code", Some(ResponseType::CodeIdToken)),
            ("code code", None),
            ("code  id_token", None),
            ("token", None),
            ("none", None),
            ("Code", None),
            ("", None),
        ] {
            assert_eq!(ResponseType::parse(text), expected, "{text}");
        }
        for known in ResponseType::ALL {
            let words: Vec<_> = known.as_str().split(' ').collect();
            assert_eq!(known.has_code(), words.contains(&"code"));
            assert_eq!(known.has_id_token(), words.contains(&"id_token"));
            assert_eq!(known.has_token(), words.contains(&"token"));
            let rests = serde_json::to_value(known).unwrap();
            assert_eq!(
                serde_json::from_value::<ResponseType>(rests).unwrap(),
                *known
            );
        }
    }
}
