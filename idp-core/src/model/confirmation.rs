//! What a token is bound to: only who shows the key may use it (RFC 7800).

use serde::{Deserialize, Serialize};

/// The `cnf` of a token. Where both members are there, both keys must be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Confirmation {
    /// The SHA-256 thumbprint of a DPoP key (RFC 9449 §6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// The SHA-256 digest of a client certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
}

impl Confirmation {
    /// Whether it binds to nothing: whoever holds the token may use it.
    pub const fn is_none(&self) -> bool {
        self.jkt.is_none() && self.x5t_s256.is_none()
    }

    /// The `token_type` of a token that is bound so (RFC 9449 §5, RFC 8705 §3).
    pub const fn token_type(&self) -> &'static str {
        match self.jkt {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }

    /// Whether every key that this asks for was shown; `shown` may hold more.
    pub fn is_met_by(&self, shown: &Self) -> bool {
        let met =
            |asked: &Option<String>, shown: &Option<String>| asked.is_none() || asked == shown;
        met(&self.jkt, &shown.jkt) && met(&self.x5t_s256, &shown.x5t_s256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn to(jkt: Option<&str>, x5t_s256: Option<&str>) -> Confirmation {
        Confirmation {
            jkt: jkt.map(str::to_owned),
            x5t_s256: x5t_s256.map(str::to_owned),
        }
    }

    #[test]
    fn every_key_that_is_asked_for_must_be_shown() {
        let both = to(Some("k"), Some("c"));
        for (asked, shown, met) in [
            (to(None, None), to(None, None), true),
            (to(None, None), both.clone(), true),
            (to(Some("k"), None), to(Some("k"), None), true),
            (to(Some("k"), None), to(Some("other"), None), false),
            (to(Some("k"), None), to(None, Some("k")), false),
            (to(None, Some("c")), both.clone(), true),
            (both.clone(), to(Some("k"), None), false),
            (both.clone(), both.clone(), true),
        ] {
            assert_eq!(asked.is_met_by(&shown), met, "{asked:?} by {shown:?}");
        }
    }

    #[test]
    fn it_is_written_as_the_registries_have_it() {
        let written = serde_json::to_value(to(Some("k"), Some("c"))).unwrap();
        assert_eq!(written, json!({"jkt": "k", "x5t#S256": "c"}));
        assert_eq!(to(Some("k"), Some("c")).token_type(), "DPoP");
        assert_eq!(to(None, Some("c")).token_type(), "Bearer");
        assert!(to(None, None).is_none() && !to(None, Some("c")).is_none());
    }
}
