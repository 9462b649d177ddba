//! The access token of a request to a protected resource of ours, and whether its sender may use it.

use super::access_token::AccessTokenClaims;
use super::params::Parameters;
use super::sender::Sender;
use crate::base::refusal::{Reason, Refusal};
use crate::model::confirmation::Confirmation;

/// How a token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 6750: whoever has it may use it, unless it is bound.
    Bearer,
    /// RFC 9449 §7.1: with the proof of its key.
    Dpop,
}

/// A token as presented; nothing in it is to be believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedToken {
    /// How it was presented.
    pub scheme: Scheme,
    /// The token.
    pub token: String,
}

impl PresentedToken {
    /// Finds the one access token of a request: in the header, or in a form body, not both
    /// (RFC 6750 §2, RFC 9449 §7.1). A token in the query is not looked at.
    ///
    /// # Errors
    /// [`Reason::TokenMissing`], [`Reason::TokenSentTwice`], [`Reason::TokenMalformed`] for
    /// another scheme.
    pub fn parse(sender: &Sender<'_>, body: &Parameters) -> Result<Self, Refusal> {
        let header = match (sender.authorization, body.find("access_token")) {
            (None, None) => return Err(Reason::TokenMissing.into()),
            (Some(_), Some(_)) => return Err(Reason::TokenSentTwice.into()),
            (None, Some(token)) => return Ok(Self::new(Scheme::Bearer, token)),
            (Some(header), None) => header,
        };
        match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(Self::new(Scheme::Bearer, token))
            }
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("dpop") => {
                Ok(Self::new(Scheme::Dpop, token))
            }
            _ => Err(Reason::TokenMalformed.into()),
        }
    }

    fn new(scheme: Scheme, token: &str) -> Self {
        Self {
            scheme,
            token: token.trim().to_owned(),
        }
    }

    /// Whether the sender may use this verified token: with the keys it is bound to, by the scheme
    /// that belongs to them.
    ///
    /// # Errors
    /// [`Reason::TokenSchemeWrong`] for a token bound to a DPoP key that is presented as Bearer
    /// (RFC 9449 §7.2), and for an unbound one presented as DPoP; [`Reason::TokenKeyWrong`] when
    /// another key was shown, or none.
    pub fn check_sender(
        &self,
        claims: &AccessTokenClaims,
        shown: &Confirmation,
    ) -> Result<(), Refusal> {
        if claims.cnf.jkt.is_some() != (self.scheme == Scheme::Dpop) {
            return Err(Reason::TokenSchemeWrong.into());
        }
        if !claims.cnf.is_met_by(shown) {
            return Err(Reason::TokenKeyWrong.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_one_way_only() {
        let none = Parameters::default();
        let body = Parameters::parse(b"access_token=t").unwrap();
        for (header, body, expected) in [
            (None, &none, Err(Reason::TokenMissing)),
            (Some("Bearer t"), &body, Err(Reason::TokenSentTwice)),
            (Some("DPoP t"), &body, Err(Reason::TokenSentTwice)),
            (Some("Basic t"), &none, Err(Reason::TokenMalformed)),
            (Some("t"), &none, Err(Reason::TokenMalformed)),
            (Some("bearer t"), &none, Ok((Scheme::Bearer, "t"))),
            (Some("dpop  t"), &none, Ok((Scheme::Dpop, "t"))),
            (None, &body, Ok((Scheme::Bearer, "t"))),
        ] {
            let found = PresentedToken::parse(&Sender::from(header), body);
            let expected = expected.map(|(scheme, token)| PresentedToken::new(scheme, token));
            assert_eq!(found.map_err(|r| r.reason), expected, "{header:?}");
        }
    }

    #[test]
    fn a_bound_token_is_used_with_its_keys_and_an_unbound_one_as_bearer() {
        let to = |jkt: Option<&str>, x5t_s256: Option<&str>| Confirmation {
            jkt: jkt.map(str::to_owned),
            x5t_s256: x5t_s256.map(str::to_owned),
        };
        let (scheme, key) = (Err(Reason::TokenSchemeWrong), Err(Reason::TokenKeyWrong));
        for (presented, bound, shown, expected) in [
            (Scheme::Bearer, to(None, None), to(None, None), Ok(())),
            (Scheme::Bearer, to(None, None), to(Some("k"), None), Ok(())),
            (Scheme::Dpop, to(None, None), to(Some("k"), None), scheme),
            (
                Scheme::Dpop,
                to(Some("k"), None),
                to(Some("k"), None),
                Ok(()),
            ),
            (Scheme::Dpop, to(Some("k"), None), to(Some("x"), None), key),
            (Scheme::Dpop, to(Some("k"), None), to(None, None), key),
            (
                Scheme::Bearer,
                to(Some("k"), None),
                to(Some("k"), None),
                scheme,
            ),
            (
                Scheme::Bearer,
                to(None, Some("c")),
                to(None, Some("c")),
                Ok(()),
            ),
            (Scheme::Bearer, to(None, Some("c")), to(None, None), key),
            (
                Scheme::Dpop,
                to(Some("k"), Some("c")),
                to(Some("k"), None),
                key,
            ),
        ] {
            let claims = AccessTokenClaims {
                cnf: bound.clone(),
                ..crate::oauth::sample::access_claims()
            };
            let token = PresentedToken::new(presented, "t");
            let checked = token.check_sender(&claims, &shown).map_err(|r| r.reason);
            assert_eq!(checked, expected, "{presented:?} {bound:?} {shown:?}");
        }
    }
}
